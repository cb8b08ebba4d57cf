//! The signature algorithms of keys (RFC 7518 section 3.1 and RFC 8037).
//!
//! `none` is not among them, so a key or a token with it cannot be represented.

use std::fmt;

/// A signature algorithm. A [`Key`](crate::Key) has exactly one. A token's `alg` is compared with
/// it and never selects the algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256: one secret signs and verifies.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256. Only verifies the tokens of other issuers; does not sign.
    Rs256,
    /// RSASSA-PSS with SHA-256. Only verifies the tokens of other issuers; does not sign.
    Ps256,
}

impl Algorithm {
    /// Every algorithm, in the order above.
    pub const ALL: [Self; 8] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Ps256,
    ];

    /// Returns the `alg` value, such as `HS256`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Returns the algorithm of this `alg` value. The comparison is case-sensitive (RFC 7515
    /// section 4.1.1).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// Returns whether the same secret signs and verifies.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Returns the minimum length of the secret, in bytes: the hash's output size (RFC 7518 section
    /// 3.2). Returns `None` if the algorithm has no secret.
    pub const fn shortest_secret(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithm_names_are_case_sensitive() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(algorithm));
        }
        for other in ["none", "None", "", "hs256", "HS256 ", "HS1", "ES512", "RS512", "eddsa"] {
            assert_eq!(Algorithm::from_name(other), None, "{other}");
        }
    }
}
