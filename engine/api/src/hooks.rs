//! What somebody outside tells a call that waits for it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The call has it, or had it before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HookHeard {
    pub heard: bool,
}

/// Whatever the hook takes: JSON of at most 16 KiB, 16 levels deep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = Value)]
pub struct HookValue(pub serde_json::Value);
