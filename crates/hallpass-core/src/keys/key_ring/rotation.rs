//! New keys: rotation in one step and in two, new encryption keys and peppers, and the replacement
//! of a ring that leaked.
//!
//! Each function returns a new ring. `random` must come from the operating system's random source.

use std::time::Duration;

use crate::{
    keys::{
        error::KeyRingError,
        key_id::KeyId,
        key_maker::KeyMaker,
        key_ring::{KeyRing, RingEntry, StoredSecret},
    },
    time::unix_time::UnixTime,
};

impl KeyRing {
    /// Returns a ring with a new active key of the same algorithm. Signatures of the previous
    /// active key are still accepted for the time `accept_old_for` after `now`. Keys whose
    /// `accept_until` has passed are removed. Encryption keys and peppers are kept.
    ///
    /// `accept_old_for` should be at least the lifetime of an access token. With a shorter value,
    /// access tokens of the previous key are rejected before they expire.
    ///
    /// The new key signs immediately, so every node must read the new ring before it receives such
    /// a token. On nodes without a shared file, [`publish`](Self::publish) the key first.
    ///
    /// # Errors
    /// Returns an error if the ring does not sign, or if the new key cannot be created.
    pub fn rotated(
        &self,
        random: [u8; 32],
        now: UnixTime,
        accept_old_for: Duration,
    ) -> Result<Self, KeyRingError> {
        let new = self.new_signing_key(random, now)?;
        Ok(self.signing_instead(new, now, accept_old_for))
    }

    /// Returns a ring with a new signing key of the same algorithm that verifies and does not sign
    /// yet: the first step of a rotation on nodes without a shared file. Once every node has the
    /// new ring, [`activate`](Self::activate) is the second step. No node then receives a token of
    /// a key that it does not have.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hallpass_core::{KeyRing, UnixTime};
    ///
    /// let now = UnixTime::from_secs(1_764_000_000);
    /// let ring = KeyRing::generate_hs256([1; 32], now);
    /// let published = ring.publish([2; 32], now)?;
    /// assert_eq!(published.active().unwrap().id(), ring.active().unwrap().id());
    /// assert_eq!(published.keys().count(), 2);
    ///
    /// let activated = published.activate(None, now, Duration::from_secs(900))?;
    /// assert_ne!(activated.active().unwrap().id(), ring.active().unwrap().id());
    /// assert!(ring.activate(None, now, Duration::ZERO).is_err(), "no key is published");
    /// # Ok::<(), hallpass_core::KeyRingError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the ring does not sign, or if the new key cannot be created.
    pub fn publish(&self, random: [u8; 32], now: UnixTime) -> Result<Self, KeyRingError> {
        let new = self.new_signing_key(random, now)?;
        self.with_entry(RingEntry { is_published: true, ..new })
    }

    /// Returns a ring that signs with a [published](Self::publish) key: the second step of a
    /// rotation on nodes without a shared file. Without an `id` it is the only published key. The
    /// previous active key is accepted as after [`rotated`](Self::rotated).
    ///
    /// # Errors
    /// Returns an error if no key of this name is published, or if `id` is `None` and not exactly
    /// one key is published.
    pub fn activate(
        &self,
        id: Option<&KeyId>,
        now: UnixTime,
        accept_old_for: Duration,
    ) -> Result<Self, KeyRingError> {
        let mut published = self.entries.iter().filter(|entry| entry.is_published);
        let chosen = match id {
            Some(id) => published
                .find(|entry| entry.key.id() == id)
                .ok_or_else(|| KeyRingError::NotPublished(id.clone()))?,
            None => match (published.next(), published.next()) {
                (Some(only), None) => only,
                (None, _) => return Err(KeyRingError::NothingPublished),
                (Some(_), Some(_)) => return Err(KeyRingError::SeveralPublished),
            },
        };
        let mut others = self.clone();
        others.entries.retain(|entry| entry.key.id() != chosen.key.id());
        let chosen = RingEntry { is_published: false, ..chosen.clone() };
        Ok(others.signing_instead(chosen, now, accept_old_for))
    }

    /// Returns a ring with a new encryption key in use. The older keys still decrypt the data that
    /// they encrypted, and sessions continue. An older key may be [retired](Self::retire) once every
    /// stored secret is encrypted with the new key.
    pub fn rotate_encryption(&self, random: [u8; 32], now: UnixTime) -> Self {
        let mut ring = self.clone();
        let new = StoredSecret::made(KeyMaker::new(random, now).encryption_key(), now);
        ring.encryption.insert(0, new);
        ring
    }

