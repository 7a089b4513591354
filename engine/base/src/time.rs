//! Moments, as the engine's clocks tell them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// Arithmetic stops at the ends instead of wrapping around: the last moment stands for "never".
///
/// ```
/// use std::time::Duration;
/// use dialgraph_base::Timestamp;
///
/// let begun = Timestamp(1_000);
/// assert_eq!(begun.after(Duration::from_secs(2)), Timestamp(3_000));
/// assert_eq!(begun.after_ms(u64::MAX), Timestamp::NEVER);
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Later than any other.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `time` later, to the millisecond.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        self.after_ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    /// The moment so many milliseconds later.
    #[must_use]
    pub fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}
