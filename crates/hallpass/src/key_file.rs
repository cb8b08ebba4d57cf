//! The file of the key ring. The start of a site creates it if the site is new. A running server
//! reads it again when it changes. Commands of an operator change an existing file and never create
//! one.
//!
//! A person who can read the file can log in as anybody, and a person who can replace it can choose
//! the keys. So it is created with mode 0600, and a file or directory that other users can write is
//! rejected. It is replaced atomically: a temporary file in the same directory gets owner, group
//! and mode of the key file, is synced to disk, and then gets the name of the key file. Processes
//! that change the file take turns ([`KeyFile::update`]).

mod change;
mod error;
mod read;
pub(crate) mod watched;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use hallpass_accounts::{NoRandomness, Random, SystemRandom};
use hallpass_core::{KeyId, KeyRing, KeyRingError, UnixTime};
use zeroize::Zeroizing;

pub use self::error::KeyFileError;
use self::{
    change::Turn,
    read::{Contents, text_of},
};

/// A key ring in a file.
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("hallpass-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// use std::time::Duration;
/// use hallpass::UnixTime;
/// use hallpass::keys::{KeyFile, KeyRing};
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let file = KeyFile::new(directory.join("site-keys.json"));
/// assert!(file.load().is_err(), "the file does not exist yet");
/// assert!(file.rotate(now, Duration::ZERO).is_err(), "no command creates it");
///
/// // `HallpassBuilder::key_file` creates the file at the first start of a site.
/// # let random = [7; 32];
/// file.create(&KeyRing::generate_hs256(random, now))?; // the bytes come from the operating system
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
    /// Returns a key file at this path. Does not read or create the file. A relative path is
    /// resolved in the current working directory, so that errors show where the file is expected.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { path: std::path::absolute(&path).unwrap_or(path) }
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

    /// Reads the key ring of an existing file. If other users can read the file, a warning is
    /// logged. If a killed process left a temporary file, it is removed.
    ///
    /// # Errors
    /// Returns an error if the file does not exist, cannot be read, can be written by other users,
    /// or does not contain a valid key ring.
    pub fn load(&self) -> Result<KeyRing, KeyFileError> {
        self.parse(&self.open()?)
    }

    /// Creates the file with this key ring, with mode 0600. An existing empty file is filled, and
    /// keeps its owner and mode.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn create(&self, ring: &KeyRing) -> Result<(), KeyFileError> {
        read::refuse_writable_directories(&self.path)?;
        let turn = Turn::create(&self.path)?;
        read::refuse_writable(&self.path, turn.metadata())?;
        turn.replace(ring)
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

    /// Adds a new signing key that verifies and does not sign yet, for nodes without a shared file.
    /// Copy the file to every node, and then [`activate`](Self::activate) the key.
    ///
    /// # Errors
    /// As [`update`](Self::update), and if the key ring has no signing key.
    pub fn publish(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| ring.publish(*random, now))
    }

    /// Signs with a [published](Self::publish) key. Without an `id` it is the only published key.
    /// The old key is still accepted for `accept_old_for`.
    ///
    /// # Errors
    /// As [`update`](Self::update), and if the key is not published, or if `id` is `None` and not
    /// exactly one key is published.
    pub fn activate(
        &self,
        id: Option<&KeyId>,
        now: UnixTime,
        accept_old_for: Duration,
    ) -> Result<KeyRing, KeyFileError> {
        self.update(|ring| ring.activate(id, now, accept_old_for))
    }

    /// Puts a new encryption key into use. The older keys still decrypt.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn rotate_encryption(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| Ok(ring.rotate_encryption(*random, now)))
    }

    /// Adds a new encryption key that decrypts and does not encrypt yet, for nodes without a shared
    /// file. Copy the file to every node, and then
    /// [`activate_encryption`](Self::activate_encryption).
    ///
    /// # Errors
    /// As [`update`](Self::update), and if the key ring has no encryption key.
    pub fn publish_encryption(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| ring.publish_encryption(*random, now))
    }

    /// Encrypts with the [published](Self::publish_encryption) encryption key. The older keys still
    /// decrypt.
    ///
    /// # Errors
    /// As [`update`](Self::update), and if not exactly one encryption key is published.
    pub fn activate_encryption(&self) -> Result<KeyRing, KeyFileError> {
        self.update(KeyRing::activate_encryption)
    }

    /// Replaces the keys after somebody else may have read the file: see
    /// [`KeyRing::replace_leaked`]. Every access token and every refresh token is rejected from then
    /// on.
    ///
    /// # Errors
    /// As [`update`](Self::update), and if the key ring has no signing key.
    pub fn replace_leaked(&self, now: UnixTime) -> Result<KeyRing, KeyFileError> {
        let random = random()?;
        self.update(|ring| ring.replace_leaked(*random, now))
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
    /// concurrent rotations, neither undoes the other. The lock is a lock on the key file itself
    /// (`flock`), so no second file needs the right owner.
    ///
    /// The file keeps its owner, group and mode. If the path is a symbolic link, the file that it
    /// leads to is replaced, and the link stays. Access control lists and extended attributes are
    /// not kept.
    ///
    /// The new text is first written to `NAME.tmp` in the directory of the file. If the process is
    /// killed, that file remains. It has the owner and the mode of the key file. The next
    /// [`load`](Self::load) or `update` removes it.
    ///
    /// # Errors
    /// Returns an error if the file does not exist or cannot be read or written, if `change` fails,
    /// or if another process still holds the lock after five seconds. The file is unchanged then.
    pub fn update(
        &self,
        change: impl FnOnce(&KeyRing) -> Result<KeyRing, KeyRingError>,
    ) -> Result<KeyRing, KeyFileError> {
        let turn = Turn::wait(&self.path)?;
        let ring = self.parse(&read::read(&self.path)?.text)?;
        let changed = change(&ring).map_err(|source| self.unusable(source))?;
        turn.replace(&changed)?;
        Ok(changed)
    }

    /// Reads the file as [`load`](Self::load) does, and returns its text, to find out later whether
    /// it has changed.
    fn open(&self) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let contents = read::read(&self.path)?;
        Turn::remove_leftover(&self.path);
        self.warn_if_exposed(&contents);
        Ok(contents.text)
    }

    fn warn_if_exposed(&self, contents: &Contents) {
        if contents.readable_by_others {
            let path = self.path.display();
            tracing::warn!(target: "hallpass", %path, "other users can read the key file and log in as anybody: run chmod o-rwx on it");
        }
    }

    fn parse(&self, text: &[u8]) -> Result<KeyRing, KeyFileError> {
        text_of(text).and_then(KeyRing::from_json).map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: KeyRingError) -> KeyFileError {
        KeyFileError::Unusable { path: self.path.clone(), source }
    }
}

fn random() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom.fill(&mut *bytes)?;
    Ok(bytes)
}
