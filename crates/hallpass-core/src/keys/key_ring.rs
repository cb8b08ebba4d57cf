//! The keys of a site: the key that signs, the older keys that are still accepted, the encryption
//! keys for secrets at rest, and the peppers of password hashes.
//!
//! A ring does not change. [Rotation](KeyRing::rotated) returns a new ring, and
//! [`Keys`](crate::Keys) replaces the ring of a running verifier. Each request therefore uses one
//! ring from beginning to end.

pub(crate) mod facts;
mod rotation;

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    keys::{
        algorithm::Algorithm, error::KeyRingError, key::Key, key_id::KeyId, key_maker::KeyMaker,
    },
    time::unix_time::UnixTime,
};

/// The keys of a site, each with a unique name: signing keys, encryption keys and peppers.
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
/// assert!(rotated.retire(new).is_err()); // the key that signs cannot be removed
/// # Ok::<(), hallpass_core::KeyRingError>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyRing {
    active: Option<Arc<Key>>,
    entries: Vec<RingEntry>,
    encryption: Vec<StoredSecret>,
    peppers: Vec<StoredSecret>,
}

/// A key of the ring, and the time until which its signatures are accepted.
#[derive(Clone, Debug)]
pub struct RingEntry {
    key: Arc<Key>,
    accept_until: Option<UnixTime>,
    created_at: Option<UnixTime>,
    is_published: bool,
}

/// An encryption key or a pepper.
#[derive(Clone)]
pub(crate) struct StoredSecret {
    pub(crate) id: KeyId,
    pub(crate) key: Zeroizing<[u8; 32]>,
    pub(crate) created_at: Option<UnixTime>,
    /// Whether the key only decrypts, because somebody else may have it.
    pub(crate) is_leaked: bool,
    /// Whether the key only decrypts, because some nodes may not have it yet.
    pub(crate) is_published: bool,
}

impl KeyRing {
    /// Creates a ring with a new HS256 key and a new encryption key. Both are derived from
    /// `random`, which must come from the operating system's random source. `now` is used only for
    /// the names of the keys.
    pub fn generate_hs256(random: [u8; 32], now: UnixTime) -> Self {
        let maker = KeyMaker::new(random, now);
        Self::of_new_encryption_key(&maker, now).sign_with(RingEntry::made(maker.hs256(), now))
    }

