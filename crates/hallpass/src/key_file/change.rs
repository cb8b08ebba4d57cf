//! Changing a key file: one process at a time, and the file is complete at every moment.
//!
//! The lock is on the key file itself, because a process that may change the keys may open them. A
//! separate lock file would belong to the first user that made it, and root would lock out the user
//! of the service. A change gives the name of the key file to a new file, so a process that got the
//! lock checks that the file it locked still has the name.
//!
//! A new key file starts as an empty file, which is locked and then replaced like any other. So two
//! starts do not create two rings, and the name never leads to a part of a ring.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use hallpass_core::KeyRing;

use crate::key_file::{
    KeyFileError,
    read::{directory_of, regular},
};

/// The exclusive right to change a key file. It ends when this value is dropped, and when the
/// process ends.
pub(super) struct Turn {
    _lock: File,
    /// The file that the path of the key file leads to.
    target: PathBuf,
    metadata: Metadata,
}

impl Turn {
    /// Waits for the right to change an existing file.
    pub(super) fn wait(path: &Path) -> Result<Self, KeyFileError> {
        let start = Instant::now();
        loop {
            if let Some(turn) = Self::try_once(path)? {
                return Ok(turn);
            }
            if start.elapsed() >= LONGEST_TURN {
                return Err(KeyFileError::Busy { path: path.to_owned() });
            }
            thread::sleep(AGAIN_AFTER);
        }
    }

    /// Creates an empty file, if there is no file, and waits for the right to fill it.
    pub(super) fn create(path: &Path) -> Result<Self, KeyFileError> {
        match private().create_new(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(KeyFileError::Write { path: path.to_owned(), source }),
        }
        let exists = || KeyFileError::Exists { path: path.to_owned() };
        if regular(path).map_err(|_| exists())?.len() != 0 {
            return Err(exists());
        }
        let turn = Self::wait(path)?;
        if turn.metadata.len() == 0 { Ok(turn) } else { Err(exists()) }
    }

    /// Removes the temporary file of a killed process. While another process changes the key file,
    /// the temporary file is not a leftover and stays.
    pub(super) fn remove_leftover(path: &Path) {
        let Ok(target) = fs::canonicalize(path) else { return };
        let temporary = temporary_of(&target);
        if fs::symlink_metadata(&temporary).is_err() {
            return;
        }
        let Ok(Some(_turn)) = Self::try_once(path) else { return };
        if let Err(error) = fs::remove_file(&temporary) {
            let path = temporary.display();
            tracing::warn!(target: "hallpass", %path, %error, "a temporary file with keys cannot be removed: remove it");
        }
    }

    /// Replaces the file. It keeps its owner, group and mode.
    pub(super) fn replace(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        let cannot_write = |source| KeyFileError::Write { path: self.target.clone(), source };
        let mut temporary = Temporary::create(&self.target).map_err(cannot_write)?;
        // The owner is set before the file has a secret.
        owner::keep(&temporary.file, &self.metadata)
            .map_err(|source| KeyFileError::Owner { path: self.target.clone(), source })?;
        temporary
            .fill(ring.to_json().as_bytes(), &self.metadata)
            .and_then(|()| temporary.rename(&self.target))
            .and_then(|()| sync_directory(&self.target))
            .map_err(cannot_write)
    }

    /// Returns the metadata of the file, as it was when the turn began.
    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns `None` if another process has the lock, or has just replaced the file.
    fn try_once(path: &Path) -> Result<Option<Self>, KeyFileError> {
        regular(path)?;
        let unreadable = |source| KeyFileError::Read { path: path.to_owned(), source };
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            // Between two steps of a replacement by another program.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unreadable(source)),
        };
        let lock = owner::open_lock(&target).map_err(unreadable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(unreadable(source)),
        }
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let is_current = owner::is_same(&metadata, &lock).map_err(unreadable)?;
        Ok(is_current.then_some(Self { _lock: lock, target, metadata }))
    }
}

/// A file with a temporary name in the directory of the key file. It is removed when this value is
/// dropped, unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: File,
    is_renamed: bool,
}

impl Temporary {
    /// Creates the file. The name is the same at each change, so that the next change finds the
    /// file of a process that was killed.
    fn create(target: &Path) -> io::Result<Self> {
        let path = temporary_of(target);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // `create_new` follows no symbolic link that another user put under the known name.
        let file = private().create_new(true).open(&path)?;
        Ok(Self { path, file, is_renamed: false })
    }

    fn fill(&self, text: &[u8], like: &Metadata) -> io::Result<()> {
        self.file.set_permissions(like.permissions())?;
        (&self.file).write_all(text)?;
        self.file.sync_all()
    }

    fn rename(&mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename the lock is on a file without a name, and another process may have
        // created the temporary file of its own change.
        if !self.is_renamed {
            // If the removal fails, the next change removes the file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns the name of the temporary file: `keys.json.tmp` for `keys.json`.
fn temporary_of(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    target.with_file_name(name)
}

/// Options that create a file which only its owner can read (mode 0600).
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Syncs the directory, because a new name of a file is on disk only after that. Otherwise a power
/// failure could lose the keys but not the database, and no second factor could be decrypted.
fn sync_directory(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory_of(file))?.sync_all()?;
    }
    Ok(())
}

/// A change takes a few milliseconds. A process that holds the lock for longer than this hangs.
const LONGEST_TURN: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_millis(5);

#[cfg(unix)]
mod owner {
    use std::{
        fs::{File, Metadata, OpenOptions},
        io,
        os::unix::fs::{MetadataExt, fchown},
        path::Path,
    };

    /// Opens the key file to lock it. A lock on NFS needs a file that is open for writing; a file
    /// of mode 0400 can only be read.
    pub(super) fn open_lock(target: &Path) -> io::Result<File> {
        let writing = OpenOptions::new().read(true).write(true).open(target);
        writing.or_else(|_| File::open(target))
    }

    /// Returns whether the locked file is the file with this metadata.
    pub(super) fn is_same(metadata: &Metadata, lock: &File) -> io::Result<bool> {
        let locked = lock.metadata()?;
        Ok((locked.dev(), locked.ino()) == (metadata.dev(), metadata.ino()))
    }

    /// Gives a new file the owner and the group of the old one. Otherwise a command that root runs
    /// would take the key file from the user of the service.
    pub(super) fn keep(new: &File, old: &Metadata) -> io::Result<()> {
        let made = new.metadata()?;
        if (made.uid(), made.gid()) == (old.uid(), old.gid()) {
            return Ok(());
        }
        fchown(new, Some(old.uid()), Some(old.gid()))
    }
}

/// Other systems do not let a process read a file that another process has locked, so the lock is
/// on an empty file next to it.
#[cfg(not(unix))]
mod owner {
    use std::{
        fs::{File, Metadata, OpenOptions},
        io,
        path::Path,
    };

    pub(super) fn open_lock(target: &Path) -> io::Result<File> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let lock = target.with_file_name(name);
        OpenOptions::new().write(true).create(true).truncate(false).open(lock)
    }

    pub(super) fn is_same(_: &Metadata, _: &File) -> io::Result<bool> {
        Ok(true)
    }

    pub(super) fn keep(_: &File, _: &Metadata) -> io::Result<()> {
        Ok(())
    }
}
