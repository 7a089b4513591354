//! TODO-secrets
