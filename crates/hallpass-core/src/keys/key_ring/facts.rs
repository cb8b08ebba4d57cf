//! The keys of a ring without their secrets, for lists and for comparing the rings of two nodes.

use crate::{
    keys::{
        algorithm::Algorithm,
        check_value::CheckValue,
        key_id::KeyId,
        key_ring::{KeyRing, RingEntry, StoredSecret},
    },
    time::unix_time::UnixTime,
};

/// A key of a ring without its secret. [`KeyRing::facts`] returns one per key.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyFacts<'k> {
    /// The name.
    pub id: &'k KeyId,
    /// The algorithm of a signing key, or `None` for an encryption key or a pepper.
    pub algorithm: Option<Algorithm>,
    /// The purpose.
    pub purpose: KeyPurpose,
    /// The state.
    pub state: KeyState,
    /// The time at which hallpass created the key, or `None` for a key of another source.
    pub created_at: Option<UnixTime>,
    /// The time from which signatures of the key are refused.
    pub accept_until: Option<UnixTime>,
    /// The check value.
    pub check_value: CheckValue,
}

/// The purpose of a key. It is exhaustive, because the key file has these and no others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyPurpose {
    /// Signs or verifies tokens.
    Signature,
    /// Encrypts secrets at rest.
    Encryption,
    /// Is part of password hashes.
    Pepper,
}

impl KeyPurpose {
    /// Returns the value of the member `use` in the key file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "sig",
            Self::Encryption => "enc",
            Self::Pepper => "pepper",
        }
    }
}

/// The state of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum KeyState {
    /// The key in use: it signs, encrypts or is part of new password hashes.
    InUse,
    /// A [published](KeyRing::publish) key: it verifies and does not sign yet, or it decrypts and
    /// does not encrypt yet.
    Published,
    /// An older key. Its signatures are accepted, or it decrypts, or it verifies password hashes.
    Accepted,
    /// A signing key whose signatures are no longer accepted.
    Over,
    /// An encryption key that only decrypts stored secrets, because somebody else may have it.
    Leaked,
}

impl KeyRing {
    /// Returns the keys without their secrets: the signing keys, the encryption keys and the
    /// peppers, each group with the key in use first. `now` decides which signing keys are over.
    pub fn facts(&self, now: UnixTime) -> impl Iterator<Item = KeyFacts<'_>> {
        let signing = self.entries.iter().map(move |entry| self.facts_of(entry, now));
        let encryption = facts_of_secrets(&self.encryption, KeyPurpose::Encryption);
        signing.chain(encryption).chain(facts_of_secrets(&self.peppers, KeyPurpose::Pepper))
    }

    /// Returns the check value of the key with this name: a signing key, an encryption key or a
    /// pepper. Returns `None` if the ring has no such key.
    pub fn check_value(&self, id: &KeyId) -> Option<CheckValue> {
        let found = self.facts(UnixTime::from_secs(0)).find(|facts| facts.id == id);
        found.map(|facts| facts.check_value)
    }

    /// Returns whether the rings have a key in common: the same secret under the same name. Two
    /// rings of one site always have one, because a rotation keeps older keys.
    pub fn shares_a_key_with(&self, other: &Self) -> bool {
        let start = UnixTime::from_secs(0);
        let of_other: Vec<_> = other.facts(start).map(|facts| facts.check_value).collect();
        self.facts(start).any(|facts| of_other.contains(&facts.check_value))
    }

    fn facts_of<'k>(&self, entry: &'k RingEntry, now: UnixTime) -> KeyFacts<'k> {
        let is_active = self.active.as_deref().is_some_and(|key| key.id() == entry.key.id());
        let state = match entry {
            _ if is_active => KeyState::InUse,
            RingEntry { is_published: true, .. } => KeyState::Published,
            entry if entry.is_accepted(now) => KeyState::Accepted,
            _ => KeyState::Over,
        };
        KeyFacts {
            id: entry.key.id(),
            algorithm: Some(entry.key.algorithm()),
            purpose: KeyPurpose::Signature,
            state,
            created_at: entry.created_at,
            accept_until: entry.accept_until,
            check_value: entry.key.check_value(),
        }
    }
}

fn facts_of_secrets(
    secrets: &[StoredSecret],
    purpose: KeyPurpose,
) -> impl Iterator<Item = KeyFacts<'_>> {
    let placed = secrets.iter().enumerate();
    placed.map(move |(place, secret)| facts_of_secret(secret, purpose, place))
}

fn facts_of_secret(secret: &StoredSecret, purpose: KeyPurpose, place: usize) -> KeyFacts<'_> {
    let state = match secret {
        StoredSecret { is_leaked: true, .. } => KeyState::Leaked,
        StoredSecret { is_published: true, .. } => KeyState::Published,
        _ if place == 0 => KeyState::InUse,
        _ => KeyState::Accepted,
    };
    KeyFacts {
        id: &secret.id,
        algorithm: None,
        purpose,
        state,
        created_at: secret.created_at,
        accept_until: None,
        check_value: CheckValue::of(&*secret.key, purpose, None, &secret.id),
    }
}
