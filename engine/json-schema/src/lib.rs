//! JSON Schemas (draft-07) of plugins and collections, held against values at a bounded cost.
//!
//! A few kilobytes of schema can ask for more work than any machine does: references that double at
//! each level, patterns of a million states. So a schema is measured before it is compiled, and a
//! value is admitted to it only when the two together ask for no more than [`STEPS`]. What is
//! admitted is left to the `jsonschema` crate, with patterns matched without backtracking.
//!
//! References stay within the schema (`#/definitions/name`), so that what is measured is what is
//! evaluated. This crate knows nothing of plugins, flows and calls: schema and value in, verdict
//! out.

mod cost;
mod graph;
mod pattern;

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use self::graph::Graph;

/// Values within values of a schema's own text.
pub const DEPTH: usize = 64;
/// Subschemas, with each reference replaced by what it stands for.
pub const EXPANDED: usize = 20_000;
/// Subschemas within one another, references replaced likewise; one that leads back to itself ends
/// there.
pub const NESTED: usize = 128;
/// Subschemas within one another while a value is held against them, recursion included.
pub const EVALUATED: usize = 256;
/// Patterns of one schema.
pub const PATTERNS: usize = 64;
/// Bytes of one pattern.
pub const PATTERN_BYTES: usize = 1 << 10;
/// Bytes of what one pattern is compiled to.
pub const PROGRAM_BYTES: usize = 128 << 10;
/// Steps of holding one value against a schema: a subschema, a key, a choice, some bytes of a text.
pub const STEPS: u64 = 1_000_000;

/// Characters of what is shown of a schema in a message.
const SHOWN: usize = 200;

/// Why a schema is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON Schema.
    #[error("{0}")]
    Invalid(String),
    /// It may be one, and asks for too much.
    #[error("{0}")]
    Limit(String),
}

/// A value and a schema that together ask for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooCostly {
    #[error(
        "holding it against the schema takes more than {STEPS} steps, which is the limit: make the value smaller or the schema simpler"
    )]
    Steps,
    #[error(
        "it leads more than {EVALUATED} subschemas deep into the schema, which is the limit: nest the value less"
    )]
    Depth,
}

/// What a schema can cost. Holds nothing of the schema itself.
#[derive(Debug, Clone)]
pub struct Bounds(Graph);

impl Bounds {
    /// Measures a schema.
    ///
    /// # Errors
    /// When it goes beyond a limit, or refers to what is not within it.
    pub fn of(schema: &Value) -> Result<Self, SchemaError> {
        Graph::of(schema).map(Self)
    }

    /// Fails when holding `value` against the schema would take too much. `bytes` is how long the
    /// value is as JSON, if that is known: small values of harmless schemas then need no closer
    /// look.
    ///
    /// # Errors
    /// What is too much.
    pub fn admit(&self, value: &Value, bytes: Option<usize>) -> Result<(), TooCostly> {
        if bytes.is_some_and(|bytes| self.0.is_cheap(bytes)) {
            return Ok(());
        }
        self.0.walk(value)
    }
}

/// A compiled schema with its bounds.
#[derive(Debug)]
pub struct Schema {
    bounds: Bounds,
    validator: Validator,
}

impl Schema {
    /// Measures and compiles a schema.
    ///
    /// # Errors
    /// When it is no JSON Schema or goes beyond a limit.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        let bounds = Bounds::of(schema)?;
        let validator = compile(schema, PROGRAM_BYTES)
            .map_err(|error| SchemaError::Invalid(shown(&error.to_string())))?;
        Ok(Self { bounds, validator })
    }

    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether the value is valid. `bytes` as in [`Bounds::admit`].
    ///
    /// # Errors
    /// When finding out would take too much.
    pub fn is_valid(&self, value: &Value, bytes: Option<usize>) -> Result<bool, TooCostly> {
        self.bounds.admit(value, bytes)?;
        Ok(self.validator.is_valid(value))
    }

    /// What is wrong with the value.
    ///
    /// # Errors
    /// When finding out would take too much.
    pub fn errors<'v>(
        &'v self,
        value: &'v Value,
    ) -> Result<impl Iterator<Item = ValidationError<'v>>, TooCostly> {
        self.bounds.admit(value, None)?;
        Ok(self.validator.iter_errors(value))
    }
}

fn compile(schema: &Value, program_bytes: usize) -> Result<Validator, ValidationError<'static>> {
    let patterns = PatternOptions::regex().size_limit(program_bytes).dfa_size_limit(1 << 20);
    jsonschema::draft7::options().with_pattern_options(patterns).offline().build(schema)
}

/// The beginning of a text that may be long.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
