//! Why a key or a key ring was refused, and what to do about it. No message quotes a secret.

use crate::keys::{algorithm::Algorithm, key_id::KeyId};

/// A key that cannot be used, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A guessable secret: brute force needs one token and no server (RFC 8725 section 3.5).
    #[error(
        "the secret for {algorithm} has {found} bytes and needs {needed} (RFC 7518, section 3.2): make one with `hallpass keys new`"
    )]
    SecretTooShort {
        /// What the secret was meant for.
        algorithm: Algorithm,
        /// Bytes needed.
        needed: usize,
        /// Bytes found.
        found: usize,
    },
    /// A secret that stands in somebody's documentation, or that repeats itself.
    #[error(
        "the secret is a published placeholder or repeats itself: make one with `hallpass keys new`"
    )]
    Placeholder,
    /// A key file where a secret belongs. Who takes a public key for an HMAC secret lets everybody
    /// sign (CVE-2015-9235, CVE-2022-29217).
    #[error(
        "the secret is a key file (PEM, DER, JWK or SSH), not a secret: load it as a key of its own algorithm"
    )]
    KeyFileAsSecret,
    /// The key's type does not go with the algorithm it was to be bound to.
    #[error("this key cannot be used for {0}: name the algorithm that its type belongs to")]
    WrongAlgorithm(Algorithm),
    /// The key's numbers are not those of a key: not on the curve, of small order, not canonical,
    /// too short, or its halves do not belong together.
    #[error(
        "the key for {0} is malformed, weak, or its halves do not belong together: export it again"
    )]
    Malformed(Algorithm),
    /// Built without the feature that brings this algorithm.
    #[error("{0} needs the feature `asymmetric` of hallpass-core: turn it on")]
    NotBuiltIn(Algorithm),
}

/// A key ring that cannot be read or changed so, and what to do about it. Never says anything of a
/// secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// Not the JSON that was expected.
    #[error(
        "the key ring is not a JWK Set at line {line}, column {column}: write it with `hallpass keys new`"
    )]
    Json {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
    },
    /// The environment variable is not there, or is not UTF-8.
    #[error("the environment variable {0} is not set: put the key ring's JSON into it")]
    NoVariable(String),
    /// A key of the set cannot be used.
    #[error("key {name} of the ring cannot be used: replace it or remove it")]
    Key {
        /// Its `kid`, or its place in the set.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// A key of the set lacks a member, or has one of another kind than expected.
    #[error(
        "member {member} of key {name} of the ring is missing or malformed: write the key again"
    )]
    Member {
        /// Its `kid`, or its place in the set.
        name: String,
        /// The JWK member (RFC 7517 section 4).
        member: &'static str,
    },
    /// Private or symmetric keys in a set that is meant to be public: it must be taken for leaked.
    #[error("key {0} of the JWK Set is not public: rotate it and publish public keys only")]
    NotPublic(String),
    /// The set has nothing that can be used here.
    #[error("the key ring has no usable key: add one with `hallpass keys rotate`")]
    Empty,
    /// The ring signs nothing: no `active`, or it names no key of the ring.
    #[error("the key ring has no active key: name one of its keys in `active`")]
    NoActiveKey,
    /// The key in use cannot sign.
    #[error("key {0} can only verify: the active key must have its private half")]
    CannotSign(KeyId),
    /// Two keys of one name.
    #[error("two keys of the ring are named {0}: names must differ")]
    DuplicateName(KeyId),
    /// The key to be retired is in use.
    #[error("key {0} is in use: rotate first, then retire it")]
    InUse(KeyId),
    /// No key of this name.
    #[error("the key ring has no key named {0}: name one that is there")]
    UnknownKey(KeyId),
    /// A new key could not be made.
    #[error(transparent)]
    NewKey(#[from] KeyError),
}
