//! Where the database is, and whether its file is still there.
//!
//! SQLite keeps an opened file, even if its path later names no file or another one. Writes would
//! then go to a file that a restart does not find, and connections that are opened later would use
//! the other file (<https://www.sqlite.org/howtocorrupt.html>, section "Unlinking or renaming a
//! database file while in use"). So the file of the path is compared with the opened one.

use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::error::{StoreError, StoreErrorKind};

/// The place of a database.
#[derive(Debug)]
pub(super) enum Place {
    /// In memory, or in a temporary file. Such a database ends with its connection.
    Memory,
    /// In a file.
    File(OpenedFile),
}

/// A file, as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: Identity,
}

impl OpenedFile {
    /// Call this after SQLite has opened the file at this path.
    pub(super) fn at(path: &Path) -> Result<Self, StoreError> {
        // The process may change its working directory later.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match Identity::of(&path) {
            Ok(identity) => Ok(Self { path, identity }),
            Err(error) => Err(not_found(&path, error)),
        }
    }

    /// Returns an error if the path no longer names this file. Guarded by the tests of
    /// `tests/store/moved.rs`.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match Identity::of(&self.path) {
            Ok(now) if now == self.identity => Ok(()),
            Ok(_) => {
                let path = self.path.clone();
                Err(StoreError::new(StoreErrorKind::Moved, Changed::Replaced { path }))
            }
            Err(error) => Err(not_found(&self.path, error)),
        }
    }
}

/// A moved file keeps its identity, and a copy has another one.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
    /// A file system may give the inode of a deleted file to a new one. On systems without inodes
    /// the time alone decides; Windows lets no program move or delete the file while it is open.
    created: Option<SystemTime>,
}

impl Identity {
    /// Does not open the file: closing it would release every lock that SQLite holds on it in this
    /// process (<https://www.sqlite.org/howtocorrupt.html>, section "Posix advisory locks").
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            #[cfg(unix)]
            device: std::os::unix::fs::MetadataExt::dev(&metadata),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
            created: metadata.created().ok(),
        })
    }
}

fn not_found(path: &Path, error: io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            StoreError::new(StoreErrorKind::Moved, Changed::Gone { path })
        }
        _ => StoreError::new(StoreErrorKind::Unavailable, Changed::Unreadable { path, error }),
    }
}

#[derive(Debug)]
enum Changed {
    Gone { path: PathBuf },
    Replaced { path: PathBuf },
    Unreadable { path: PathBuf, error: io::Error },
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { path } => {
                write!(f, "{} was moved or deleted while it was open", path.display())
            }
            Self::Replaced { path } => {
                write!(f, "{} is another file than the one that was opened", path.display())
            }
            Self::Unreadable { path, error } => {
                write!(f, "{} cannot be found: {error}", path.display())
            }
        }
    }
}

impl Error for Changed {}