    /// Creates a ring with a new key of this algorithm and a new encryption key, as
    /// [`generate_hs256`](Self::generate_hs256) does.
    ///
    /// # Errors
    /// Returns an error for RSA, because hallpass signs nothing with RSA.
    pub fn generate(
        algorithm: Algorithm,
        random: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, KeyRingError> {
        let maker = KeyMaker::new(random, now);
        let signing = RingEntry::made(maker.key(algorithm)?, now);
        Ok(Self::of_new_encryption_key(&maker, now).sign_with(signing))
    }

    fn of_new_encryption_key(maker: &KeyMaker, now: UnixTime) -> Self {
        let encryption = Vec::from([StoredSecret::made(maker.encryption_key(), now)]);
        Self { encryption, ..Self::default() }
    }

    /// Creates a ring that signs with this key and has no other key. It has no encryption key,
    /// which second factors and refresh tokens require.
    ///
    /// # Errors
    /// Returns an error if the key can only verify.
    pub fn signing_with(key: Key) -> Result<Self, KeyRingError> {
        if !key.can_sign() {
            return Err(KeyRingError::CannotSign(key.id().clone()));
        }
        Ok(Self::default().sign_with(RingEntry::accepted(key, None)))
    }

    /// Returns a ring that also accepts signatures of this key, until a time. `None` means without
    /// end.
    ///
    /// # Errors
    /// Returns an error if the ring already has a key of this name.
    pub fn accepting(&self, key: Key, until: Option<UnixTime>) -> Result<Self, KeyRingError> {
        self.with_entry(RingEntry::accepted(key, until))
    }

    /// Returns a ring that accepts signatures of its keys until this time at the latest. It has the
    /// same keys, so a verifier keeps its verified tokens when such a ring replaces this one.
    ///
    /// Use it for keys that must be confirmed again and again, such as those of a remote JWK Set:
    /// without a confirmation, they are not accepted any more.
    #[must_use]
    pub fn accepted_until(&self, end: UnixTime) -> Self {
        let mut ring = self.clone();
        for entry in &mut ring.entries {
            entry.accept_until = Some(entry.accept_until.map_or(end, |until| until.min(end)));
        }
        ring
    }

    /// Adds a signing key after the others.
    pub(crate) fn with_entry(&self, entry: RingEntry) -> Result<Self, KeyRingError> {
        self.refuse_known(entry.key.id())?;
        let mut ring = self.clone();
        ring.entries.push(entry);
        Ok(ring)
    }

    /// Returns a ring without this key, which may be a signing key, an encryption key or a pepper.
    /// The new ring rejects the key's signatures, cannot decrypt the data that the key encrypted,
    /// and cannot verify the password hashes that use the pepper.
    ///
    /// # Errors
    /// Returns an error if there is no such key, or if the key is in use for signing, encrypting or
    /// hashing. In the second case, put a new key into use first.
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

    /// Returns the key that signs, or `None` for a ring that only verifies.
    pub fn active(&self) -> Option<&Key> {
        self.active.as_deref()
    }

    /// Returns the signing keys: the active key first, if the ring has one, and then the other
    /// keys. [`RingEntry::accept_until`] is the end of a key's acceptance.
    pub fn keys(&self) -> impl Iterator<Item = &RingEntry> {
        self.entries.iter()
    }

    /// Returns the keys that encrypt secrets at rest, and from which refresh tokens, links and
    /// codes are derived. The key in use is the first. [Leaked](Self::replace_leaked) keys are not
    /// among them, so nothing that was derived from a leaked key is accepted.
    pub fn encryption_keys(&self) -> impl Iterator<Item = (&KeyId, &[u8; 32])> {
        let usable = self.encryption.iter().filter(|encryption| !encryption.is_leaked);
        usable.map(|encryption| (&encryption.id, &*encryption.key))
    }

    /// Returns the keys that decrypt secrets at rest: the [encryption keys](Self::encryption_keys)
    /// and the leaked ones. The key in use is the first.
    ///
    /// Use them for nothing but the decryption of stored secrets. Data that a client sends may have
    /// been made by a person who has a leaked key.
    pub fn decryption_keys(&self) -> impl Iterator<Item = (&KeyId, &[u8; 32])> {
        self.encryption.iter().map(|encryption| (&encryption.id, &*encryption.key))
    }

    /// Returns the peppers of password hashes (argon2's secret value, RFC 9106 section 3.1). The
    /// pepper in use is the first. A ring has no pepper unless one was added, because the loss of a
    /// pepper makes every password hash unusable.
    pub fn peppers(&self) -> impl Iterator<Item = (&KeyId, &[u8; 32])> {
        self.peppers.iter().map(|pepper| (&pepper.id, &*pepper.key))
    }

    /// Returns the keys whose signatures are accepted at this time.
    pub(crate) fn accepted(&self, now: UnixTime) -> impl Iterator<Item = &Arc<Key>> {
        self.entries.iter().filter(move |entry| entry.is_accepted(now)).map(|entry| &entry.key)
    }

    /// Adds an encryption key after the others. The first key is in use, so it must not have
    /// leaked, and is not only published.
    pub(crate) fn with_older_encryption_key(
        mut self,
        secret: StoredSecret,
    ) -> Result<Self, KeyRingError> {
        self.refuse_known(&secret.id)?;
        let member = |member| KeyRingError::Member { name: secret.id.to_string(), member };
        match &secret {
            StoredSecret { is_leaked: true, .. } if self.encryption.is_empty() => {
                return Err(member("leaked"));
            }
            StoredSecret { is_published: true, is_leaked, .. }
                if *is_leaked || self.encryption.is_empty() =>
            {
                return Err(member("published"));
            }
            _ => {}
        }
        self.encryption.push(secret);
        Ok(self)
    }

    /// Adds a pepper after the others.
    pub(crate) fn peppered_also_with(mut self, secret: StoredSecret) -> Result<Self, KeyRingError> {
        self.refuse_known(&secret.id)?;
        self.peppers.push(secret);
        Ok(self)
    }

    /// Returns the encryption keys, or the peppers, as stored.
    pub(crate) fn stored_encryption_keys(&self) -> &[StoredSecret] {
        &self.encryption
    }

    pub(crate) fn stored_peppers(&self) -> &[StoredSecret] {
        &self.peppers
    }

    /// Puts the key of this name, which must be in the ring, into use.
    pub(crate) fn activating(mut self, id: &str) -> Result<Self, KeyRingError> {
        let place = self.entries.iter().position(|entry| entry.key.id().as_str() == id);
        let entry =
            place.map(|place| self.entries.remove(place)).ok_or(KeyRingError::NoActiveKey)?;
        let member = |member| KeyRingError::Member { name: id.to_owned(), member };
        if entry.accept_until.is_some() {
            return Err(member("accept_until"));
        }
        if entry.is_published {
            return Err(member("published"));
        }
        if !entry.key.can_sign() {
            return Err(KeyRingError::CannotSign(entry.key.id().clone()));
        }
        Ok(self.sign_with(entry))
    }

    /// Puts a key into use. The caller has checked that the key can sign and that its name is new.
    fn sign_with(mut self, entry: RingEntry) -> Self {
        self.active = Some(Arc::clone(&entry.key));
        self.entries.insert(0, entry);
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
    /// Returns the key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the time from which the key's signatures are refused, or `None` if they are accepted
    /// without end.
    pub fn accept_until(&self) -> Option<UnixTime> {
        self.accept_until
    }

    /// Returns the time at which hallpass created the key, or `None` for a key of another source.
    pub fn created_at(&self) -> Option<UnixTime> {
        self.created_at
    }

    /// Returns whether the key is [published](KeyRing::publish) and not yet
    /// [activated](KeyRing::activate).
    pub fn is_published(&self) -> bool {
        self.is_published
    }

    /// A key of another source, whose signatures are accepted.
    fn accepted(key: Key, accept_until: Option<UnixTime>) -> Self {
        Self { key: Arc::new(key), accept_until, created_at: None, is_published: false }
    }

    /// A key that is created now.
    fn made(key: Key, now: UnixTime) -> Self {
        Self { created_at: Some(now), ..Self::accepted(key, None) }
    }

    pub(crate) fn read(
        key: Key,
        accept_until: Option<UnixTime>,
        created_at: Option<UnixTime>,
        is_published: bool,
    ) -> Self {
        Self { created_at, is_published, ..Self::accepted(key, accept_until) }
    }

    fn is_accepted(&self, now: UnixTime) -> bool {
        self.accept_until.is_none_or(|until| now < until)
    }
}

impl StoredSecret {
    /// A secret that is created now.
    fn made((id, key): (KeyId, Zeroizing<[u8; 32]>), now: UnixTime) -> Self {
        Self { id, key, created_at: Some(now), is_leaked: false, is_published: false }
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
