//! The key ring as text: the key file, an environment variable, and a JWK Set to publish. [The JWK
//! Set of another issuer](crate::keys::jwks) is read elsewhere, by other rules.
//!
//! [`KeyRing::from_json`] documents the format. It is a JWK Set, so tools that read JWKs can read
//! it.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    keys::{
        error::KeyRingError,
        jwk::{Jwk, Purpose},
        key::Key,
        key_id::KeyId,
        key_ring::{KeyRing, RingEntry, StoredSecret},
    },
    time::unix_time::UnixTime,
};

#[derive(Serialize, Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<String>,
}

impl KeyRing {
    /// Reads the text of the key file: a JWK Set (RFC 7517 section 5) with members of hallpass:
    /// `active`, and `accept_until`, `created_at`, `published` and `leaked` of a key.
    ///
    /// ```json
    /// {
    ///   "keys": [
    ///     {"kty": "oct", "kid": "20261124-3fa91c2b", "alg": "HS256", "use": "sig", "k": "…", "created_at": 1795478400},
    ///     {"kty": "oct", "kid": "20261001-77ab0e12", "alg": "HS256", "use": "sig", "k": "…", "accept_until": 1795479300},
    ///     {"kty": "oct", "kid": "20261001-5d0c9f3e", "use": "enc", "k": "…"},
    ///     {"kty": "oct", "kid": "20261124-90f2c4d7", "use": "pepper", "k": "…"}
    ///   ],
    ///   "active": "20261124-3fa91c2b"
    /// }
    /// ```
    ///
    /// * `active` is the name of the key that signs. A ring without it verifies and does not sign.
    /// * `use` is `sig` for signatures, `enc` for encryption keys (32 bytes) for secrets at rest,
    ///   and `pepper` for the peppers (32 bytes) of password hashes. The first `enc` key and the
    ///   first `pepper` are in use.
    /// * `accept_until`, in Unix seconds, is the time from which a key's signatures are refused.
    ///   Without it they are accepted.
    /// * `created_at`, in Unix seconds, is the time at which hallpass created the key.
    /// * `published` marks a signing key that verifies and does not sign yet
    ///   ([`publish`](Self::publish)), or an encryption key that decrypts and does not encrypt yet
    ///   ([`publish_encryption`](Self::publish_encryption)). The first `enc` key cannot have it.
    /// * `leaked` marks an encryption key that decrypts stored secrets and is used for nothing else
    ///   ([`replace_leaked`](Self::replace_leaked)). The first `enc` key cannot have it.
    /// * `alg` may be omitted if the type has one algorithm. An `oct` key without it is for HS256,
    ///   an RSA key for RS256.
    ///
    /// The file contains secrets: write it with mode 0600.
    ///
    /// # Errors
    /// Returns an error if the text is not a key file, or if any key of it cannot be used. A key
    /// that cannot be used is not ignored, because its absence would only be noticed later.
    pub fn from_json(text: &str) -> Result<Self, KeyRingError> {
        let set = KeySet::parse(text)?;
        let mut ring = Self::default();
        for (place, jwk) in set.keys.iter().enumerate() {
            let id = named(jwk, place)?;
            match jwk.purpose() {
                Purpose::Signature => ring = ring.with_entry(signing_key(jwk, id)?)?,
                Purpose::Encrypting => {
                    ring = ring.with_older_encryption_key(stored_secret(jwk, id)?)?
                }
                Purpose::Pepper if jwk.leaked => return Err(member(&id, "leaked")),
                Purpose::Pepper if jwk.published => return Err(member(&id, "published")),
                Purpose::Pepper => ring = ring.peppered_also_with(stored_secret(jwk, id)?)?,
                Purpose::Other => return Err(member(&id, "use")),
            }
        }
        match set.active {
            Some(active) => ring.activating(&active),
            None if ring.keys().next().is_none() => Err(KeyRingError::Empty),
            None => Ok(ring),
        }
    }

    /// Reads the key file's text from an environment variable. An empty variable counts as unset.
    ///
    /// # Errors
    /// Returns an error if the variable is not set or is empty, and for the reasons of
    /// [`from_json`](Self::from_json).
    pub fn from_env(name: &str) -> Result<Self, KeyRingError> {
        let text = std::env::var(name).map(Zeroizing::new).ok().filter(|text| !text.is_empty());
        Self::from_json(&text.ok_or_else(|| KeyRingError::NoVariable(name.to_owned()))?)
    }

