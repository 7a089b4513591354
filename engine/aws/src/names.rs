//! Settings that give the account's ids to the names that flows use: `NAME=ID`.

use std::collections::BTreeMap;

use crate::error::AwsError;

/// Reads the entries of a setting; `read` takes what stands behind the `=`, or says what is wrong
/// with it.
pub(crate) fn entries<T>(
    key: &'static str,
    setting: &[String],
    example: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<BTreeMap<String, T>, AwsError> {
    let mut found = BTreeMap::new();
    for entry in setting {
        let wrong =
            |why: &str| AwsError::new(key, format!("`{entry}`: {why}; write such as `{example}`"));
        let (name, value) = entry.split_once('=').ok_or_else(|| wrong("there is no `=`"))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return Err(wrong("there is no name before the `=`"));
        }
        let value = read(value).map_err(wrong)?;
        if found.insert(name.to_owned(), value).is_some() {
            return Err(wrong("this name is given twice"));
        }
    }
    Ok(found)
}

/// The names, for a message.
pub(crate) fn known<T>(names: &BTreeMap<String, T>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
