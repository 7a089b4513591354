//! Files that somebody names, or keeps in a folder that is named: read whole, up to a limit, and
//! only if they are files.
//!
//! What a path leads to may be anything: a named pipe, whose reader waits for a writer that never
//! comes; a device that gives bytes for ever; a link to either. Here, such a thing is told at once,
//! by what it is, and nothing is read beyond the limit, whatever the file system says of its size.
//!
//! ```
//! let path = std::env::temp_dir().join("dialgraph-files-example.yaml");
//! std::fs::write(&path, "flow: main\n")?;
//! assert_eq!(dialgraph_files::text(&path, 1 << 20)?, "flow: main\n");
//!
//! let error = dialgraph_files::read(&path, 3).unwrap_err();
//! assert_eq!(error.to_string(), "it has more than 3 bytes, which is all that is read of such a file");
//! # std::fs::remove_file(path)?;
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fs::{File, Metadata};
use std::io::{self, BufRead, Read as _};
use std::path::Path;

mod line;

pub use line::{LineError, line};

/// Bytes of a file of settings, keys, tokens, certificates or signatures.
pub const MAX_SETTINGS: u64 = 1 << 20;

/// Why a file was not read. The words say nothing of the path, which whoever named it tells.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else than a file.
    #[error("it is {0}, and only regular files are read")]
    Odd(&'static str),
    /// It has more bytes than are read; what of it was seen is let go.
    #[error("it has more than {limit} bytes, which is all that is read of such a file")]
    TooLarge { limit: u64 },
    #[error("it is no UTF-8 text: save it as UTF-8")]
    NotText,
}

impl Unread {
    /// Whether nothing is there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<Unread> for io::Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Io(error) => error,
            Unread::Odd(_) => Self::new(io::ErrorKind::InvalidInput, unread),
            Unread::TooLarge { .. } => Self::new(io::ErrorKind::FileTooLarge, unread),
            Unread::NotText => Self::new(io::ErrorKind::InvalidData, unread),
        }
    }
}

/// Opens the regular file at `path`, or the one to which a link there leads. Waits for nobody.
///
/// # Errors
/// [`Unread::Odd`] for whatever else is there, or [`Unread::Io`].
pub fn open(path: &Path) -> Result<File, Unread> {
    // To open a device may do something, and of a socket the system says something else.
    regular(&std::fs::metadata(path)?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // Something else may be there by now: it must not keep whoever opens it.
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        options.custom_flags(flags.cast_signed());
    }
    let file = options.open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// What the regular file at `path` holds, if that is no more than `limit` bytes.
///
/// # Errors
/// [`Unread`], with no more than `limit` and one byte read.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let file = open(path)?;
    // Only a hint, so that files of usual sizes are read in one go.
    let size = file.metadata()?.len().min(limit).min(64 << 20);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(Unread::TooLarge { limit }) } else { Ok(bytes) }
}

/// As [`read`], for UTF-8 text.
///
/// # Errors
/// As [`read`], and [`Unread::NotText`].
pub fn text(path: &Path, limit: u64) -> Result<String, Unread> {
    String::from_utf8(read(path, limit)?).map_err(|_| Unread::NotText)
}

/// The text that `input` gives to its end, such as standard input.
///
/// # Errors
/// As [`text`].
pub fn all(input: impl BufRead, limit: u64) -> Result<String, Unread> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Unread::TooLarge { limit });
    }
    String::from_utf8(bytes).map_err(|_| Unread::NotText)
}

/// That what is at `path`, or where a link there leads, is a regular file.
///
/// # Errors
/// [`Unread::Odd`] for whatever else is there, or [`Unread::Io`].
pub fn is_file(path: &Path) -> Result<(), Unread> {
    regular(&std::fs::metadata(path)?)
}

fn regular(data: &Metadata) -> Result<(), Unread> {
    if data.is_file() { Ok(()) } else { Err(Unread::Odd(kind(data))) }
}

fn kind(data: &Metadata) -> &'static str {
    let found = data.file_type();
    if found.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if found.is_fifo() {
            return "a named pipe (FIFO)";
        }
        if found.is_socket() {
            return "a socket";
        }
        if found.is_char_device() || found.is_block_device() {
            return "a device";
        }
    }
    "something else"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn pipes_devices_sockets_and_folders_are_told_by_what_they_are_and_none_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, what) in [
            ("pipe", "it is a named pipe (FIFO), and only regular files are read"),
            ("link", "it is a named pipe (FIFO), and only regular files are read"),
            ("zero", "it is a device, and only regular files are read"),
            ("socket", "it is a socket, and only regular files are read"),
            (".", "it is a folder, and only regular files are read"),
        ] {
            assert_eq!(read(&at(name), 10).unwrap_err().to_string(), what, "{name}");
            assert_eq!(is_file(&at(name)).unwrap_err().to_string(), what, "{name}");
        }
        assert!(read(&at("nothing"), 10).unwrap_err().is_missing());
        std::os::unix::fs::symlink("loop", at("loop")).unwrap();
        assert!(matches!(read(&at("loop"), 10), Err(Unread::Io(_))));
    }

    #[test]
    fn no_more_is_read_than_the_limit_whatever_the_size_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"0123456789");
        assert!(matches!(read(&path, 9), Err(Unread::TooLarge { limit: 9 })));
        // Its size is said to be 0.
        #[cfg(target_os = "linux")]
        assert!(matches!(read(Path::new("/proc/self/maps"), 9), Err(Unread::TooLarge { .. })));
        assert!(matches!(all(io::repeat(b'x').buffered(), 9), Err(Unread::TooLarge { .. })));
    }

    trait Buffered: io::Read + Sized {
        fn buffered(self) -> io::BufReader<Self> {
            io::BufReader::new(self)
        }
    }
    impl<R: io::Read> Buffered for R {}

    #[test]
    fn what_is_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"\xb0\xa1").unwrap();
        assert!(matches!(text(&path, 10), Err(Unread::NotText)));
        assert!(matches!(all(&b"\xb0\xa1"[..], 10), Err(Unread::NotText)));
    }
}
