//! Why a token was refused.
//!
//! The error is opaque: it says its [kind](TokenError::kind) and nothing of the token, so that it
//! can go into a log or a metric label as it is. To the outside every kind but expiry, revocation
//! and our own faults looks the same (see [`Rejection`](crate::Rejection)): a forger learns nothing
//! from being told which check failed first.

use std::fmt;

/// A token that does not verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenError(TokenErrorKind);

impl TokenError {
    /// Which check refused it: the first one that did, in the order of [`TokenErrorKind`].
    pub const fn kind(self) -> TokenErrorKind {
        self.0
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token refused: {}", self.0.as_str())
    }
}

impl std::error::Error for TokenError {}

impl From<TokenErrorKind> for TokenError {
    fn from(kind: TokenErrorKind) -> Self {
        Self(kind)
    }
}

/// The check that refused a token, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// More than one token stood in the request and it is not clear which one counts.
    Ambiguous,
    /// Longer than the cap; nothing of it was parsed.
    TooLong,
    /// Not a compact JWS: not three base64url segments (RFC 7515 section 7.1), or a header that is
    /// not a strict JSON object.
    Malformed,
    /// The header asks for what is not done here (`crit`, `b64`, `zip`) or brings or points to a
    /// key of its own (`jwk`, `jku`, `x5u`, `x5c`).
    Header,
    /// A `typ` other than those accepted: a token of another kind (RFC 8725 section 3.11).
    Type,
    /// No key of this `kid` is accepted at this time.
    UnknownKey,
    /// An `alg` that is not the one its key is bound to (RFC 8725 section 3.1).
    Algorithm,
    /// The signature is not that of the key.
    Signature,
    /// The claims are not a strict JSON object, or a claim is missing, twice there, or of the wrong
    /// type.
    Claims,
    /// `iss` is another issuer.
    Issuer,
    /// `aud` does not name this audience.
    Audience,
    /// `exp` has come.
    Expired,
    /// `nbf`, `iat` or `auth_time` lies in the future.
    NotYetValid,
    /// From `iat` to `exp` is longer than this verifier allows.
    LifetimeTooLong,
    /// Revoked before its time: its session ended or its token generation was raised.
    Revoked,
    /// Right in itself, but whether it was revoked cannot be told: the revocation list is staler
    /// than its policy allows, or a renewal did not reach its store.
    Unavailable,
}

impl TokenErrorKind {
    /// Every kind, for tables that must miss none.
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
        Self::Unavailable,
    ];

    /// A stable kebab-case name, for logs and metric labels.
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
            Self::Unavailable => "unavailable",
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
    fn kinds_stand_in_their_order_and_have_distinct_names() {
        for (place, kind) in TokenErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place, "{kind}");
        }
        let names: std::collections::HashSet<_> =
            TokenErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), TokenErrorKind::Unavailable as usize + 1);
    }
}
