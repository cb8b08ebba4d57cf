//! The reasons why a token is rejected.
//!
//! The error contains its [kind](TokenError::kind) and nothing of the token, so that it can be a
//! log field or a metric label without changes. In responses, every kind except expiry, revocation
//! and faults of the service looks the same (see [`Rejection`](crate::Rejection)). A forger
//! therefore cannot learn which check failed first.

use std::fmt;

/// The error for a token that is not valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenError(TokenErrorKind);

impl TokenError {
    /// Returns the check that rejected the token: the first one that failed, in the order of
    /// [`TokenErrorKind`].
    pub const fn kind(self) -> TokenErrorKind {
        self.0
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token rejected: {}", self.0.as_str())
    }
}

impl std::error::Error for TokenError {}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self(kind)
    }
}

/// The checks that reject a token, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// The request has more than one token, and it is not clear which one is the caller's.
    Ambiguous,
    /// The token is longer than the maximum. No part of it was parsed.
    TooLong,
    /// The token is not a compact JWS: it does not have three base64url segments (RFC 7515 section
    /// 7.1), or its header is not a strict JSON object.
    Malformed,
    /// The header requires something that is not supported (`crit`, `b64`, `zip`), or contains or
    /// refers to its own key (`jwk`, `jku`, `x5u`, `x5c`).
    Header,
    /// The `typ` is not an accepted one: the token is of another kind (RFC 8725 section 3.11).
    Type,
    /// No key of this `kid` is accepted at this time.
    UnknownKey,
    /// The `alg` is not the one that the key is bound to (RFC 8725 section 3.1).
    Algorithm,
    /// The signature is not valid for the key.
    Signature,
    /// The claims are not a strict JSON object, or a claim is missing, repeated, or of the wrong
    /// type.
    Claims,
    /// `iss` is another issuer.
    Issuer,
    /// `aud` does not name this audience.
    Audience,
    /// `exp` has passed.
    Expired,
    /// `nbf`, `iat` or `auth_time` is more than [`MAX_CLOCK_SKEW`](crate::MAX_CLOCK_SKEW) in the
    /// future.
    NotYetValid,
    /// The time from `iat` to `exp` is longer than this verifier allows.
    LifetimeTooLong,
    /// The token was revoked before its expiry: its session ended, or its token generation was
    /// raised, or the sessions of the whole site were ended.
    Revoked,
    /// The roles of the account have changed since the token was issued. The session is live, and a
    /// refresh returns a token with the new roles.
    Stale,
    /// The token is valid, but its revocation cannot be checked: the revocation list is older than
    /// its policy allows, or a refresh could not reach the store.
    Unavailable,
    /// The session could not be refreshed because of a fault of the service that does not pass by
    /// itself, such as a key ring without a signing key. The log contains the cause and the fix.
    Internal,
}

impl TokenErrorKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: &'static [Self] = &[
        Self::Ambiguous,
        Self::TooLong,
        Self::Malformed,
        Self::Header,
        Self::Type,
        Self::UnknownKey,
        Self::Algorithm,
        Self::Signature,
        Self::Claims,
        Self::Issuer,
        Self::Audience,
        Self::Expired,
        Self::NotYetValid,
        Self::LifetimeTooLong,
        Self::Revoked,
        Self::Stale,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Returns whether no issuer of this site has made the token for this verifier: somebody forged
    /// it, or it is of another site, of another kind, or of a key that was removed.
    #[must_use]
    pub const fn is_forged(self) -> bool {
        match self {
            Self::TooLong
            | Self::Malformed
            | Self::Header
            | Self::Type
            | Self::UnknownKey
            | Self::Algorithm
            | Self::Signature
            | Self::Claims
            | Self::Issuer
            | Self::Audience
            | Self::LifetimeTooLong => true,
            Self::Ambiguous
            | Self::Expired
            | Self::NotYetValid
            | Self::Revoked
            | Self::Stale
            | Self::Unavailable
            | Self::Internal => false,
        }
    }

    /// Returns the stable kebab-case name, for logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::Type => "type",
            Self::Header => "header",
            Self::UnknownKey => "unknown-key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::LifetimeTooLong => "lifetime-too-long",
            Self::Revoked => "revoked",
            Self::Stale => "stale",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for TokenErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_error_kinds_are_ordered_and_distinct() {
        for (place, kind) in TokenErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place, "{kind}");
        }
        let names: std::collections::HashSet<_> =
            TokenErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), TokenErrorKind::Internal as usize + 1);
    }
}
