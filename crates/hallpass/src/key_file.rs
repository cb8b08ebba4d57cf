//! The key ring's file: made by the first process that needs it, replaced whole, read again while
//! the server runs.
//!
//! Whoever reads the file can sign in as anybody, so it is made with mode 0600. It is never half
//! written: its text goes to a temporary file beside it and reaches the disk there, and only then
//! gets the name. Of processes that start together, one gives it the name, and the others take what
//! they find; of those that change it, each waits for the one before ([`KeyFile::update`]).

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
/// assert!(file.load().is_err(), "it is not there yet");
///
/// let made = file.load_or_make(now)?;
/// let found = file.load_or_make(now)?;
/// assert_eq!(made.active().unwrap().id(), found.active().unwrap().id());
///
/// let rotated = file.rotate(now, Duration::from_secs(3600))?; // a running server takes it up within a second
/// assert_eq!(rotated.keys().count(), 2);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Names the file. Nothing is read or made.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Names the file that belongs to a database: `site-keys.json` beside `site.db`.
    pub fn beside(database: impl AsRef<Path>) -> Self {
        let database = database.as_ref();
        let mut name = database.file_stem().unwrap_or_default().to_owned();
        name.push("-keys.json");
        Self::new(database.with_file_name(name))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the ring.
    ///
    /// # Errors
    /// The file cannot be read, or holds no key ring.
    pub fn load(&self) -> Result<KeyRing, KeyFileError> {
        self.parse(&self.read()?)
    }

    /// Reads the ring; makes the file with a fresh HS256 key and a fresh encryption key where there
    /// is none.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds no key ring.
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

    /// Makes the file with this ring in it.
    ///
    /// # Errors
    /// The file is there already, or cannot be written.
    pub fn create(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        let temporary =
            Temporary::write(&self.path, ring).map_err(|source| self.cannot_write(source))?;
        // A hard link, unlike a rename, fails where the name is taken: so the first one wins, and
        // its text is whole.
        match fs::hard_link(&temporary.path, &self.path) {
            Ok(()) => sync_directory(&self.path).map_err(|source| self.cannot_write(source)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeyFileError::Exists { path: self.path.clone() })
            }
            Err(source) => Err(self.cannot_write(source)),
        }
    }

    /// Puts a new signing key into use. The present one is accepted for `accept_old_for` longer,
    /// which must not be less than the life of an access token, or whoever signed in just
    /// before is signed out.
    ///
    /// # Errors
    /// As [`update`](Self::update), or the ring in it signs nothing.
    pub fn rotate(&self, now: UnixTime, accept_old_for: Duration) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| ring.rotated(*random, now, accept_old_for))
    }

    /// Puts a new pepper into use: new password hashes are made with it, and each older hash at the
    /// next sign-in of its account.
    ///
    /// From then on the file is as precious as the database: whoever loses a pepper loses every
    /// password that was made with it.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn add_pepper(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| Ok(ring.with_new_pepper(*random, now)))
    }

    /// Reads the ring, changes it and puts it back, while no other process does: of two rotations
    /// at the same moment, neither undoes the other. They take turns by a lock on a file beside
    /// it, which stays there, empty.
    ///
    /// # Errors
    /// The file cannot be read or written, the ring cannot be changed so, or another process is not
    /// done with it after five seconds; nothing is changed then.
    pub fn update(
        &self,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing, KeyRingError>,
    ) -> Result<KeyRing, KeyFileError> {
        let _turn = self.turn()?;
        let changed = change(&self.load()?).map_err(|source| self.unusable(source))?;
        self.save(&changed)?;
        Ok(changed)
    }

    /// Puts this ring in the place of the one in the file, which keeps its mode, whatever the file
    /// holds by then: [`update`](Self::update) loses nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        self.replace(ring).map_err(|source| self.cannot_write(source))
    }

    /// The file's text, for whoever wants to know whether it has changed.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, KeyFileError> {
        let text = fs::read_to_string(&self.path);
        text.map(Zeroizing::new)
            .map_err(|source| KeyFileError::Read { path: self.path.clone(), source })
    }

    pub(crate) fn parse(&self, text: &str) -> Result<KeyRing, KeyFileError> {
        KeyRing::from_json(text).map_err(|source| self.unusable(source))
    }

    /// Waits until nobody else changes the file. The turn ends when the answer is dropped, and with
    /// the process.
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

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It is not there, or may not be read.
    #[error("the key file {} cannot be read: name one that is there, or let the server read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is to be made and is there already.
    #[error("the key file {} is there already: name another, or remove that one first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made or replaced.
    #[error("the key file {} cannot be written: create its directory, or let the server write there", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process changes it, and is not done.
    #[error("the key file {} is being changed by another process: try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It holds no key ring that can be used.
    #[error("the key file {} cannot be used: fix it, or restore a copy", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the mend.
        source: KeyRingError,
    },
    /// There were no random bytes to make a key of.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

fn random() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom.fill(&mut *bytes)?;
    Ok(bytes)
}

/// How a file is opened that is its owner's alone.
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

/// The whole text, on the disk, under a name that nobody looks for. Goes when dropped, unless it
/// was renamed.
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
        // Where it was renamed there is nothing to remove, and a file that stays harms nobody: its
        // mode is 0600.
        let _ = fs::remove_file(&self.path);
    }
}

/// A name reaches the disk with its directory. Were the keys lost in a power cut that the database
/// outlives, nobody's second factor could be opened any more.
fn sync_directory(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// A turn takes some milliseconds; who has one for longer is stuck.
const LONGEST_TURN: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A key file whose changes are taken up while the server runs: the file, and its text when it was
/// last looked at. The text is compared, not the time: a rotation within the clock's grain, or a
/// restored backup with an old time, is a change too.
pub(crate) struct WatchedKeyFile {
    file: KeyFile,
    seen: Zeroizing<String>,
    is_unreadable: bool,
}

impl WatchedKeyFile {
    /// Reads the file, which is made where there is none.
    pub(crate) fn open(file: KeyFile, now: UnixTime) -> Result<(KeyRing, Self), KeyFileError> {
        file.load_or_make(now)?;
        // Read again, so that the ring and the text that later ones are compared with belong
        // together.
        let seen = file.read()?;
        let ring = file.parse(&seen)?;
        Ok((ring, Self { file, seen, is_unreadable: false }))
    }

    /// Puts a changed ring into use. A file that is gone or of no use leaves the last good ring in
    /// use and is logged, once.
    pub(crate) async fn take_up_changes(&mut self, keys: &Keys) {
        let file = self.file.clone();
        // A disk may be slow; the runtime's threads are for requests.
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
                tracing::info!(target: "hallpass", active, "took up the changed key file");
            }
            Err(error) => complain(&error),
        }
        self.seen = text;
    }
}

fn complain(error: &KeyFileError) {
    tracing::error!(target: "hallpass", %error, "the keys that were read last stay in use");
}
