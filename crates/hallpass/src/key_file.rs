//! The file of the key ring. The first process that needs the file creates it. A running server
//! reads it again when it changes.
//!
//! A person who can read the file can log in as anybody, so the file is created with mode 0600. It
//! is replaced atomically: the text is written to a temporary file in the same directory and synced
//! to disk, and then the temporary file gets the name of the key file. If several processes start
//! concurrently, one of them creates the key file and the others read it. Processes that change the
//! file take turns ([`KeyFile::update`]).

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use hallpass_accounts::{NoRandomness, Random, SystemRandom};
use hallpass_core::{KeyRing, KeyRingError, Keys, UnixTime};
use zeroize::Zeroizing;

/// A key ring in a file.
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("hallpass-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// use std::time::Duration;
/// use hallpass::UnixTime;
/// use hallpass::keys::KeyFile;
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let file = KeyFile::new(directory.join("site-keys.json"));
/// assert!(file.load().is_err(), "the file does not exist yet");
///
/// let made = file.load_or_make(now)?;
/// let found = file.load_or_make(now)?;
/// assert_eq!(made.active().unwrap().id(), found.active().unwrap().id());
///
/// let rotated = file.rotate(now, Duration::from_secs(3600))?; // a running server reloads it within a second
/// assert_eq!(rotated.keys().count(), 2);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Returns a key file at this path. Does not read or create the file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the key file of a database, in the same directory: `site-keys.json` for `site.db`.
    pub fn beside(database: impl AsRef<Path>) -> Self {
        let database = database.as_ref();
        let mut name = database.file_stem().unwrap_or_default().to_owned();
        name.push("-keys.json");
        Self::new(database.with_file_name(name))
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key ring.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or does not contain a valid key ring.
    pub fn load(&self) -> Result<KeyRing, KeyFileError> {
        self.parse(&self.read()?)
    }

    /// Reads the key ring. If the file does not exist, creates it with a new HS256 key and a new
    /// encryption key.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or created, or does not contain a valid key
    /// ring.
    pub fn load_or_make(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        if let Err(KeyFileError::Read { source, .. }) = self.read()
            && source.kind() == io::ErrorKind::NotFound
        {
            let ring = KeyRing::generate_hs256(*random()?, now);
            match self.create(&ring) {
                Ok(()) | Err(KeyFileError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.load()
    }

    /// Creates the file with this key ring.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn create(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        let temporary =
            Temporary::write(&self.path, ring).map_err(|source| self.cannot_write(source))?;
        // Unlike a rename, a hard link fails if the name exists. So the first process creates the
        // file, and the file is complete.
        match fs::hard_link(&temporary.path, &self.path) {
            Ok(()) => sync_directory(&self.path).map_err(|source| self.cannot_write(source)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeyFileError::Exists { path: self.path.clone() })
            }
            Err(source) => Err(self.cannot_write(source)),
        }
    }

    /// Puts a new signing key into use. The old key is still accepted for `accept_old_for`. If that
    /// is less than the lifetime of an access token, people who logged in just before the rotation
    /// are logged out.
    ///
    /// # Errors
    /// As [`update`](Self::update), and if the key ring has no signing key.
    pub fn rotate(&self, now: UnixTime, accept_old_for: Duration) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| ring.rotated(*random, now, accept_old_for))
    }

    /// Puts a new pepper into use. New password hashes use it, and each older hash is replaced at
    /// the next login of its account.
    ///
    /// Back up the file like the database: without a pepper, no password hash that was made with
    /// it can be verified.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn add_pepper(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| Ok(ring.with_new_pepper(*random, now)))
    }

    /// Reads the key ring, changes it and writes it back, while no other process does: of two
    /// concurrent rotations, neither undoes the other. The lock is an empty `.lock` file in the
    /// same directory, which is not removed.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or written, if `change` fails, or if another
    /// process still holds the lock after five seconds. The file is unchanged then.
    pub fn update(
        &self,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing, KeyRingError>,
    ) -> Result<KeyRing, KeyFileError> {
        let _turn = self.turn()?;
        let changed = change(&self.load()?).map_err(|source| self.unusable(source))?;
        self.save(&changed)?;
        Ok(changed)
    }

    /// Replaces the key ring in the file. The file keeps its mode. A concurrent change by another
    /// process is lost; [`update`](Self::update) prevents that.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn save(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        self.replace(ring).map_err(|source| self.cannot_write(source))
    }

    /// Returns the text of the file, to find out whether it has changed.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, KeyFileError> {
        let text = fs::read_to_string(&self.path);
        text.map(Zeroizing::new)
            .map_err(|source| KeyFileError::Read { path: self.path.clone(), source })
    }

    pub(crate) fn parse(&self, text: &str) -> Result<KeyRing, KeyFileError> {
        KeyRing::from_json(text).map_err(|source| self.unusable(source))
    }

    /// Waits for the lock on the file. The lock is released when the returned value is dropped, and
    /// when the process ends.
    fn turn(&self) -> Result<File, KeyFileError> {
        let start = Instant::now();
        let lock = private().create(true).open(named_after(&self.path, ".lock"));
        let lock = lock.map_err(|source| self.cannot_write(source))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if start.elapsed() < LONGEST_TURN => {
                    thread::sleep(AGAIN_AFTER)
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(KeyFileError::Busy { path: self.path.clone() });
                }
                Err(TryLockError::Error(source)) => return Err(self.cannot_write(source)),
            }
        }
    }

    fn replace(&self, ring: &KeyRing) -> io::Result<()> {
        let temporary = Temporary::write(&self.path, ring)?;
        if let Ok(present) = fs::metadata(&self.path) {
            fs::set_permissions(&temporary.path, present.permissions())?;
        }
        fs::rename(&temporary.path, &self.path)?;
        sync_directory(&self.path)
    }

    fn cannot_write(&self, source: io::Error) -> KeyFileError {
        KeyFileError::Write { path: self.path.clone(), source }
    }

    fn unusable(&self, source: KeyRingError) -> KeyFileError {
        KeyFileError::Unusable { path: self.path.clone(), source }
    }
}

