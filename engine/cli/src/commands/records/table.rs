//! CSV files (RFC 4180) as records.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};

use dialgraph_api::records::ImportedRecord;

use super::edit::put_at;
use super::quotes::{Checked, Lines};
use super::rows::{Kind, Row, Rows, kind_of};

/// Columns with names.
pub(super) struct Csv<'a> {
    reader: csv::Reader<Checked<Box<dyn Read + 'a>>>,
    /// On which lines rows begin.
    lines: Lines,
    columns: Vec<Column>,
    key: usize,
    /// The file has another encoding than UTF-8.
    is_decoded: bool,
}

struct Column {
    name: String,
    /// The field that its cells go into; none: they are left out.
    field: Option<String>,
    kind: Kind,
}

impl<'a> Csv<'a> {
    /// `map` has the fields of columns that do not go into those of their names; `schema` is that
    /// of the collection.
    pub(super) fn new(
        input: Box<dyn Read + 'a>,
        separator: u8,
        is_decoded: bool,
        key: &str,
        map: &BTreeMap<String, Option<String>>,
        schema: Option<&Value>,
    ) -> Result<Self> {
        let (input, lines) = Checked::new(input, separator);
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(input);
        let header = reader.headers().map_err(|error| unreadable(error, 1))?.clone();
        lines.next();
        if header.is_empty() {
            bail!("the file has no line of column names");
        }
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let listed = || names.join(", ");
        if let ([one], Some(other)) =
            (names.as_slice(), SEPARATORS.iter().find(|c| listed().contains(**c)))
        {
            let shown = if *other == '\t' { "\\t".to_owned() } else { other.to_string() };
            bail!(
                "the file has one column, `{one}`; are its cells separated otherwise, as by `--separator '{shown}'`?"
            );
        }
        for (number, name) in names.iter().enumerate() {
            if names[..number].contains(name) {
                bail!("two columns are named `{name}`; rename one");
            }
        }
        if names.contains(&"") {
            bail!("a column has no name; its columns are {}", listed());
        }
        for name in map.keys().map(String::as_str).chain([key]) {
            if !names.contains(&name) {
                bail!("the file has no column `{name}`; its columns are {}", listed());
            }
        }
        let columns: Vec<Column> = names
            .iter()
            .map(|name| {
                let field = match map.get(*name) {
                    Some(field) => field.clone(),
                    None => Some((*name).to_owned()),
                };
                let kind = field.as_deref().map_or(Kind::Any, |field| kind_of(schema, field));
                Column { name: (*name).to_owned(), field, kind }
            })
            .collect();
        let goes_into = |column: &Column| column.field.clone().map(|field| format!("{field}."));
        for (number, one) in columns.iter().enumerate() {
            for other in &columns[..number] {
                let (Some(a), Some(b)) = (goes_into(one), goes_into(other)) else { continue };
                if a.starts_with(&b) || b.starts_with(&a) {
                    bail!(
                        "columns `{}` and `{}` go into one field; leave one out with --map COLUMN=",
                        other.name,
                        one.name
                    );
                }
            }
        }
        let strangers: Vec<&str> = columns
            .iter()
            .filter(|column| column.field.as_deref().is_some_and(|field| is_unknown(schema, field)))
            .map(|column| column.name.as_str())
            .collect();
        if !strangers.is_empty() {
            let known = schema.and_then(|schema| schema.get("properties")?.as_object());
            let known: Vec<&str> =
                known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            bail!(
                "columns {} are no fields of the collection; put each into one with --map \
                 COLUMN=FIELD, or leave it out with --map COLUMN=; the fields are {}",
                strangers.join(", "),
                known.join(", ")
            );
        }
        let key = names.iter().position(|name| *name == key).unwrap_or_default();
        Ok(Self { reader, lines, columns, key, is_decoded })
    }

    fn record(&self, cells: &csv::StringRecord) -> Result<ImportedRecord, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        if cells.len() != self.columns.len() {
            let why = format!(
                "has {} cells, the line of column names {}",
                cells.len(),
                self.columns.len()
            );
            return Err(vec![(String::new(), why)]);
        }
        let mut data = Value::Object(Map::new());
        for (column, cell) in self.columns.iter().zip(cells) {
            let (Some(field), cell) = (&column.field, cell.trim()) else { continue };
            if self.is_decoded && cell.contains(char::REPLACEMENT_CHARACTER) {
                let why = "has bytes that are none of the encoding; is `--encoding` right?";
                wrong.push((column.name.clone(), why.to_owned()));
                continue;
            }
            if cell.is_empty() {
                continue;
            }
            let set = column.kind.value(cell).and_then(|value| {
                put_at(&mut data, field, Some(value)).map_err(|error| error.to_string())
            });
            if let Err(why) = set {
                wrong.push((column.name.clone(), why));
            }
        }
        let key = cells.get(self.key).unwrap_or_default().trim().to_owned();
        if key.is_empty() {
            wrong.push((self.columns[self.key].name.clone(), "the key is empty".to_owned()));
        }
        if wrong.is_empty() { Ok(ImportedRecord { key, data }) } else { Err(wrong) }
    }
}

impl Rows for Csv<'_> {
    fn next(&mut self) -> Result<Option<Row>> {
        let mut cells = csv::StringRecord::new();
        let read = self.reader.read_record(&mut cells);
        let line = self.lines.next();
        match read {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(Row { line, record: self.record(&cells) })),
            Err(error) => Err(unreadable(error, line)),
        }
    }

    fn column(&self, field: &str) -> String {
        let is_of = |column: &&Column| {
            column.field.as_deref().is_some_and(|own| {
                own == field || field.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'))
            })
        };
        match self.columns.iter().find(is_of) {
            Some(column) => column.name.clone(),
            None => field.to_owned(),
        }
    }
}

/// Whether a collection can have no such field, as far as its schema tells.
fn is_unknown(schema: Option<&Value>, field: &str) -> bool {
    let mut schema = schema;
    for part in field.split('.') {
        let Some(properties) = schema.and_then(|schema| schema.get("properties")) else {
            return false;
        };
        let is_closed = schema.and_then(|schema| schema.get("additionalProperties"))
            == Some(&Value::Bool(false));
        match properties.get(part) {
            Some(inner) => schema = Some(inner),
            None => return is_closed,
        }
    }
    false
}

/// What separates cells where a comma does not.
const SEPARATORS: [char; 3] = [';', '\t', '|'];

/// Why the row at `line` cannot be read.
fn unreadable(error: csv::Error, line: u64) -> anyhow::Error {
    let words = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Utf8 { .. } => {
            anyhow!(
                "line {line} is not UTF-8 text; give its encoding, as in `--encoding euc-kr` or \
                 `--encoding utf-16le`"
            )
        }
        csv::ErrorKind::Io(error) => error.into(),
        _ => anyhow!("line {line} cannot be read: {words}"),
    }
}
