//! Why a key ring was refused.

use crate::{key_error::KeyError, key_id::KeyId};

/// A key ring that cannot be read or changed so, and what to do about it. Never says anything of a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// Not the JSON that was expected.
    #[error("the key ring is not a JWK Set at line {line}, column {column}: write it with `hallpass keys new`")]
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
    #[error("key {name} of the ring: {source}")]
    Key {
        /// Its `kid`, or its place in the set.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// A key of the set lacks a member, or has one of another kind than expected.
    #[error("key {name} of the ring: member {member} is missing or malformed")]
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
    #[error("the key ring has no usable key")]
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
    #[error("the key ring has no key named {0}")]
    UnknownKey(KeyId),
    /// A new key could not be made.
    #[error(transparent)]
    NewKey(#[from] KeyError),
}