/// A fault of a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file does not exist, or this process may not read it.
    #[error("the key file {} cannot be read: check its path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file to create already exists.
    #[error("the key file {} already exists: choose another path, or remove the file first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be created or replaced.
    #[error("the key file {} cannot be written: create its directory, or give the server write permission", path.display())]
    Write {
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

fn random() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom.fill(&mut *bytes)?;
    Ok(bytes)
}

/// Options that create a file which only its owner can read (mode 0600).
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn named_after(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    file.with_file_name(name)
}

/// A complete file with a temporary name, synced to disk. It is removed when this value is dropped,
/// unless it was renamed.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(beside: &Path, ring: &KeyRing) -> io::Result<Self> {
        let mut number = [0; 8];
        SystemRandom.fill(&mut number).map_err(io::Error::other)?;
        let path = named_after(beside, &format!(".{:016x}.tmp", u64::from_ne_bytes(number)));
        let mut file = private().create_new(true).open(&path)?;
        let temporary = Self { path };
        file.write_all(ring.to_json().as_bytes())?;
        file.sync_all()?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is no file to remove. If the removal fails, the file stays with mode
        // 0600.
        let _ = fs::remove_file(&self.path);
    }
}

/// Syncs the directory, because a new name of a file is on disk only after that. Otherwise a power
/// failure could lose the keys but not the database, and no second factor could be decrypted.
fn sync_directory(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// A change takes a few milliseconds. A process that holds the lock for longer than this hangs.
const LONGEST_TURN: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A key file that is reloaded when it changes: the file, and its text when it was last read. The
/// text is compared and not the modification time, which misses two changes within the resolution
/// of the clock and a restored backup with an old time.
pub(crate) struct WatchedKeyFile {
    file: KeyFile,
    seen: Zeroizing<String>,
    is_unreadable: bool,
}

impl WatchedKeyFile {
    /// Reads the file. Creates the file if it does not exist.
    pub(crate) fn open(file: KeyFile, now: UnixTime) -> Result<(KeyRing, Self), KeyFileError> {
        file.load_or_make(now)?;
        // Read the file again, so that `ring` is parsed from `seen`, the text that later texts are
        // compared with.
        let seen = file.read()?;
        let ring = file.parse(&seen)?;
        Ok((ring, Self { file, seen, is_unreadable: false }))
    }

    /// Puts a changed key ring into use. If the file is missing or not valid, the last valid ring
    /// stays in use and one error is logged.
    pub(crate) async fn take_up_changes(&mut self, keys: &Keys) {
        let file = self.file.clone();
        // A slow disk must not block the threads that serve requests.
        let Ok(text) = tokio::task::spawn_blocking(move || file.read()).await else { return };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    complain(&error);
                }
                return;
            }
        };
        self.is_unreadable = false;
        if text == self.seen {
            return;
        }
        match self.file.parse(&text) {
            Ok(ring) => {
                let active = ring.active().map(|key| key.id().to_string());
                keys.replace(ring);
                tracing::info!(target: "hallpass", active, "reloaded the changed key file");
            }
            Err(error) => complain(&error),
        }
        self.seen = text;
    }
}

fn complain(error: &KeyFileError) {
    tracing::error!(target: "hallpass", %error, "cannot reload the key file, the previous keys stay in use");
}
