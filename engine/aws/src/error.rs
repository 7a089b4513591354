//! TODO-error
