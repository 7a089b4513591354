//! What changes what is live, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{
    AdditionalProperties, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use crate::Digest;

/// Several things to make live at once, or none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Path within the project to text; null takes the file out.
    #[serde(default)]
    pub files: BTreeMap<String, Option<String>>,
    /// Name to text; null takes the flow out.
    #[serde(default)]
    pub flows: BTreeMap<String, Option<String>>,
    /// Plugin name to component; null removes the plugin.
    #[serde(default)]
    #[schema(schema_with = components)]
    pub plugins: BTreeMap<String, Option<Component>>,
    /// Accesses that plugins may newly have: each such as `http`, or for one plugin
    /// `ticketing:http`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// For the history; at most 500 bytes.
    #[schema(max_length = 500)]
    pub why: Option<String>,
    /// Only so many of 100 new calls get it.
    #[schema(minimum = 1, maximum = 100)]
    pub canary: Option<u8>,
    /// Checks, and changes nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

/// A plugin's component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its bytes.
    #[schema(content_encoding = "base64")]
    pub component: String,
    /// Text of its `.minisig`.
    pub signature: Option<String>,
}

/// The derived schema of a map takes no null beside a structure.
fn components() -> RefOr<Schema> {
    let none = ObjectBuilder::new().schema_type(SchemaType::new(Type::Null));
    let one = OneOfBuilder::new().item(none).item(Component::schema()).build();
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .description(Some("Plugin name to component; null removes the plugin."))
        .additional_properties(Some(AdditionalProperties::from(Schema::OneOf(one))))
        .into()
}

/// What goes with the change of one flow or plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Accesses that plugins may newly have, separated by commas.
    #[serde(default)]
    pub allow: String,
    /// For the history; at most 500 bytes.
    #[param(max_length = 500, nullable = false)]
    pub why: Option<String>,
    /// Only so many of 100 new calls get it.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub canary: Option<u8>,
    /// Checks, and changes nothing.
    #[serde(default)]
    #[param(default = false)]
    pub dry_run: bool,
}

/// What to go back to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Back {
    /// A digest, its first digits, or of a release its number; none: one step.
    pub to: Option<String>,
    /// Accesses that plugins may newly have.
    #[serde(default)]
    pub allow: Vec<String>,
    /// For the history; at most 500 bytes.
    #[schema(max_length = 500)]
    pub why: Option<String>,
}

/// What becomes of the canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CanaryChange {
    /// So many of 100 new calls get it.
    #[schema(title = "share")]
    Share {
        #[schema(minimum = 1, maximum = 100)]
        percent: u8,
    },
    /// All new calls get it.
    #[schema(title = "promote")]
    Promote {
        /// For the history; at most 500 bytes.
        #[schema(max_length = 500)]
        why: Option<String>,
    },
    /// None gets it any more.
    #[schema(title = "withdraw")]
    Withdraw {
        /// For the history; at most 500 bytes.
        #[schema(max_length = 500)]
        why: Option<String>,
    },
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Something is live now that was not before.
    pub changed: bool,
    pub dry_run: bool,
    /// The release that the change makes, or would make.
    pub release: Digest,
    /// Its number among all that were made; of a dry run what it would have.
    pub number: u64,
    /// What was live before.
    #[schema(required)]
    pub before: Option<Digest>,
    /// The share of new calls that gets it, if it is a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub canary: Option<u8>,
    pub changes: Vec<ItemChange>,
    /// What plugins can reach now and could not before.
    pub widened: Vec<Widening>,
    /// Pinned items that stay as they are.
    pub left_out: Vec<String>,
    pub warnings: Vec<String>,
    /// Warnings, as `check --json` has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub report: Option<serde_json::Value>,
    /// The same for a terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rendered: Option<String>,
}

/// An item that is new, other or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemChange {
    /// `flow NAME`, `plugin NAME` or `file PATH`.
    pub item: String,
    /// None: it is new.
    #[schema(required)]
    pub before: Option<Digest>,
    /// None: it is gone.
    #[schema(required)]
    pub after: Option<Digest>,
}

/// Something that a plugin could not do before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Widening {
    pub plugin: String,
    /// What must be allowed, such as `http` or `secrets=zendesk-token`.
    pub access: String,
    /// The same in words.
    pub words: String,
}
