//! The input of a check of the revocation list, and the reason why a token is rejected.

use std::fmt;

use crate::time::unix_time::UnixTime;

/// The claims of a verified token that the revocation list checks.
///
/// It is exhaustive, because callers construct it.
#[derive(Clone, Copy)]
pub struct TokenFacts<'a> {
    /// The account (`user_id`).
    pub user_id: &'a str,
    /// The token generation (`gen`), or 0 if the token has none.
    pub generation: u32,
    /// The site's epoch at the time of issue (`ep`), or 0 if the token has none.
    pub epoch: u64,
    /// The session (`sid`).
    pub session: Option<&'a str>,
    /// The time from which the token is expired (`exp`).
    pub expires_at: UnixTime,
}

/// A token that was revoked, or that may have been revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked(pub(super) RevokedKind);

/// The reason why a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokedKind {
    /// The older tokens of the account were revoked: logout on all devices, a change of password or
    /// second factor, or the account is disabled.
    Generation,
    /// The session was ended.
    Session,
    /// The token expires no later than an entry that was already dropped. The clock was set back,
    /// and the entry that revoked the token may have been dropped.
    Forgotten,
    /// The sessions of the whole site were ended: the token's epoch is below the site's.
    Epoch,
    /// The token's epoch is above the site's epoch that this node has read. The node reads the
    /// store again.
    NewerEpoch,
    /// The roles of the account have changed since the token was issued. The session is live, and a
    /// refresh returns a token with the new roles.
    Stale,
    /// The log has not been read for longer than
    /// [`StalePolicy::Refuse`](crate::StalePolicy::Refuse) allows.
    Outdated,
}

impl Revoked {
    /// Returns the reason.
    pub const fn kind(self) -> RevokedKind {
        self.0
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            RevokedKind::Generation => "the older tokens of the account were revoked: log in again",
            RevokedKind::Session => "the session was ended: log in again",
            RevokedKind::Forgotten => {
                "the token may have been revoked: check the clock of this node and log in again"
            }
            RevokedKind::Epoch => "the sessions of the whole site were ended: log in again",
            RevokedKind::NewerEpoch => "the store is being read for a newer epoch: try again",
            RevokedKind::Stale => "the roles of the account have changed: refresh the session",
            RevokedKind::Outdated => {
                "the revocation list is too old: check that the store can be reached"
            }
        })
    }
}

impl std::error::Error for Revoked {}
