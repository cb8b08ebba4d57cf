//! What was revoked lately: the accounts whose token generation was raised, and the sessions that
//! were ended.
//!
//! The request path asks this instead of the store. It stays small because an entry may leave once
//! no live token can carry what it revokes: its size is bounded by the revocations of one token
//! life. Readers take no lock and never wait: an empty list costs one atomic load, a full one two
//! hashes, two bits of a filter and now and then a probe of the [table](super::table).
//!
//! It errs to one side only. Keys are 64-bit hashes under the seed of a `HashMap`, so two accounts
//! may in theory share an entry (with a million entries, once in 10^13 look-ups); such an account
//! is then asked to sign in again, and no revoked token passes.
//!
//! **A clock that jumps ahead and back brings nothing to life.** [`forget`](RevocationList::forget)
//! believes the clock that it is given; if that was wrong, revoked tokens would be live again once
//! the clock is set right (SECURITY row 21). So the list remembers the latest `forget_after` that
//! it dropped, and refuses tokens that end no later. With an honest clock these have expired
//! anyway.
//!
//! What is not here: where the entries come from. That is the log, in `hallpass-accounts`.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    revocation::{
        ledger::{Kind, Ledger},
        outcome::{Revoked, RevokedKind, TokenFacts},
        table::Entry,
    },
    time::unix_time::UnixTime,
};

#[cfg(test)]
mod tests;

/// What was revoked lately, shared by all who hold a clone.
///
/// ```
/// use hallpass_core::{RevocationList, TokenFacts, UnixTime};
///
/// let (revocations, now) = (RevocationList::new(), UnixTime::from_secs(1_764_000_000));
/// let token = TokenFacts { user_id: "17", generation: 4, session: Some("s-1"), expires_at: UnixTime::from_secs(1_764_000_900) };
/// assert!(revocations.check(&token, now).is_ok());
///
/// revocations.raise_generation("17", 5, token.expires_at); // role changed: everything older is revoked
/// assert!(revocations.check(&token, now).is_err());
/// assert!(revocations.check(&TokenFacts { generation: 5, ..token }, now).is_ok());
///
/// revocations.end_session("s-1", token.expires_at); // logged out
/// assert!(revocations.check(&TokenFacts { generation: 5, ..token }, now).is_err());
/// ```
#[derive(Clone)]
pub struct RevocationList(Arc<Shared>);

/// What happens to tokens while the log is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StalePolicy {
    /// They serve until `exp`: a fault of the store keeps nobody out.
    #[default]
    ServeUntilExpiry,
    /// They are refused once the list is older than this, and before it was first loaded: nobody
    /// outlives a revocation by more.
    Refuse {
        /// The greatest age of the list, in whole seconds.
        after: Duration,
    },
}

struct Shared {
    ledger: Ledger,
    /// When the log was last read to its end, in seconds; [`NEVER`] before the first time.
    synced: AtomicU64,
    stale: StalePolicy,
}

impl RevocationList {
    /// An empty list that has not been loaded. Tokens serve until `exp` while its log is silent,
    /// because most sites rather let a visitor in for minutes more than turn all of them away.
    pub fn new() -> Self {
        Self::with_stale_policy(StalePolicy::default())
    }

    /// An empty list with another answer to a silent log.
    pub fn with_stale_policy(stale: StalePolicy) -> Self {
        Self(Arc::new(Shared { ledger: Ledger::new(), synced: AtomicU64::new(NEVER), stale }))
    }

    /// Whether a token still counts at `now`.
    ///
    /// # Errors
    /// [`Revoked`] where the account's generation was raised above the token's, its session was
    /// ended, it may have been revoked by an entry dropped under a wrong clock, or the list is
    /// staler than its policy allows.
    pub fn check(&self, token: &TokenFacts<'_>, now: UnixTime) -> Result<(), Revoked> {
        if let Some(kind) = self.0.ledger.look_up(token) {
            return Err(Revoked(kind));
        }
        match self.0.stale {
            StalePolicy::ServeUntilExpiry => Ok(()),
            StalePolicy::Refuse { after } => match self.staleness(now) {
                Some(age) if age <= after => Ok(()),
                _ => Err(Revoked(RevokedKind::Stale)),
            },
        }
    }

    /// Revokes every token of the account with a generation below `generation`. Never lowers what
    /// was raised.
    ///
    /// `forget_after` is the latest `exp` that such a token can have.
    pub fn raise_generation(&self, user_id: &str, generation: u32, forget_after: UnixTime) {
        // No generation lies below 0, so this revokes nothing.
        if generation > 0 {
            self.0.ledger.put(Kind::Account, user_id, Entry::new(generation, forget_after));
        }
    }

    /// Revokes every token of the session.
    ///
    /// `forget_after` is the latest `exp` that such a token can have.
    pub fn end_session(&self, session: &str, forget_after: UnixTime) {
        self.0.ledger.put(Kind::Session, session, Entry::new(1, forget_after));
    }

    /// Drops the entries whose `forget_after` lies before `now`.
    pub fn forget(&self, now: UnixTime) {
        self.0.ledger.forget(now);
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.ledger.len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes the entries take.
    pub fn size(&self) -> usize {
        self.0.ledger.size()
    }

    /// Notes that the log was read to its end at this moment.
    pub fn synced(&self, at: UnixTime) {
        self.0.synced.store(at.as_secs(), Ordering::Relaxed);
    }

    /// How long ago the log was last read to its end; `None` where it never was. Under a clock that
    /// was set back since, by how far: a silent log would seem current for as long.
    pub fn staleness(&self, now: UnixTime) -> Option<Duration> {
        match self.0.synced.load(Ordering::Relaxed) {
            NEVER => None,
            at => {
                let at = UnixTime::from_secs(at);
                Some(now.since(at).max(at.since(now)))
            }
        }
    }
}

impl Default for RevocationList {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationView")
            .field("len", &self.len())
            .field("stale", &self.0.stale)
            .finish_non_exhaustive()
    }
}

const NEVER: u64 = u64::MAX;
