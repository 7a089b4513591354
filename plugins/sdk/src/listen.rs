//! What callers say.
