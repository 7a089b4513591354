//! TODO-knowledge