    /// Returns a ring with a new encryption key that decrypts and does not encrypt yet: the first
    /// step of a rotation on nodes without a shared file. Once every node has the new ring,
    /// [`activate_encryption`](Self::activate_encryption) is the second step. No node then reads a
    /// secret or a refresh token of a key that it does not have.
    ///
    /// # Errors
    /// Returns an error if the ring has no encryption key in use.
    pub fn publish_encryption(
        &self,
        random: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, KeyRingError> {
        let new = StoredSecret::made(KeyMaker::new(random, now).encryption_key(), now);
        self.clone().with_older_encryption_key(StoredSecret { is_published: true, ..new })
    }

    /// Returns a ring that encrypts with the published encryption key: the second step of a
    /// rotation on nodes without a shared file. The older keys still decrypt.
    ///
    /// # Errors
    /// Returns an error if not exactly one encryption key is published.
    pub fn activate_encryption(&self) -> Result<Self, KeyRingError> {
        let published = |key: &StoredSecret| key.is_published;
        let place = self.encryption.iter().position(published);
        let place = place.ok_or(KeyRingError::NothingPublished)?;
        let mut ring = self.clone();
        let chosen = ring.encryption.remove(place);
        if ring.encryption.iter().any(published) {
            return Err(KeyRingError::SeveralPublished);
        }
        ring.encryption.insert(0, StoredSecret { is_published: false, ..chosen });
        Ok(ring)
    }

    /// Returns a ring with a new pepper in use. New password hashes use the new pepper. Password
    /// hashes with an older pepper or without one are still verified, and are replaced at the next
    /// login of each account.
    ///
    /// If a pepper is [retired](Self::retire), the accounts whose hash still uses it cannot log in.
    pub fn with_new_pepper(&self, random: [u8; 32], now: UnixTime) -> Self {
        let mut ring = self.clone();
        ring.peppers.insert(0, StoredSecret::made(KeyMaker::new(random, now).pepper(), now));
        ring
    }

    /// Returns the ring that replaces this one after somebody else may have read it.
    ///
    /// - A new key of the same algorithm signs. Every older key that can sign is gone, so no token
    ///   that it signed is accepted. Public keys of other issuers stay.
    /// - A new encryption key is in use. The older ones are marked as leaked: they decrypt the
    ///   stored secrets of second factors and are used for nothing else. Refresh tokens, links and
    ///   codes under them are rejected.
    /// - If the ring has a pepper, a new one is in use. The older ones still verify the hashes that
    ///   were made with them, or nobody could log in.
    ///
    /// Encrypt the stored secrets again, and then [`retire`](Self::retire) the leaked keys. A person
    /// with the leaked ring **and** a copy of the database has the secrets of the second factors.
    ///
    /// # Errors
    /// Returns an error if the ring does not sign, or if the new key cannot be created.
    pub fn replace_leaked(&self, random: [u8; 32], now: UnixTime) -> Result<Self, KeyRingError> {
        let signing = self.new_signing_key(random, now)?;
        let mut ring = self.rotate_encryption(random, now);
        ring.entries.retain(|entry| !entry.key.can_sign());
        for older in ring.encryption.iter_mut().skip(1) {
            older.is_leaked = true;
            older.is_published = false;
        }
        if !ring.peppers.is_empty() {
            ring = ring.with_new_pepper(random, now);
        }
        Ok(ring.sign_with(signing))
    }

    /// Creates a key of the active key's algorithm.
    fn new_signing_key(&self, random: [u8; 32], now: UnixTime) -> Result<RingEntry, KeyRingError> {
        let active = self.active.as_deref().ok_or(KeyRingError::NoActiveKey)?;
        let new = KeyMaker::new(random, now).key(active.algorithm())?;
        self.refuse_known(new.id())?;
        Ok(RingEntry::made(new, now))
    }

    /// Puts a key that is not in the ring into use, and limits the acceptance of the previous one.
    fn signing_instead(&self, new: RingEntry, now: UnixTime, accept_old_for: Duration) -> Self {
        let mut ring = self.clone();
        ring.entries.retain(|entry| entry.is_accepted(now));
        let old = self.active.as_deref();
        for entry in &mut ring.entries {
            if old.is_some_and(|old| old.id() == entry.key.id()) {
                entry.accept_until = Some(now.saturating_add(accept_old_for));
            }
        }
        ring.sign_with(new)
    }
}
