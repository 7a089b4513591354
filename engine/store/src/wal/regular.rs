//! Opens what should be a regular file, and nothing else: whoever opens a FIFO waits for ever, and
//! a device has no end.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens the file at `path` for reading.
pub(crate) fn open(path: &Path) -> Result<File> {
    opened(OpenOptions::new().read(true), path)
}

/// Opens it with `options`, without waiting for whoever might be at the other end.
pub(crate) fn opened(options: &mut OpenOptions, path: &Path) -> Result<File> {
    // Nothing that is no file is opened at all: opening some devices does something.
    match path.metadata() {
        Ok(found) => must_be_regular(&found)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // It may have been put into the file's place since.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = options.custom_flags(flags).open(path)?;
    must_be_regular(&file.metadata()?)?;
    Ok(file)
}

fn must_be_regular(found: &Metadata) -> Result<()> {
    if found.is_file() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("it is {}, not a file", kind(found.file_type())),
    ))
}

/// All bytes of the file at `path`, which may have so many.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("it has more than the {limit} bytes that it may have");
        return Err(Error::new(ErrorKind::InvalidData, what));
    }
    Ok(bytes)
}

/// What something is that lies under a name, for people.
pub(crate) fn kind(of: FileType) -> &'static str {
    if of.is_dir() {
        "a folder"
    } else if of.is_fifo() {
        "a FIFO"
    } else if of.is_char_device() || of.is_block_device() {
        "a device"
    } else if of.is_socket() {
        "a socket"
    } else if of.is_symlink() {
        "a link that leads nowhere"
    } else {
        "a file"
    }
}
