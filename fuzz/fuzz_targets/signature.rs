//! Headers and a body of a stranger are never accepted; those of a holder of the key are, once, and
//! only unchanged.
#![no_main]

use std::cell::RefCell;

use dialgraph_connect::signature::{
    KEY_HEADER, SigningKey, NONCE_HEADER, Nonce, Request, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier,
    sign,
};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_790_000_000;
const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Of the last accepted request, so that replays are tried over all inputs.
type Accepted = Option<[u8; 16]>;

thread_local! {
    static STATE: RefCell<Option<(SigningKey, Verifier, Accepted, u128)>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Five lines of headers and path; the rest is the body.
    let mut lines = text.splitn(6, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (key_id, timestamp, nonce, signature, path, body) =
        (line(), line(), line(), line(), line(), line());
    STATE.with_borrow_mut(|state| {
        let (key, verifier, last, count) = state.get_or_insert_with(|| {
            let key = SigningKey::from_hex("k", SECRET).expect("a good key");
            let verifier = Verifier::new([key.clone()]).expect("one key").nonces(2_048);
            (key, verifier, None, 0)
        });
        let request = Request { method: "POST", path, body: body.as_bytes() };

        let stranger = |name: &str| match name {
            KEY_HEADER => Some(key_id),
            TIMESTAMP_HEADER => Some(timestamp),
            NONCE_HEADER => Some(nonce),
            SIGNATURE_HEADER => Some(signature),
            _ => None,
        };
        assert!(verifier.verify(stranger, &request, NOW).is_err(), "a stranger was accepted");

        *count += 1;
        // The clock goes on, so that nonces are forgotten too.
        let now = NOW + u64::try_from(*count / 1_000).unwrap_or(u64::MAX / 2);
        let mine = Nonce::from_random(count.to_be_bytes());
        let signed = sign(key, &request, now, mine);
        let honest = |name: &str| signed.get(name);
        let changed = Request { path: "/v1/other", ..request };
        if path != changed.path {
            assert!(verifier.verify(honest, &changed, now).is_err(), "another path was accepted");
        }
        let mut longer = body.as_bytes().to_vec();
        longer.push(b' ');
        let changed = Request { body: &longer, ..request };
        assert!(verifier.verify(honest, &changed, now).is_err(), "another body was accepted");

        verifier.verify(honest, &request, now).expect("an honest request is accepted");
        assert!(verifier.verify(honest, &request, now).is_err(), "a request was accepted twice");
        if let Some(before) = last.replace(count.to_be_bytes()) {
            let signed = sign(key, &request, now, Nonce::from_random(before));
            // In the same second it is a replay; in the next, the holder of the key has signed
            // anew.
            let again = verifier.verify(|name| signed.get(name), &request, now);
            assert!(again.is_err() || *count % 1_000 == 0, "a nonce was accepted twice");
        }
        assert!(verifier.remembered() <= 2_048);
        // Of any spelling.
        let _ = SigningKey::parse(text);
    });
});
