//! What the tests of several modules need.

use dialgraph_base::Timestamp;
use dialgraph_kernel::provider::Caller;

/// A request of a call in Korean.
pub(crate) fn caller() -> Caller {
    Caller {
        call_id: "contact-1".into(),
        release: dialgraph_base::Digest::of(b"release"),
        locale: "ko-KR".into(),
        plugin: "p".into(),
        now: Timestamp(0),
        idempotency_key: "contact-1/3/0".into(),
    }
}
