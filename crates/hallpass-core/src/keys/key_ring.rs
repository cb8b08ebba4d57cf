//! The keys of a site: the one that signs, the older ones still accepted, those that seal secrets
//! at rest, and the peppers of password hashes.
//!
//! A ring is a value. [Rotation](KeyRing::rotated) makes another one, and [`Keys`](crate::Keys)
//! swaps it under the running verifier; so a request sees one ring from beginning to end and never
//! half of a change.

use std::{fmt, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::{
    keys::{
        algorithm::Algorithm, error::KeyRingError, key::Key, key_id::KeyId, key_maker::KeyMaker,
    },
    time::unix_time::UnixTime,
};

/// Keys by name, each name once.
///
/// ```
/// use std::time::Duration;
/// use hallpass_core::{KeyRing, UnixTime};
///
/// let now = UnixTime::from_secs(1_764_000_000);
/// let ring = KeyRing::generate_hs256([1; 32], now); // the bytes come from the operating system
/// let old = ring.active().unwrap().id();
///
/// let rotated = ring.rotated([2; 32], now, Duration::from_secs(900))?;
/// let new = rotated.active().unwrap().id();
/// assert_ne!(new, old);
/// assert_eq!(rotated.keys().count(), 2);
/// assert_eq!(rotated.retire(old)?.keys().count(), 1);
/// assert!(rotated.retire(new).is_err()); // the key that signs cannot be thrown away
/// # Ok::<(), hallpass_core::KeyRingError>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing {
    active: Option<Arc<Key>>,
    entries: Vec<RingEntry>,
    encryption: Vec<StoredSecret>,
    peppers: Vec<StoredSecret>,
}

/// A key of the ring and how long its signatures are accepted.
#[derive(Clone, Debug)]
pub struct RingEntry {
    key: Arc<Key>,
    accept_until: Option<UnixTime>,
}

#[derive(Clone)]
struct StoredSecret {
    id: KeyId,
    key: Zeroizing<[u8; 32]>,
}

impl KeyRing {
    /// A ring with a new HS256 key and a new encryption key, both derived from `random`, which
    /// comes from the operating system's source. `now` only names them.
    pub fn generate_hs256(random: [u8; 32], now: UnixTime) -> Self {
        let maker = KeyMaker::new(random, now);
        let ring =
            Self { encryption: Vec::from([maker.encryption_key().into()]), ..Self::default() };
        ring.sign_with(Arc::new(maker.hs256()))
    }

