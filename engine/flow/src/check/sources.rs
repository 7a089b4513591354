//! Collections that live elsewhere: what is asked of them must be possible there.
//!
//! What can be known without asking the place itself is refused here, not in a call.

use std::collections::BTreeSet;

use dialgraph_base::index::IndexKind;
use dialgraph_base::origin::{MAX_ORIGIN_FIELDS, System};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::project::Project;
use crate::syntax::flow::Word;
use crate::syntax::project::{CollectionTree, IndexTree, SourceTree};

/// Longest name of a table or a column, in bytes: PostgreSQL cuts longer ones.
const MAX_NAME_BYTES: usize = 63;

/// Longest name of an attribute of DynamoDB, in bytes: one in an index has no more.
const MAX_ATTRIBUTE_BYTES: usize = 255;

/// Longest path of an HTTP source, in bytes.
const MAX_PATH_BYTES: usize = 1024;

pub(super) fn of(checker: &mut Checker<'_>, project: &Project, declared: &CollectionTree) {
    let Some(source) = &declared.source else { return };
    let name = &declared.name.value;
    let from = &source.from.value;
    if let Some(seed) = &declared.seed {
        let message =
            format!("collection `{name}` lives in the source `{from}`, so it has no seed");
        checker.push(
            Diagnostic::new(Code::BadSource, seed.span, message)
                .help("take `seed` out; the source's own programs fill it"),
        );
    }
    if let Some(retention) = &declared.retention {
        let message = format!(
            "collection `{name}` lives in the source `{from}`, where the engine removes nothing"
        );
        wrong(
            checker,
            retention,
            message,
            "take `retention` out; the source's own programs see to it",
        );
    }
    fields(checker, source);
    sensitive(checker, declared, source);
    required(checker, project, declared, source);
    erased(checker, project, declared, source);
    match &source.origin.system {
        System::Postgresql(_) => names(checker, source, MAX_NAME_BYTES),
        System::Dynamodb(_) => {
            names(checker, source, MAX_ATTRIBUTE_BYTES);
            sort_key(checker, source);
            found_by(checker, source);
        }
        System::Http(_) => paths(checker, source),
    }
    for index in &declared.indexes {
        one_index(checker, source, index);
    }
}

fn wrong(checker: &mut Checker<'_>, word: &Word, message: String, help: &str) {
    checker.push(Diagnostic::new(Code::BadSource, word.span, message).help(help));
}

/// Every field has one place, and no field is within another.
fn fields(checker: &mut Checker<'_>, source: &SourceTree) {
    if source.fields.is_empty() {
        let message = format!("the source `{}` gives its records no fields", source.from.value);
        wrong(checker, &source.from, message, "list the fields under `fields`");
    }
    if let Some((over, _)) = source.fields.get(MAX_ORIGIN_FIELDS) {
        let message = format!(
            "a collection elsewhere has {} fields, it may have {MAX_ORIGIN_FIELDS}",
            source.fields.len()
        );
        checker.push(Diagnostic::new(Code::TooLarge, over.span, message));
        return;
    }
    let all: BTreeSet<&str> = source.fields.iter().map(|(field, _)| &*field.value).collect();
    let mut places = BTreeSet::new();
    for (field, place) in &source.fields {
        if field.value.split('.').any(str::is_empty) {
            let message = format!("`{}` is no field of a record", field.value);
            wrong(checker, field, message, "write a name, or `a.b` for a field within another");
        }
        let mut above = &*field.value;
        while let Some((outer, _)) = above.rsplit_once('.') {
            if all.contains(outer) {
                let message = format!("`{}` and `{outer}` cannot both be mapped", field.value);
                wrong(checker, field, message, "map the outer field, or those within it");
            }
            above = outer;
        }
        if !places.insert(&*place.value) {
            let message = format!("`{}` is mapped to two fields", place.value);
            wrong(checker, place, message, "map it once");
        }
    }
}

