//! Reading a key file: only a regular file that no other user can replace.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
    str,
};

use hallpass_core::KeyRingError;
use zeroize::Zeroizing;

use crate::key_file::KeyFileError;

/// The text of a key file.
pub(super) struct Contents {
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Whether users outside its group can read it.
    pub(super) readable_by_others: bool,
}

/// Reads the file, if no other user can replace it.
pub(super) fn read(path: &Path) -> Result<Contents, KeyFileError> {
    // The open of a pipe waits for a writer, so the kind of the file is checked first.
    regular(path)?;
    refuse_writable_directories(path)?;
    let unreadable = |source| KeyFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // The metadata of the open file: the name may lead to another file by now.
    let metadata = file.metadata().map_err(unreadable)?;
    refuse_writable(path, &metadata)?;
    let capacity = usize::try_from(metadata.len().min(LONGEST)).unwrap_or_default();
    // A buffer that grows leaves parts of the secrets in freed memory.
    let mut text = Zeroizing::new(Vec::with_capacity(capacity.saturating_add(1)));
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.is_empty() {
        return Err(KeyFileError::Empty { path: path.to_owned() });
    }
    if text.len() as u64 > LONGEST {
        return Err(KeyFileError::TooLong { path: path.to_owned(), longest: LONGEST });
    }
    Ok(Contents { text, readable_by_others: access::readable_by_others(&metadata) })
}

/// Returns the metadata of the file that the path leads to, if it is a regular file.
pub(super) fn regular(path: &Path) -> Result<Metadata, KeyFileError> {
    let metadata = fs::metadata(path).map_err(|source| {
        let is_missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        // A symbolic link without a target is not a missing file: its volume may not be mounted.
        if fs::symlink_metadata(path).is_err_and(is_missing) {
            return KeyFileError::Missing { path: path.to_owned() };
        }
        KeyFileError::Read { path: path.to_owned(), source }
    })?;
    if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(KeyFileError::NotAFile { path: path.to_owned() })
    }
}

/// Returns an error if other users can write a directory in which the file or a symbolic link to it
/// has its name. Such a user could put another file under the name.
pub(super) fn refuse_writable_directories(path: &Path) -> Result<(), KeyFileError> {
    let mut name = path.to_owned();
    for _ in 0..MOST_LINKS {
        let directory = directory_of(&name);
        // A directory that does not exist, or a name that does not exist yet, is for the caller.
        if let Ok(metadata) = fs::metadata(directory)
            && access::others_can_replace(&name, &metadata)
        {
            let writable = directory.to_owned();
            return Err(KeyFileError::WritableByOthers { path: path.to_owned(), writable });
        }
        match fs::read_link(&name) {
            Ok(target) => name = directory.join(target),
            Err(_) => break,
        }
    }
    Ok(())
}

/// Returns an error if other users can write the file.
pub(super) fn refuse_writable(path: &Path, metadata: &Metadata) -> Result<(), KeyFileError> {
    if access::writable_by_others(metadata) {
        let (path, writable) = (path.to_owned(), path.to_owned());
        return Err(KeyFileError::WritableByOthers { path, writable });
    }
    Ok(())
}

/// Returns the directory of a file, `.` for a plain name.
pub(super) fn directory_of(file: &Path) -> &Path {
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// Returns the text of a file. If it is not UTF-8, returns an error with the position.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, KeyRingError> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + valid.iter().rev().take_while(|byte| **byte != b'\n').count();
        KeyRingError::Json { line, column }
    })
}

/// Maximum length of a key file, in bytes: more than a thousand keys.
const LONGEST: u64 = 1 << 20;

/// Maximum number of symbolic links that are followed, as in Linux.
const MOST_LINKS: usize = 40;

#[cfg(unix)]
mod access {
    use std::{fs, fs::Metadata, os::unix::fs::MetadataExt, path::Path};

    const GROUP_WRITES: u32 = 0o020;
    const OTHERS_WRITE: u32 = 0o002;
    const OTHERS_READ: u32 = 0o004;
    const STICKY: u32 = 0o1000;
    const ROOT: u32 = 0;

    pub(super) fn writable_by_others(metadata: &Metadata) -> bool {
        metadata.mode() & (GROUP_WRITES | OTHERS_WRITE) != 0
    }

    pub(super) fn readable_by_others(metadata: &Metadata) -> bool {
        metadata.mode() & OTHERS_READ != 0
    }

    /// Returns whether users other than the owner of a directory, root and the user of this process
    /// can put another file under a name in it.
    ///
    /// - In a sticky directory, such as `/tmp` or the mount of a Kubernetes secret, nobody replaces
    ///   the file of another user. But the first user of a name could be an attacker, so the owner
    ///   of the file must be root or the user of this process.
    /// - The private group of a user, which many distributions make with the number of the user,
    ///   has no other member. Their default umask of 0002 lets it write every directory.
    pub(super) fn others_can_replace(name: &Path, directory: &Metadata) -> bool {
        let mode = directory.mode();
        if mode & STICKY != 0 && mode & (GROUP_WRITES | OTHERS_WRITE) != 0 {
            let Ok(file) = fs::symlink_metadata(name) else { return false };
            return file.uid() != ROOT && Some(file.uid()) != user_of_this_process();
        }
        let is_private_group = directory.gid() == directory.uid() && directory.gid() != ROOT;
        mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITES != 0 && !is_private_group)
    }

    /// Returns the effective user. The standard library has no function for it. Linux makes it the
    /// owner of `/proc/self`; other systems do not have that file.
    fn user_of_this_process() -> Option<u32> {
        fs::metadata("/proc/self").ok().map(|process| process.uid())
    }
}

/// Other systems have no mode bits.
#[cfg(not(unix))]
mod access {
    use std::{fs::Metadata, path::Path};

    pub(super) fn writable_by_others(_: &Metadata) -> bool {
        false
    }

    pub(super) fn readable_by_others(_: &Metadata) -> bool {
        false
    }

    pub(super) fn others_can_replace(_: &Path, _: &Metadata) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_position() {
        assert_eq!(text_of(b"{}").unwrap(), "{}");
        for (bytes, line, column) in [(&b"\xff"[..], 1, 1), (b"{\n  \xff", 2, 3)] {
            assert_eq!(text_of(bytes).unwrap_err(), KeyRingError::Json { line, column });
        }
    }
}
