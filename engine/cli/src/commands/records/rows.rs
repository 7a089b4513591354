//! Rows of files as records, and what schemas say that their values become.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, Result, bail};
use serde_json::{Number, Value};

use dialgraph_api::records::ImportedRecord;

/// Bytes of one line of JSON: more than a record has.
const MAX_LINE: u64 = 1 << 20;

/// Separates the values of a list within one cell.
const LIST: char = ';';

/// A row of the file.
pub(super) struct Row {
    /// From 1.
    pub(super) line: u64,
    /// The record, or what stands against it: column and reason.
    pub(super) record: Result<ImportedRecord, Vec<(String, String)>>,
}

/// Where values of a row come from.
pub(super) trait Rows {
    /// The next row; none: the file has ended.
    fn next(&mut self) -> Result<Option<Row>>;

    /// The column of a field, as messages name it.
    fn column(&self, field: &str) -> String;
}

/// One record a line.
pub(super) struct JsonLines<'a> {
    lines: Box<dyn BufRead + 'a>,
    line: u64,
    /// The field that holds the key; none: lines are as `export` writes them.
    key: Option<String>,
}

impl<'a> JsonLines<'a> {
    pub(super) fn new(input: Box<dyn Read + 'a>, key: Option<String>) -> Self {
        Self { lines: Box::new(BufReader::new(input)), line: 0, key }
    }

    fn record(&self, text: &str) -> Result<ImportedRecord, Vec<(String, String)>> {
        let wrong = |column: &str, why: String| vec![(column.to_owned(), why)];
        let Some(key) = &self.key else {
            return serde_json::from_str(text).map_err(|error| {
                wrong("", format!("is not `{{\"key\": …, \"data\": {{…}}}}`: {}", plain(&error)))
            });
        };
        let data: Value = serde_json::from_str(text)
            .map_err(|error| wrong("", format!("is not JSON: {}", plain(&error))))?;
        let found = match data.get(key) {
            Some(Value::String(text)) => text.clone(),
            // Others are not written as they were read.
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => {
                let why = "the key must be a text, or a whole number of up to 64 bits";
                return Err(wrong(key, why.to_owned()));
            }
        };
        Ok(ImportedRecord { key: found, data })
    }
}

/// The words of an error without a line: it is that of one row.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} at column {}", &text[..end], error.column()),
        None => text,
    }
}

impl Rows for JsonLines<'_> {
    fn next(&mut self) -> Result<Option<Row>> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.lines).take(MAX_LINE).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if read as u64 == MAX_LINE && !bytes.ends_with(b"\n") {
                bail!("line {} is longer than {MAX_LINE} bytes; is it JSON Lines?", self.line);
            }
            let at = self.line;
            let text = std::str::from_utf8(&bytes)
                .with_context(|| format!("line {at} is not UTF-8 text"))?
                .trim_start_matches('\u{feff}')
                .trim();
            if !text.is_empty() {
                return Ok(Some(Row { line: self.line, record: self.record(text) }));
            }
        }
    }

    fn column(&self, field: &str) -> String {
        field.to_owned()
    }
}

/// What a field holds, as far as the collection's schema tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It does not tell.
    Any,
    Text,
    Number,
    Truth,
    List,
    /// A list of numbers.
    Numbers,
}

/// What the schema of a collection says that a field holds, as far as properties lead to it.
pub(super) fn kind_of(schema: Option<&Value>, field: &str) -> Kind {
    let mut schema = schema;
    for part in field.split('.') {
        schema = schema.and_then(|schema| schema.get("properties")?.get(part));
    }
    let Some(kind) = schema.and_then(|schema| schema.get("type")) else { return Kind::Any };
    let items = schema.and_then(|schema| schema.get("items")?.get("type")?.as_str());
    let says = |word: &str| match kind {
        Value::String(one) => one == word,
        Value::Array(several) => several.iter().any(|one| one == word),
        _ => false,
    };
    // A text can be everything; where one may be, it stays one.
    match () {
        () if says("string") => Kind::Text,
        () if says("integer") || says("number") => Kind::Number,
        () if says("boolean") => Kind::Truth,
        () if says("array") && matches!(items, Some("integer" | "number")) => Kind::Numbers,
        () if says("array") => Kind::List,
        () => Kind::Any,
    }
}

impl Kind {
    /// What a cell becomes.
    pub(super) fn value(self, cell: &str) -> Result<Value, String> {
        match self {
            Self::Any | Self::Text => Ok(Value::from(cell)),
            Self::Number => number(cell),
            Self::Truth => match cell.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "n" | "0" => Ok(Value::Bool(false)),
                _ => Err("is neither true nor false".to_owned()),
            },
            Self::List => Ok(Value::Array(listed(cell).map(Value::from).collect())),
            Self::Numbers => Ok(Value::Array(listed(cell).map(number).collect::<Result<_, _>>()?)),
        }
    }
}

fn listed(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(LIST).map(str::trim).filter(|value| !value.is_empty())
}

/// A number as it is written: one that would be another afterwards is none.
fn number(text: &str) -> Result<Value, String> {
    let number: Number = serde_json::from_str(text).map_err(|_| "is not a number".to_owned())?;
    if number.is_f64() && !text.contains(['.', 'e', 'E']) {
        return Err("is a number of more than 64 bits; let the field hold a text".to_owned());
    }
    Ok(Value::Number(number))
}
