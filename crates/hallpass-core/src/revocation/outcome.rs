//! What the revocation list is asked about a token, and the reason why a token does not count.

use std::fmt;

use crate::time::unix_time::UnixTime;

/// What the list is asked about: the claims of a token that has verified.
///
/// Exhaustive, because callers construct it.
#[derive(Clone, Copy)]
pub struct TokenFacts<'a> {
    /// The account (`user_id`).
    pub user_id: &'a str,
    /// The token generation (`gen`); 0 where the token has none.
    pub generation: u32,
    /// The session (`sid`).
    pub session: Option<&'a str>,
    /// The moment from which the token is dead (`exp`).
    pub expires_at: UnixTime,
}

/// A token that was revoked, or that cannot be shown to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked(pub(super) RevokedKind);

/// Why a token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokedKind {
    /// The account's token generation was raised: sign-out everywhere, a change of role, password
    /// or factor, or the account is disabled.
    Generation,
    /// The session was ended.
    Session,
    /// It ends no later than an entry that was dropped already: the clock was set back, and what
    /// revoked the token may be gone.
    Forgotten,
    /// The log has been silent for longer than [`StalePolicy::Refuse`](crate::StalePolicy::Refuse)
    /// allows.
    Stale,
}

impl Revoked {
    /// Why.
    pub const fn kind(self) -> RevokedKind {
        self.0
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            RevokedKind::Generation => "the account's older tokens were revoked",
            RevokedKind::Session => "the session was ended",
            RevokedKind::Forgotten => "the token ends before what was forgotten",
            RevokedKind::Stale => "revocations are not known to be current",
        })
    }
}

impl std::error::Error for Revoked {}