/// Fields that few may see are some of the mapped ones, or within them.
fn sensitive(checker: &mut Checker<'_>, declared: &CollectionTree, source: &SourceTree) {
    let known: Vec<&str> = source.fields.iter().map(|(field, _)| &*field.value).collect();
    for field in &declared.sensitive {
        let is_of = |outer: &str, inner: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let text = &*field.value;
        if !known.iter().any(|mapped| is_of(mapped, text) || is_of(text, mapped)) {
            let message = format!("`sensitive` names `{text}`, which is not mapped");
            let found = Diagnostic::new(Code::BadSource, field.span, message);
            checker.push(found.suggest(text, known.iter().copied(), "mapped fields are"));
        }
    }
}

/// What the schema asks of every record must have a place.
fn required(
    checker: &mut Checker<'_>,
    project: &Project,
    declared: &CollectionTree,
    source: &SourceTree,
) {
    let collection = project.collections().get(&declared.name.value);
    let schema = collection.and_then(|collection| collection.schema.as_ref());
    let names = schema.and_then(|schema| schema.get("required")?.as_array());
    for name in names.into_iter().flatten().filter_map(|name| name.as_str()) {
        let within = format!("{name}.");
        let has =
            |(field, _): &(Word, Word)| *field.value == *name || field.value.starts_with(&within);
        if !source.fields.iter().any(has) {
            let message = format!(
                "the schema of `{}` requires `{name}`, which the source `{}` does not give",
                declared.name.value, source.from.value
            );
            wrong(checker, &source.from, message, "map it under `fields`, or change the schema");
        }
    }
}

