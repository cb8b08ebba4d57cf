//! Why a key was refused when it was loaded.

use crate::algorithm::Algorithm;

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
    #[error("the secret is a published placeholder or repeats itself: make one with `hallpass keys new`")]
    Placeholder,
    /// A key file where a secret belongs. Who takes a public key for an HMAC secret lets everybody sign
    /// (CVE-2015-9235, CVE-2022-29217).
    #[error("the secret is a key file (PEM, DER, JWK or SSH), not a secret: load it as a key of its own algorithm")]
    KeyFileAsSecret,
    /// The key's type does not go with the algorithm it was to be bound to.
    #[error("this key cannot be used for {0}: name the algorithm that its type belongs to")]
    WrongAlgorithm(Algorithm),
    /// The key's numbers are not those of a key: not on the curve, of small order, not canonical, too short, or its halves do not belong together.
    #[error("the key for {0} is malformed, weak, or its halves do not belong together: export it again")]
    Malformed(Algorithm),
    /// Built without the feature that brings this algorithm.
    #[error("{0} needs the feature `asymmetric` of hallpass-core: turn it on")]
    NotBuiltIn(Algorithm),
}
