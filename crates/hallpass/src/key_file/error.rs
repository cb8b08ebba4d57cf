//! The faults of a key file, each with its fix.

use std::{io, path::PathBuf, time::Duration};

use hallpass_accounts::NoRandomness;
use hallpass_core::KeyRingError;

/// A fault of a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file does not exist.
    #[error("the key file {} does not exist: correct the path, or restore the file from a backup", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty.
    #[error("the key file {} is empty: restore it from a backup", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to a directory, a pipe, a socket or a device.
    #[error("the key file {} is not a regular file: put the keys into a file, or read them with KeyRing::from_env", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than a key ring can be.
    #[error("the key file {} is longer than {longest} bytes: correct the path, or retire old keys", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Maximum length, in bytes.
        longest: u64,
    },
    /// This process may not read the file, or the file system failed.
    #[error("the key file {} cannot be read: check its path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file system did not respond in time.
    #[error("the key file {} cannot be read, because its file system did not respond within {} s: check the mount", path.display(), within.as_secs())]
    NoResponse {
        /// The file.
        path: PathBuf,
        /// The time limit.
        within: Duration,
    },
    /// Other users can replace the keys, and then log in as anybody.
    #[error("the key file {} can be replaced by other users: run `chmod go-w {}`", path.display(), writable.display())]
    WritableByOthers {
        /// The file.
        path: PathBuf,
        /// The file or the directory that its group or others can write.
        writable: PathBuf,
    },
    /// The file to create already exists.
    #[error("the key file {} already exists: choose another path, or remove the file first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be created or replaced.
    #[error("the key file {} cannot be written: {}", path.display(), how_to_write(source))]
    Write {
        /// The file that would be written. If the key file is a symbolic link, it is the link's
        /// target.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A new file could not get the owner and the group of the key file.
    #[error("the key file {} would change its owner or its group: run the command as its owner or as root", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another process holds the lock on the file.
    #[error("the key file {} is being changed by another process: try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file does not contain a valid key ring.
    #[error("the key file {} cannot be used: fix it, or restore a backup", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The fault, and how to fix it.
        source: KeyRingError,
    },
    /// The operating system returned no random bytes for a key.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

fn how_to_write(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => "create its directory",
        io::ErrorKind::PermissionDenied => {
            "give the user of this process write permission on its directory"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "its directory is read-only, so change the keys at their source, such as the Kubernetes secret"
        }
        io::ErrorKind::ResourceBusy => {
            "it is a mount point, so mount its directory and not the file"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on its file system"
        }
        _ => "check its directory and its file system",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_errors_name_the_fix_of_their_cause() {
        for (kind, fix) in [
            (io::ErrorKind::NotFound, "create its directory"),
            (io::ErrorKind::PermissionDenied, "write permission on its directory"),
            (io::ErrorKind::ReadOnlyFilesystem, "its directory is read-only"),
            (io::ErrorKind::ResourceBusy, "mount its directory"),
            (io::ErrorKind::StorageFull, "free space"),
            (io::ErrorKind::Other, "check its directory"),
        ] {
            let error = KeyFileError::Write { path: "keys.json".into(), source: kind.into() };
            assert!(error.to_string().contains(fix), "{error}");
        }
    }
}
