//! Sizes of values as JSON, without keeping the text.

use serde::Serialize;
use serde_json::Value;

/// Bytes of `value` as JSON.
pub(crate) fn size(value: &(impl Serialize + ?Sized)) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        // What has no JSON form cannot be saved, so there is no room for it.
        Err(_) => usize::MAX >> 8,
    }
}

/// Counts what is written to it.
struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What an attribute takes up among all.
pub(crate) fn entry_size(name: &str, value: &Value) -> usize {
    name.len() + size(value)
}
