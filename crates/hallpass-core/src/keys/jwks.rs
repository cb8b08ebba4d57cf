//! The JWK Set of another issuer (RFC 7517 section 5).
//!
//! The set is not under the control of the site, so each key is judged alone: a key that cannot be
//! used is ignored and the others are used. If one such key made the whole set unusable, the keys
//! that the issuer has withdrawn would stay in use. The key file has the opposite rule, because a
//! site writes it itself.
//!
//! The text has at most the length that the caller allows. Its keys are not parsed before they are
//! counted, and unknown members are skipped without recursion, so that neither the number nor the
//! depth of its values costs memory. The tests `unusable_keys_of_a_jwks_are_ignored` and
//! `keys_of_one_name_are_not_guessed` are in `tests/core/key_rings.rs`.

use std::{borrow::Cow, fmt, ptr};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::keys::{error::KeyRingError, jwk::Jwk, key::Key, key_id::KeyId, key_ring::KeyRing};

impl KeyRing {
    /// Reads the JWK Set (RFC 7517) of another issuer. The ring verifies and does not sign.
    ///
    /// A key that cannot be used is ignored, and the others are used, as RFC 7517 section 5
    /// requires: keys of other types, curves, algorithms and uses, malformed and weak keys,
    /// symmetric keys, and keys with a private member. A key of which the set also contains the
    /// private half, and different keys of one name, are ignored too. A key without a `kid` is
    /// named by its place in the set, `0` for the first; see
    /// [`Verifier::key_without_kid`](crate::Verifier::key_without_kid).
    ///
    /// ```
    /// use hallpass_core::KeyRing;
    ///
    /// let ring = KeyRing::from_jwks(
    ///     r#"{"keys": [
    ///         {"kty": "EC", "crv": "secp256k1", "kid": "a", "x": "AA", "y": "AA"},
    ///         {"kty": "OKP", "crv": "Ed25519", "kid": "b",
    ///          "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ///     ]}"#,
    /// )?;
    /// assert_eq!(ring.keys().map(|entry| entry.key().id().as_str()).collect::<Vec<_>>(), ["b"]);
    /// assert!(KeyRing::from_jwks(r#"{"keys": []}"#).is_err());
    /// # Ok::<(), hallpass_core::KeyRingError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not a JWK Set, if it has more than 128 keys, or if no key is
    /// usable. In the last case the error is the reason for the first key, if the set has keys.
    pub fn from_jwks(text: &str) -> Result<Self, KeyRingError> {
        Self::from_jwks_and_report(text, |_| ())
    }

    /// Reads a JWK Set as [`from_jwks`](Self::from_jwks) does, and passes the reason for each
    /// ignored key to `report`, for a log. The reasons contain names of keys and no other content
    /// of the set.
    ///
    /// # Errors
    /// Returns the errors of [`from_jwks`](Self::from_jwks).
    pub fn from_jwks_and_report(
        text: &str,
        mut report: impl FnMut(&KeyRingError),
    ) -> Result<Self, KeyRingError> {
        let raw = raw_keys(text)?;
        let read = raw.iter().enumerate().map(|(place, raw)| Candidate::read(place, raw.get()));
        let candidates: Vec<Result<Candidate, KeyRingError>> = read.collect();
        let private: Vec<&Jwk> = candidates
            .iter()
            .flatten()
            .filter(|candidate| candidate.is_private)
            .map(|candidate| &candidate.jwk)
            .collect();
        let mut first_fault = None;
        let mut refuse = |fault: KeyRingError| {
            report(&fault);
            first_fault.get_or_insert(fault);
        };
        let mut usable: Vec<(&Candidate, Key)> = Vec::new();
        for candidate in &candidates {
            let key = candidate
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|candidate| Ok((candidate, candidate.public_key(&private)?)));
            match key {
                Ok(key) => usable.push(key),
                Err(fault) => refuse(fault),
            }
        }
        let rivals = usable.iter().map(|(key, _)| key.rivals(usable.iter().map(|(key, _)| *key)));
        let rivals: Vec<Rivals> = rivals.collect();
        let mut ring = Self::default();
        for ((candidate, key), rivals) in usable.into_iter().zip(rivals) {
            match rivals {
                Rivals::SameKey if ring.keys().any(|entry| *entry.key().id() == candidate.id) => {}
                Rivals::OtherKey => refuse(KeyRingError::DuplicateName(candidate.id.clone())),
                Rivals::None | Rivals::SameKey => ring = ring.accepting(key, None)?,
            }
        }
        match first_fault {
            _ if ring.keys().next().is_some() => Ok(ring),
            Some(fault) => Err(fault),
            None => Err(KeyRingError::Empty),
        }
    }
}

/// A key of the set, and its name.
struct Candidate {
    jwk: Jwk,
    id: KeyId,
    /// Whether the set itself gives the name.
    is_named: bool,
    is_private: bool,
}

