//! A table or a view as the database describes it, held against what the project says of it.

use std::collections::BTreeMap;

use dialgraph_base::index::{Index, IndexKind};
use dialgraph_base::nearest;
use dialgraph_base::origin::Table;
use dialgraph_kernel::ports::HostError;

use crate::database::{Bound, Database};
use crate::sql::{quoted, quoted_table};

/// What kind of thing has the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// A table: each row has the number of the transaction that wrote it.
    Table,
    /// A table in parts, which tells no such number of a row that it has just written.
    Partitioned,
    /// A view, a materialised one, or a table of another server: read, never written.
    View,
}

/// What values of a column are, as far as comparing them goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Number,
    Truth,
    /// Texts, times, identifiers: what JSON has as text.
    Text,
    /// `json` and `jsonb`.
    Document,
    List,
    /// Rows, ranges and the like: read as JSON, compared with nothing.
    Other,
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// As the catalogue writes it, for a cast.
    pub(crate) sql_type: String,
    pub(crate) class: Class,
    /// Of a list: type and class of its elements.
    pub(crate) element: Option<(String, Class)>,
    /// No two rows have one value: an index sees to it.
    pub(crate) unique: bool,
}

impl Column {
    /// What it holds, as JSON. The blanks at the end of a `character` fill it up and mean nothing
    /// to the database: a record has its text without them.
    pub(crate) fn as_json(&self, name: &str) -> String {
        let column = quoted(name);
        let is_filled = |sql_type: &str| sql_type == FILLED;
        let text = match &self.element {
            Some((element, _)) if is_filled(element) => format!("t.{column}::text[]"),
            None if is_filled(&self.sql_type) => format!("t.{column}::text"),
            _ => format!("t.{column}"),
        };
        format!("pg_catalog.to_json({text})::text")
    }
}

/// The type of texts that are filled up with blanks. Without a length, a `character` is one
/// character long.
const FILLED: &str = "pg_catalog.bpchar";

/// A table or a view.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) relation: Relation,
    columns: BTreeMap<String, Column>,
}

/// What to_regclass does not know is not there for this user.
const DESCRIBE: &str = "SELECT c.relkind::text, a.attname::text, \
     pg_catalog.format_type(a.atttypid, NULL), t.typcategory::text, t.typname::text, \
     pg_catalog.format_type(e.oid, NULL), e.typcategory::text, e.typname::text, \
     EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique \
       AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL \
       AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)::text \
     FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
     JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
     WHERE c.oid = pg_catalog.to_regclass($1)::oid AND a.attnum > 0 AND NOT a.attisdropped";

impl Described {
    pub(crate) async fn of(
        database: &Database,
        table: &Table,
        indexes: &BTreeMap<String, Index>,
    ) -> Result<Self, HostError> {
        let name = &table.table;
        let rows = database.ask(name, DESCRIBE, &[Bound::Text(quoted_table(name))]).await?;
        let differs = |why: &str| Err(database.source().differs(why));
        let text = |row: &tokio_postgres::Row, at: usize| -> String {
            row.try_get::<_, Option<String>>(at).ok().flatten().unwrap_or_default()
        };
        let Some(first) = rows.first() else {
            return differs(&format!(
                "there is no table or view `{name}` that its user can see; check \
                 `collections: … source: postgresql: table` in dialgraph.yaml"
            ));
        };
        let relation = match text(first, 0).as_str() {
            "r" => Relation::Table,
            "p" => Relation::Partitioned,
            _ => Relation::View,
        };
        let columns = rows
            .iter()
            .map(|row| {
                let element = text(row, 5);
                let element = (!element.is_empty())
                    .then(|| (cast_type(element), class(&text(row, 6), &text(row, 7))));
                let column = Column {
                    sql_type: cast_type(text(row, 2)),
                    class: class(&text(row, 3), &text(row, 4)),
                    element,
                    unique: text(row, 8) == "true",
                };
                (text(row, 1), column)
            })
            .collect();
        let described = Self { relation, columns };
        match described.wrong(table, indexes) {
            Some(why) => differs(&why),
            None => Ok(described),
        }
    }

    /// What is not as the project says.
    fn wrong(&self, table: &Table, indexes: &BTreeMap<String, Index>) -> Option<String> {
        let name = &table.table;
        let special = [Some(&table.key), table.version.as_ref(), table.updated.as_ref()];
        let named = special.into_iter().flatten().chain(table.fields.values());
        for column in named {
            if !self.columns.contains_key(column) {
                let near = nearest(column, self.columns.keys().map(String::as_str));
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Some(format!("`{name}` has no column `{column}`{hint}"));
            }
        }
        let class = |column: &String| self.columns.get(column).map(|column| column.class);
        if matches!(
            class(&table.key),
            Some(Class::Document | Class::List | Class::Other | Class::Truth)
        ) {
            let key = &table.key;
            return Some(format!(
                "column `{key}` of `{name}` cannot be a key: it is no single value"
            ));
        }
        let whole = ["smallint", "integer", "bigint"];
        if let Some(version) = &table.version
            && let Some(column) = self.columns.get(version)
            && !whole.contains(&column.sql_type.as_str())
        {
            return Some(format!(
                "column `{version}` of `{name}` is no version: it holds no integers"
            ));
        }
        if let Some(updated) = &table.updated
            && let Some(column) = self.columns.get(updated)
            && !column.sql_type.starts_with("timestamp")
            && column.sql_type != "date"
        {
            return Some(format!("column `{updated}` of `{name}` holds no dates or timestamps"));
        }
        for (index, declared) in indexes {
            for column in declared.fields.iter().filter_map(|field| table.fields.get(field)) {
                let Some(known) = self.columns.get(column) else { continue };
                let one = known.element.as_ref().map_or(known.class, |(_, class)| *class);
                let fits = match declared.kind {
                    IndexKind::Phone => one == Class::Text,
                    _ => matches!(one, Class::Text | Class::Number | Class::Truth),
                };
                if !fits {
                    return Some(format!(
                        "column `{column}` of `{name}` cannot serve the index `{index}`: it holds {}",
                        match declared.kind {
                            IndexKind::Phone => "no texts",
                            _ => "no texts, numbers or truth values",
                        }
                    ));
                }
            }
        }
        None
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// What tells one state of a row from another; none: the database does not.
    pub(crate) fn version(&self, table: &Table) -> Option<String> {
        match (&table.version, self.relation) {
            // A row that others made may have none yet; the first write counts from there.
            (Some(column), _) => Some(format!("COALESCE(t.{}, 0)", quoted(column))),
            (None, Relation::Table) => Some("t.xmin".to_owned()),
            (None, Relation::Partitioned | Relation::View) => None,
        }
    }
}

fn cast_type(name: String) -> String {
    match name.as_str() {
        "character" => FILLED.to_owned(),
        "character[]" => format!("{FILLED}[]"),
        "bit" => "pg_catalog.varbit".to_owned(),
        "bit[]" => "pg_catalog.varbit[]".to_owned(),
        _ => name,
    }
}

/// By category and name of a type in the catalogue.
fn class(category: &str, name: &str) -> Class {
    match (category, name) {
        (_, "json" | "jsonb") => Class::Document,
        ("N", _) => Class::Number,
        ("B", _) => Class::Truth,
        ("A", _) => Class::List,
        ("S" | "D" | "T" | "E" | "I" | "U" | "V", _) => Class::Text,
        _ => Class::Other,
    }
}