    /// Returns the text of the key file, including the secrets. The text is erased from memory when
    /// it is dropped.
    pub fn to_json(&self) -> Zeroizing<String> {
        let signing = self.keys().map(|entry| {
            let mut jwk = with_secrets(entry.key());
            jwk.accept_until = entry.accept_until().map(UnixTime::as_secs);
            jwk.created_at = entry.created_at().map(UnixTime::as_secs);
            jwk.published = entry.is_published();
            jwk
        });
        let encryption = self.stored_encryption_keys().iter().map(|key| of_stored(key, "enc"));
        let peppers = self.stored_peppers().iter().map(|key| of_stored(key, "pepper"));
        let keys = signing.chain(encryption).chain(peppers).collect();
        let active = self.active().map(|key| key.id().to_string());
        Zeroizing::new(KeySet { keys, active }.print())
    }

    /// Returns the public keys as a JWK Set (RFC 7517), for other services that verify the site's
    /// tokens. A ring of HMAC keys has no public keys: `{"keys":[]}`.
    pub fn to_jwks(&self) -> String {
        let keys = self.keys().filter_map(|entry| public_half(entry.key())).collect();
        KeySet { keys, active: None }.print()
    }
}

impl KeySet {
    fn parse(text: &str) -> Result<Self, KeyRingError> {
        // The message of serde_json can contain a part of the text, which is secret, so only the
        // position is kept.
        serde_json::from_str(text)
            .map_err(|error| KeyRingError::Json { line: error.line(), column: error.column() })
    }

    #[expect(
        clippy::expect_used,
        reason = "the value has strings and numbers only, which JSON can always write"
    )]
    fn print(&self) -> String {
        // The capacity is enough for the whole text. A buffer that grows leaves parts of the
        // secrets in freed memory.
        let mut json = Vec::with_capacity(ROOM_FOR_A_KEY * (self.keys.len() + 1));
        serde_json::to_writer(&mut json, self).expect("a JWK Set");
        String::from_utf8(json).expect("JSON is UTF-8")
    }
}

fn named(jwk: &Jwk, place: usize) -> Result<KeyId, KeyRingError> {
    let place = place.to_string();
    KeyId::parse(jwk.kid.as_deref().unwrap_or(&place))
        .map_err(|_| KeyRingError::Member { name: place, member: "kid" })
}

fn signing_key(jwk: &Jwk, id: KeyId) -> Result<RingEntry, KeyRingError> {
    let algorithm = jwk.algorithm().ok_or_else(|| member(&id, "alg"))?;
    if jwk.leaked {
        return Err(member(&id, "leaked"));
    }
    let refused = member(&id, "published");
    let key = jwk.to_key(id, algorithm)?;
    if jwk.published && (!key.can_sign() || jwk.accept_until.is_some()) {
        return Err(refused);
    }
    Ok(RingEntry::read(key, jwk.accept_until(), jwk.created_at(), jwk.published))
}

fn stored_secret(jwk: &Jwk, id: KeyId) -> Result<StoredSecret, KeyRingError> {
    let key = of_32_bytes(jwk, &id)?;
    let (is_leaked, is_published) = (jwk.leaked, jwk.published);
    Ok(StoredSecret { id, key, created_at: jwk.created_at(), is_leaked, is_published })
}

fn of_stored(secret: &StoredSecret, usage: &str) -> Jwk {
    let mut jwk = Jwk::of_secret(&secret.id, None, usage, &*secret.key);
    jwk.created_at = secret.created_at.map(UnixTime::as_secs);
    jwk.leaked = secret.is_leaked;
    jwk.published = secret.is_published;
    jwk
}

fn of_32_bytes(jwk: &Jwk, id: &KeyId) -> Result<Zeroizing<[u8; 32]>, KeyRingError> {
    let secret = jwk.secret(id.as_str())?;
    <[u8; 32]>::try_from(secret.as_slice()).map(Zeroizing::new).map_err(|_| member(id, "k"))
}

fn member(id: &KeyId, member: &'static str) -> KeyRingError {
    KeyRingError::Member { name: id.to_string(), member }
}

fn with_secrets(key: &Key) -> Jwk {
    #[cfg(feature = "asymmetric")]
    if let Some(pair) = key.pair() {
        return Jwk::of_both_halves(key.id(), key.algorithm(), pair);
    }
    Jwk::of_secret(key.id(), Some(key.algorithm()), "sig", key.secret().unwrap_or_default())
}

#[cfg(feature = "asymmetric")]
fn public_half(key: &Key) -> Option<Jwk> {
    key.pair().map(|pair| Jwk::of_public(key.id(), key.algorithm(), pair))
}

#[cfg(not(feature = "asymmetric"))]
fn public_half(_: &Key) -> Option<Jwk> {
    None
}

/// Bytes per key. The longest key with a secret is an ES384 key: about 430 bytes, and its name,
/// which has at most 128.
const ROOM_FOR_A_KEY: usize = 640;
