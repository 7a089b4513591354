//! `dialgraph records edit`.

use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use dialgraph_api::records::Record;
use dialgraph_visible::line;

use super::{MAX_RECORD, declared, if_version, record_path, typed, write};
use crate::args::RecordsEditArgs;
use crate::client::Client;

pub(super) fn run(args: &RecordsEditArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let record: Record = client.get(&record_path(&args.collection, &args.key))?;
    let data = match args.fields.as_slice() {
        [] => in_editor(&record.data)?,
        fields => {
            let schema = declared(&client, &args.collection)?.schema;
            let mut data = record.data.clone();
            for field in fields {
                set(&mut data, schema.as_ref(), field)?;
            }
            data
        }
    };
    if data == record.data {
        println!("{} is as it was", line(&args.key));
        return Ok(ExitCode::SUCCESS);
    }
    let condition = Some(if_version(record.version));
    write(&client, &args.collection, &args.key, &data, condition)?;
    Ok(ExitCode::SUCCESS)
}

/// Carries out `FIELD=VALUE`.
fn set(data: &mut Value, schema: Option<&Value>, change: &str) -> Result<()> {
    let Some((path, value)) = change.split_once('=') else {
        bail!("`{}` is not FIELD=VALUE", line(change));
    };
    put_at(data, path, if value.is_empty() { None } else { Some(typed(schema, path, value)) })
        .with_context(|| format!("`{}` cannot be changed", line(path)))
}

/// Sets the field at `path` (`a.b` for nested ones), or removes it.
pub(super) fn put_at(data: &mut Value, path: &str, value: Option<Value>) -> Result<()> {
    let Some(fields) = data.as_object_mut() else {
        bail!("it is within a value that has no fields")
    };
    match path.split_once('.') {
        _ if path.is_empty() => bail!("a field has a name"),
        Some((head, rest)) if !fields.contains_key(path) => {
            if value.is_none() && !fields.contains_key(head) {
                return Ok(());
            }
            let inner = fields.entry(head).or_insert_with(|| Value::Object(Map::new()));
            put_at(inner, rest, value)
        }
        _ => {
            match value {
                Some(value) => fields.insert(path.to_owned(), value),
                None => fields.remove(path),
            };
            Ok(())
        }
    }
}

/// The record as somebody leaves it in their editor.
fn in_editor(data: &Value) -> Result<Value> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(std::env::var_os);
    let editor = editor
        .filter(|editor| !editor.is_empty())
        .context("no editor is set; set $EDITOR, or write the changes as FIELD=VALUE")?;
    // Only its owner can read it: it holds a customer.
    let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
    writeln!(file, "{}", serde_json::to_string_pretty(data)?)?;
    file.flush()?;
    let words = editor.to_string_lossy().into_owned();
    let mut words = words.split_whitespace();
    let status = Command::new(words.next().unwrap_or_default())
        .args(words)
        .arg(file.path())
        .status()
        .with_context(|| format!("the editor {} cannot be started", editor.display()))?;
    if !status.success() {
        bail!("the editor ended with {status}; nothing was changed");
    }
    let text = dialgraph_files::text(file.path(), MAX_RECORD)?;
    serde_json::from_str(&text).context("what the editor left is not JSON; nothing was changed")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_set_removed_or_made_wherever_it_is() {
        let mut data = json!({"a": 1, "b": {"c": "x"}, "dotted.name": true});
        let schema = json!({"properties": {"b": {"properties": {"d": {"type": "string"}}}}});
        for change in ["a=2", "b.c=", "b.d=7", "b.e=007", "f.g.h=true", "dotted.name=no", "x.y="] {
            set(&mut data, Some(&schema), change).unwrap();
        }
        let wanted = json!({
            "a": 2, "b": {"d": "7", "e": "007"}, "f": {"g": {"h": true}}, "dotted.name": "no",
        });
        assert_eq!(data, wanted);
        for wrong in ["a", "=1", "a.b=1"] {
            assert!(set(&mut data, None, wrong).is_err(), "{wrong}");
        }
    }
}
