//! Files of keys and tokens, one a line.

use std::path::Path;

/// The lines of a file of keys or tokens; `#` begins a comment.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text = dialgraph_files::text(file, dialgraph_files::MAX_SETTINGS)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
