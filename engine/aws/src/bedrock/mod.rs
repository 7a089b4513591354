//! TODO-bedrock