    /// A ring with a new key of this algorithm and a new encryption key; as
    /// [`generate_hs256`](Self::generate_hs256) otherwise.
    ///
    /// # Errors
    /// For RSA, with which hallpass signs nothing.
    pub fn generate(
        algorithm: Algorithm,
        random: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, KeyRingError> {
        let maker = KeyMaker::new(random, now);
        let ring =
            Self { encryption: Vec::from([maker.encryption_key().into()]), ..Self::default() };
        Ok(ring.sign_with(Arc::new(maker.key(algorithm)?)))
    }

    /// A ring that signs with this key and has no other.
    ///
    /// # Errors
    /// When the key only verifies.
    pub fn signing_with(key: Key) -> Result<Self, KeyRingError> {
        if !key.can_sign() {
            return Err(KeyRingError::CannotSign(key.id().clone()));
        }
        Ok(Self::default().sign_with(Arc::new(key)))
    }

    /// A ring with a new key in use, of the present one's algorithm, the present one accepted for
    /// `accept_old_for` longer. Keys whose time is over are left out; encryption keys stay.
    ///
    /// `accept_old_for` should be at least the lifetime of an access token, or users who signed in
    /// just before are signed out.
    ///
    /// # Errors
    /// When the ring signs nothing, or the new key cannot be made.
    pub fn rotated(
        &self,
        random: [u8; 32],
        now: UnixTime,
        accept_old_for: Duration,
    ) -> Result<Self, KeyRingError> {
        let old = self.active.as_deref().ok_or(KeyRingError::NoActiveKey)?;
        let new = KeyMaker::new(random, now).key(old.algorithm())?;
        self.refuse_known(new.id())?;
        let mut ring = self.clone();
        ring.entries.retain(|entry| entry.is_accepted(now));
        for entry in &mut ring.entries {
            if entry.key.id() == old.id() {
                entry.accept_until = Some(now.saturating_add(accept_old_for));
            }
        }
        Ok(ring.sign_with(Arc::new(new)))
    }

    /// A ring with a new encryption key in use; the older ones go on opening what they encrypted.
    pub fn with_new_encryption_key(&self, random: [u8; 32], now: UnixTime) -> Self {
        let mut ring = self.clone();
        ring.encryption.insert(0, KeyMaker::new(random, now).encryption_key().into());
        ring
    }

    /// A ring with a new pepper in use: new password hashes are made with it, and those of older
    /// peppers, or of none, go on being read and are made anew at the next sign-in of each
    /// account.
    ///
    /// A pepper that is [retired](Self::retire) shuts out every account whose hash was still made
    /// with it.
    pub fn with_new_pepper(&self, random: [u8; 32], now: UnixTime) -> Self {
        let mut ring = self.clone();
        ring.peppers.insert(0, KeyMaker::new(random, now).pepper().into());
        ring
    }

    /// A ring that accepts one more key, until a moment or without end.
    ///
    /// # Errors
    /// When the ring has a key of this name.
    pub fn accepting(&self, key: Key, until: Option<UnixTime>) -> Result<Self, KeyRingError> {
        self.refuse_known(key.id())?;
        let mut ring = self.clone();
        ring.entries.push(RingEntry { key: Arc::new(key), accept_until: until });
        Ok(ring)
    }

    /// A ring without this key: its signatures are refused from now on.
    ///
    /// # Errors
    /// When there is no such key, or it is the one in use, for signing, encrypting or hashing: put
    /// a new one in its place first.
    pub fn retire(&self, id: &KeyId) -> Result<Self, KeyRingError> {
        let stored = [self.encryption.first(), self.peppers.first()];
        let in_use = self
            .active
            .iter()
            .map(|key| key.id())
            .chain(stored.into_iter().flatten().map(|key| &key.id));
        if in_use.into_iter().any(|used| used == id) {
            return Err(KeyRingError::InUse(id.clone()));
        }
        if !self.knows(id) {
            return Err(KeyRingError::UnknownKey(id.clone()));
        }
        let mut ring = self.clone();
        ring.entries.retain(|entry| entry.key.id() != id);
        ring.encryption.retain(|key| &key.id != id);
        ring.peppers.retain(|key| &key.id != id);
        Ok(ring)
    }

    /// The key that signs; `None` for a ring that only verifies.
    pub fn active(&self) -> Option<&Key> {
        self.active.as_deref()
    }

    /// Every key that signs or signed, the active one first.
    pub fn keys(&self) -> impl Iterator<Item = &RingEntry> {
        self.entries.iter()
    }

    /// The keys that seal secrets at rest, the one in use first.
    pub fn encryption_keys(&self) -> impl Iterator<Item = (&KeyId, &[u8; 32])> {
        self.encryption.iter().map(|encryption| (&encryption.id, &*encryption.key))
    }

    /// The peppers of password hashes (argon2's secret value, RFC 9106 section 3.1), the one in use
    /// first; none unless one was added, because whoever loses a pepper loses every password.
    pub fn peppers(&self) -> impl Iterator<Item = (&KeyId, &[u8; 32])> {
        self.peppers.iter().map(|pepper| (&pepper.id, &*pepper.key))
    }

    /// The keys whose signatures are accepted now.
    pub(crate) fn accepted(&self, now: UnixTime) -> impl Iterator<Item = &Arc<Key>> {
        self.entries.iter().filter(move |entry| entry.is_accepted(now)).map(|entry| &entry.key)
    }

    /// Adds an encryption key behind the others.
    pub(crate) fn with_older_encryption_key(
        mut self,
        id: KeyId,
        key: Zeroizing<[u8; 32]>,
    ) -> Result<Self, KeyRingError> {
        self.refuse_known(&id)?;
        self.encryption.push(StoredSecret { id, key });
        Ok(self)
    }

    /// Adds a pepper behind the others.
    pub(crate) fn peppered_also_with(
        mut self,
        id: KeyId,
        key: Zeroizing<[u8; 32]>,
    ) -> Result<Self, KeyRingError> {
        self.refuse_known(&id)?;
        self.peppers.push(StoredSecret { id, key });
        Ok(self)
    }

    /// Puts the key of this name, which is in the ring, into use.
    pub(crate) fn activating(mut self, id: &str) -> Result<Self, KeyRingError> {
        let place = self.entries.iter().position(|entry| entry.key.id().as_str() == id);
        let entry =
            place.map(|place| self.entries.remove(place)).ok_or(KeyRingError::NoActiveKey)?;
        if entry.accept_until.is_some() {
            return Err(KeyRingError::Member { name: id.to_owned(), member: "accept_until" });
        }
        if !entry.key.can_sign() {
            return Err(KeyRingError::CannotSign(entry.key.id().clone()));
        }
        Ok(self.sign_with(entry.key))
    }

    /// The caller has seen to it that the key can sign and that its name is new.
    fn sign_with(mut self, key: Arc<Key>) -> Self {
        self.entries.insert(0, RingEntry { key: Arc::clone(&key), accept_until: None });
        self.active = Some(key);
        self
    }

    fn knows(&self, id: &KeyId) -> bool {
        let mut stored = self.encryption.iter().chain(&self.peppers);
        self.entries.iter().any(|entry| entry.key.id() == id) || stored.any(|key| &key.id == id)
    }

    fn refuse_known(&self, id: &KeyId) -> Result<(), KeyRingError> {
        if self.knows(id) { Err(KeyRingError::DuplicateName(id.clone())) } else { Ok(()) }
    }
}

impl RingEntry {
    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The moment from which its signatures are refused; `None` where no end is set.
    pub fn accept_until(&self) -> Option<UnixTime> {
        self.accept_until
    }

    fn is_accepted(&self, now: UnixTime) -> bool {
        self.accept_until.is_none_or(|until| now < until)
    }
}

impl From<(KeyId, Zeroizing<[u8; 32]>)> for StoredSecret {
    fn from((id, key): (KeyId, Zeroizing<[u8; 32]>)) -> Self {
        Self { id, key }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("active", &self.active.as_deref().map(Key::id))
            .field("keys", &self.entries)
            .field(
                "encryption_keys",
                &self.encryption.iter().map(|encryption| &encryption.id).collect::<Vec<_>>(),
            )
            .field("peppers", &self.peppers.iter().map(|pepper| &pepper.id).collect::<Vec<_>>())
            .finish()
    }
}
