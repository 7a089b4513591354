//! Chance from the system, for names that nobody can guess.

/// 128 bits of chance.
pub(crate) fn random_hex() -> String {
    let mut bytes = [0; 16];
    // Without chance from the system there is no TLS, no token and no safe engine.
    #[expect(clippy::expect_used, reason = "the system has a source of chance, or nothing works")]
    getrandom::fill(&mut bytes).expect("the system's source of chance answers");
    hex::encode(bytes)
}
