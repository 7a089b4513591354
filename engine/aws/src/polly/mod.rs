//! TODO-polly