/// What customers are known by must be in the copies of their records, or these would outlive them.
fn erased(
    checker: &mut Checker<'_>,
    project: &Project,
    declared: &CollectionTree,
    source: &SourceTree,
) {
    let (name, rules) = (&*declared.name.value, &project.tree.erase);
    for (key, fields) in [("collections", &rules.collections), ("callers", &rules.callers)] {
        let Some(field) = fields.get(name) else { continue };
        let has = |(mapped, _): &(Word, Word)| {
            let rest = field.strip_prefix(&*mapped.value);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let place = project.tree.erased.iter().find(|word| *word.value == *name);
        if let Some(place) = place.filter(|_| !source.fields.iter().any(has)) {
            let message = format!(
                "`erase: {key}` goes by `{field}`, which the source `{}` does not give",
                source.from.value
            );
            wrong(checker, place, message, "map it under `fields`, so that copies can be erased");
        }
    }
}

/// Names of tables, columns and attributes.
fn names(checker: &mut Checker<'_>, source: &SourceTree, most: usize) {
    let columns = source.fields.iter().map(|(_, column)| ("fields", column));
    let texts = source.texts.iter().map(|(key, word)| (*key, word));
    for (key, word) in texts.chain(columns) {
        let text = &*word.value;
        let parts: Vec<&str> = if key == "table" { text.split('.').collect() } else { vec![text] };
        if parts.len() > 2 {
            let message = format!("`{text}` is no table");
            wrong(checker, word, message, "write `TABLE` or `SCHEMA.TABLE`");
        } else if parts
            .iter()
            .any(|part| part.is_empty() || part.len() > most || part.contains('\0'))
        {
            let what = match (key, &source.origin.system) {
                ("table", _) => "table",
                (_, System::Dynamodb(_)) => "attribute",
                _ => "column",
            };
            let message = format!("`{text}` is no name of a {what}");
            let help = format!("a name there has 1 to {most} bytes");
            wrong(checker, word, message, &help);
        }
    }
}

/// The sort key is another attribute than the key, and its words are some.
fn sort_key(checker: &mut Checker<'_>, source: &SourceTree) {
    let key = source.texts.iter().find(|(key, _)| *key == "key").map(|(_, word)| &*word.value);
    for (name, word) in &source.sort {
        let text = &*word.value;
        if text.is_empty() || text.len() > MAX_ATTRIBUTE_BYTES {
            let message = format!("`{name}` of a sort key has 1 to {MAX_ATTRIBUTE_BYTES} bytes");
            wrong(checker, word, message, "write what the table has");
        } else if *name == "attribute" && Some(text) == key {
            let message = format!("`{text}` is the partition key");
            wrong(checker, word, message, "name the attribute that is the sort key");
        }
    }
}

/// Paths of an HTTP source, and what stands for keys and values in them.
fn paths(checker: &mut Checker<'_>, source: &SourceTree) {
    let whole = source.texts.iter().filter(|(key, _)| matches!(*key, "get" | "put" | "delete"));
    let whole = whole.map(|(_, word)| (word, "{key}"));
    for (word, place) in whole.chain(source.find.iter().map(|(_, word)| (word, "{value}"))) {
        let text = &*word.value;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !text.starts_with('/') || text.starts_with("//") || !plain {
            let message = format!("`{text}` is no path");
            let help = "write it from `/` on, behind the address in dialgraph.toml, in ASCII";
            wrong(checker, word, message, help);
        } else if text.len() > MAX_PATH_BYTES || text.contains('#') {
            let message = format!("`{text}` cannot be asked for");
            let help = format!("a path has no `#` and at most {MAX_PATH_BYTES} bytes");
            wrong(checker, word, message, &help);
        } else if text.matches(place).count() != 1 || text.replace(place, "").contains(['{', '}']) {
            let message = format!("`{text}` must have `{place}` once, and no other braces");
            let help = format!("`{place}` stands for what is asked for");
            wrong(checker, word, message, &help);
        }
    }
    found_by(checker, source);
}

/// The fields by which a source finds records must be mapped.
fn found_by(checker: &mut Checker<'_>, source: &SourceTree) {
    let key = found_under(source);
    let known: Vec<&str> = source.fields.iter().map(|(field, _)| &*field.value).collect();
    for (field, _) in &source.find {
        if !known.contains(&&*field.value) {
            let message = format!("`{key}` goes by `{}`, which is not mapped", field.value);
            let near = Diagnostic::new(Code::BadSource, field.span, message);
            checker.push(near.suggest(&field.value, known.iter().copied(), "mapped fields are"));
        }
    }
}

/// The key under which a source lists what it finds records by.
fn found_under(source: &SourceTree) -> &'static str {
    match source.origin.system {
        System::Postgresql(_) => "fields",
        System::Dynamodb(_) => "indexes",
        System::Http(_) => "find",
    }
}

fn one_index(checker: &mut Checker<'_>, source: &SourceTree, index: &IndexTree) {
    let (name, from) = (&index.name.value, &source.from.value);
    let word = source.origin.system.word();
    if index.kind == IndexKind::Name {
        let message = format!(
            "index `{name}`: the source `{from}` ({word}) cannot find similar names, so it has no \
             index of kind `name`"
        );
        let help = "take the index out, or keep the collection in the engine's store";
        return wrong(checker, &index.name, message, help);
    }
    let of_one = !matches!(source.origin.system, System::Postgresql(_));
    if of_one && index.fields.len() > 1 {
        let message =
            format!("index `{name}`: the source `{from}` ({word}) finds records by one field");
        return wrong(checker, &index.name, message, "give the index one field");
    }
    let known: Vec<&str> = match of_one {
        true => source.find.iter().map(|(field, _)| &*field.value).collect(),
        false => source.fields.iter().map(|(field, _)| &*field.value).collect(),
    };
    for field in &index.fields {
        if !known.contains(&&*field.value) {
            let key = found_under(source);
            let message = format!(
                "index `{name}`: the source `{from}` does not find records by `{}`",
                field.value
            );
            let found = Diagnostic::new(Code::BadSource, field.span, message);
            let list = format!("fields under `{key}` are");
            checker.push(found.suggest(&field.value, known.iter().copied(), &list));
        }
    }
}
