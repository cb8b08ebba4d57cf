//! Errors of keys and key rings: the fault and its fix. No message contains a secret.

use crate::keys::{algorithm::Algorithm, key_id::KeyId};

/// A key that cannot be used. The message names the fix.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A guessable secret: brute force needs one token and no server (RFC 8725 section 3.5).
    #[error(
        "the secret for {algorithm} has {found} bytes but needs {needed} (RFC 7518, section 3.2): make one with `hallpass keys new`"
    )]
    SecretTooShort {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// Required length, in bytes.
        needed: usize,
        /// Actual length, in bytes.
        found: usize,
    },
    /// A secret that is in published documentation, or that is a repeated pattern.
    #[error(
        "the secret is a published placeholder or a repeated pattern: make one with `hallpass keys new`"
    )]
    Placeholder,
    /// A key file in place of a secret. If a public key were accepted as an HMAC secret, everybody
    /// could sign (CVE-2015-9235, CVE-2022-29217).
    #[error(
        "the secret is a key file (PEM, DER, JWK or SSH), not a secret: load it as a key of its own algorithm"
    )]
    KeyFileAsSecret,
    /// The key's type does not match the algorithm.
    #[error("this key cannot be used for {0}: name the algorithm that its type belongs to")]
    WrongAlgorithm(Algorithm),
    /// The key's numbers are not valid: not on the curve, of small order, not canonical or too
    /// short, or the halves do not belong together.
    #[error(
        "the key for {0} is malformed, weak, or its halves do not belong together: export it again"
    )]
    Malformed(Algorithm),
    /// The crate was built without the feature of this algorithm.
    #[error("{0} needs the feature `asymmetric` of hallpass-core: turn it on")]
    NotBuiltIn(Algorithm),
}

/// A key ring that cannot be read or changed. The message names the fix and contains no part of a
/// secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The text is not JSON, or is not a JWK Set.
    #[error(
        "the key ring is not a JWK Set at line {line}, column {column}: write it with `hallpass keys new`"
    )]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The environment variable is not set, is empty, or is not UTF-8.
    #[error("the environment variable {0} is not set or is empty: put the key ring's JSON into it")]
    NoVariable(String),
    /// A key of the set cannot be used.
    #[error("key {name} of the ring cannot be used: replace it or remove it")]
    Key {
        /// Its `kid`, or its place in the set.
        name: String,
        /// The reason.
        source: KeyError,
    },
    /// A member of a key of the set is missing, or has another type or value than expected.
    #[error(
        "member {member} of key {name} of the ring is missing or malformed: correct it or create the key again"
    )]
    Member {
        /// Its `kid`, or its place in the set.
        name: String,
        /// The JWK member (RFC 7517 section 4).
        member: &'static str,
    },
    /// A private or symmetric key in a set that must be public. Such a key is compromised.
    #[error("key {0} of the JWK Set is not public: rotate it and publish public keys only")]
    NotPublic(String),
    /// A key of a JWK Set is not a JSON object, or one of its members is repeated or has the wrong
    /// type.
    #[error("key {0} of the JWK Set is not a JWK: publish it again")]
    NotAJwk(String),
    /// A key of a JWK Set has a type, an algorithm, a curve or a use that hallpass does not have.
    #[error(
        "key {0} of the JWK Set has another type, algorithm or use than hallpass verifies: publish an EdDSA, ES256, ES384, RS256 or PS256 key for signatures"
    )]
    Unsupported(String),
    /// The JWK Set has more keys than hallpass reads.
    #[error("the JWK Set has more than {0} keys: publish fewer")]
    TooManyKeys(usize),
    /// The set has no key that can be used.
    #[error("the key ring has no usable key: add one with `hallpass keys rotate`")]
    Empty,
    /// The ring cannot sign: `active` is missing, or it names no key of the ring.
    #[error("the key ring has no active key: name one of its keys in `active`")]
    NoActiveKey,
    /// The active key cannot sign.
    #[error("key {0} can only verify: the active key must have its private half")]
    CannotSign(KeyId),
    /// Two keys have the same name.
    #[error("two keys of the ring are named {0}: give each key its own name")]
    DuplicateName(KeyId),
    /// The key that should be retired is in use.
    #[error("key {0} is in use: rotate first, then retire it")]
    InUse(KeyId),
    /// The ring has no key of this name.
    #[error("the key ring has no key named {0}: use the name of a key in the ring")]
    UnknownKey(KeyId),
    /// The key that should be activated is not published.
    #[error("key {0} is not published: run `hallpass keys publish` and activate the key it prints")]
    NotPublished(KeyId),
    /// No key is published, so none can be activated.
    #[error("the key ring has no published key: run `hallpass keys publish` first")]
    NothingPublished,
    /// Several keys are published, and none of them was named.
    #[error("the key ring has several published keys: name the one to activate")]
    SeveralPublished,
    /// The new key could not be created.
    #[error(transparent)]
    NewKey(#[from] KeyError),
}
