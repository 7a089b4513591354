//! TODO-kms