/// The other usable keys of the same name.
#[derive(PartialEq, Eq)]
enum Rivals {
    None,
    /// They are this key again.
    SameKey,
    /// A `kid` must not select one of several keys. Which one is meant is unknown.
    OtherKey,
}

impl Candidate {
    fn read(place: usize, raw: &str) -> Result<Self, KeyRingError> {
        let not_a_jwk = || KeyRingError::NotAJwk(place.to_string());
        let jwk: Jwk = serde_json::from_str(raw).map_err(|_| not_a_jwk())?;
        let private: PrivateMembers = serde_json::from_str(raw).map_err(|_| not_a_jwk())?;
        // An array is also a JWK for serde, which reads its elements in the order of the members.
        if !raw.trim_start().starts_with('{') {
            return Err(not_a_jwk());
        }
        let is_private = private.any() || jwk.kty == "oct";
        let name = jwk.kid.clone().unwrap_or_else(|| place.to_string());
        let id = KeyId::parse(&name)
            .map_err(|_| KeyRingError::Member { name: place.to_string(), member: "kid" })?;
        Ok(Self { is_named: jwk.kid.is_some(), jwk, id, is_private })
    }

    /// Returns the key, if it is for verifying and its private half is not in the set.
    fn public_key(&self, private: &[&Jwk]) -> Result<Key, KeyRingError> {
        let is_public = !self.is_private
            && !private.iter().any(|private| private.has_the_private_key_of(&self.jwk));
        if !is_public {
            return Err(KeyRingError::NotPublic(self.id.to_string()));
        }
        match self.jwk.algorithm() {
            Some(algorithm) if self.jwk.verifies() => self.jwk.to_key(self.id.clone(), algorithm),
            _ => Err(KeyRingError::Unsupported(self.id.to_string())),
        }
    }

    fn rivals<'c>(&self, others: impl Iterator<Item = &'c Self>) -> Rivals {
        let mut found = Rivals::None;
        for other in others.filter(|other| other.id == self.id && !ptr::eq(*other, self)) {
            // A name that the set gives is stronger than a place.
            if self.is_named && !other.is_named {
                continue;
            }
            let same = self.jwk.has_the_public_key_of(&other.jwk)
                && self.jwk.algorithm() == other.jwk.algorithm();
            if !same || self.is_named != other.is_named {
                return Rivals::OtherKey;
            }
            found = Rivals::SameKey;
        }
        found
    }
}

/// The members of a JWK that must not be published (RFC 7518 section 6, RFC 8037 section 2, and the
/// `priv` of the post-quantum keys).
#[derive(Deserialize)]
struct PrivateMembers {
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    r#priv: Option<IgnoredAny>,
}

impl PrivateMembers {
    fn any(&self) -> bool {
        let Self { d, k, p, q, dp, dq, qi, oth, r#priv } = self;
        [d, k, p, q, dp, dq, qi, oth, r#priv].into_iter().any(Option::is_some)
    }
}

/// Returns the texts of the keys.
fn raw_keys(text: &str) -> Result<Vec<&RawValue>, KeyRingError> {
    let json = |error: serde_json::Error| KeyRingError::Json {
        line: error.line(),
        column: error.column(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let keys = SetVisitor.deserialize(&mut deserializer).map_err(json)?;
    deserializer.end().map_err(json)?;
    if keys.len() > MOST_KEYS { Err(KeyRingError::TooManyKeys(MOST_KEYS)) } else { Ok(keys) }
}

struct SetVisitor;

impl<'t> DeserializeSeed<'t> for SetVisitor {
    type Value = Vec<&'t RawValue>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'t> Visitor<'t> for SetVisitor {
    type Value = Vec<&'t RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWK Set")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = None;
        while let Some(name) = map.next_key::<Cow<'t, str>>()? {
            match &*name {
                "keys" if keys.is_some() => return Err(A::Error::duplicate_field("keys")),
                "keys" => keys = Some(map.next_value_seed(KeysVisitor)?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        keys.ok_or_else(|| A::Error::missing_field("keys"))
    }
}

struct KeysVisitor;

impl<'t> DeserializeSeed<'t> for KeysVisitor {
    type Value = Vec<&'t RawValue>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'t> Visitor<'t> for KeysVisitor {
    type Value = Vec<&'t RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of keys")
    }

    /// Keeps one key more than the maximum, so that the caller sees that there are too many.
    fn visit_seq<A: SeqAccess<'t>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while keys.len() <= MOST_KEYS {
            match sequence.next_element()? {
                Some(key) => keys.push(key),
                None => return Ok(keys),
            }
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(keys)
    }
}

/// Maximum number of keys of a set. The largest providers publish about ten. A token is compared
/// with the header of each key, so the number is part of the cost of a request.
const MOST_KEYS: usize = 128;
