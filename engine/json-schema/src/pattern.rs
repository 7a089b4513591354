//! How much work a pattern is.

use serde_json::{Map, Value};

use super::{PATTERN_BYTES, PROGRAM_BYTES, SchemaError, compile, shown};

/// The least program that is told from smaller ones, in bytes.
const LEAST: usize = 1 << 10;

/// Bytes of a pattern's program, as a power of two: each byte of a text may have to be taken
/// through all of it.
///
/// Asked of the very code that will match, by allowing it more and more.
pub(super) fn program(pattern: &str, at: &str) -> Result<usize, SchemaError> {
    if pattern.len() > PATTERN_BYTES {
        return Err(SchemaError::Limit(format!(
            "the pattern at `{at}` has {} bytes, and {PATTERN_BYTES} are allowed",
            pattern.len()
        )));
    }
    let schema = Value::Object(Map::from_iter([("pattern".to_owned(), pattern.into())]));
    let mut bytes = LEAST;
    while bytes <= PROGRAM_BYTES {
        if compile(&schema, bytes).is_ok() {
            return Ok(bytes);
        }
        bytes *= 2;
    }
    Err(SchemaError::Limit(format!(
        "the pattern `{}` at `{at}` cannot be used: it must be a regular expression without look-around and back-references that is compiled to {PROGRAM_BYTES} bytes at most; use `maxLength` in the place of large repetitions",
        shown(pattern).escape_debug()
    )))
}
