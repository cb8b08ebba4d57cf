//! The state of a session's refresh token, and the computation for a presented token, which all
//! stores share.
//!
//! A session has **one live token**. When it is presented, it is consumed and replaced by its
//! successor. Several tabs present the same token concurrently, and responses get lost. Therefore a
//! consumed token leads to the live one for a short **grace** period, and a second chain is never
//! started. After the grace period a consumed token is a copy. It is unknown who has it, so the
//! session ends (RFC 9700, section 4.14.2). Revoking without a grace period logged out legitimate
//! users: 415 of 679 in one published case.
//!
//! **A lost response does not end the session.** If the live token was never presented, and its
//! predecessor is presented after the grace period, then either the response with the live token
//! was lost, or one of the two was copied. The live token is **replaced**: the session continues
//! with another successor, and the token that may be lost is not accepted any more. If it was
//! copied, both holders cannot continue: the next presentation of the replaced token ends the
//! session. After a change that revokes (a new password), the live token has no predecessor.
//!
//! **A clock that is set back does not extend the life.** If the clock is *d* behind the last
//! refresh, the absolute expiry moves *d* earlier. The grace period applies in both directions,
//! because the clocks of two nodes differ. Tested in `refresh_state/tests.rs`.

use std::time::Duration;

use hallpass_core::{Methods, UnixTime};

use crate::stored_bytes::stored_bytes;

/// The refresh state of one session. A store keeps it with the session and passes it to
/// [`Rotation::present`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RefreshState {
    /// The live token.
    pub live: RefreshHash,
    /// The tokens that were consumed within the grace period, oldest first. The last one is the
    /// predecessor of the live token, however long ago it was consumed.
    pub consumed: ConsumedRefreshes,
    /// The time at which the session was last refreshed, or opened.
    pub refreshed: UnixTime,
    /// The time at which the session ends unless it is refreshed.
    pub idle_until: UnixTime,
    /// The latest time at which the session ends.
    pub expires: UnixTime,
}

impl RefreshState {
    /// Creates the state from stored values.
    #[must_use]
    pub fn new(
        live: RefreshHash,
        consumed: ConsumedRefreshes,
        refreshed: UnixTime,
        idle_until: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self { live, consumed, refreshed, idle_until, expires }
    }
}

/// A refresh token that a request presents without consuming it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PresentedRefresh {
    /// The token.
    pub token: RefreshHash,
    /// The time of the request.
    pub at: UnixTime,
    /// The time for which a consumed token still leads to the live one.
    pub grace: Duration,
}

impl PresentedRefresh {
    /// Creates a presented token.
    #[must_use]
    pub fn new(token: RefreshHash, at: UnixTime, grace: Duration) -> Self {
        Self { token, at, grace }
    }
}

impl RefreshState {
    /// Returns `Some` if the presented token is the live one or was consumed within the grace
    /// period, and the session has not reached a limit. Consumes nothing.
    pub(crate) fn is_presented(&self, presented: &PresentedRefresh) -> Option<()> {
        let PresentedRefresh { token, at, grace } = *presented;
        let latest = at.max(self.refreshed);
        let is_over = latest >= self.expires || latest >= self.idle_until;
        let accepted = token == self.live || self.consumed.has_lately(token, at, grace);
        (accepted && !is_over).then_some(())
    }
}

/// The start of a chain of refresh tokens. A session with one can be refreshed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RefreshChain {
    /// The first token.
    pub first: RefreshHash,
    /// The time at which the session ends unless it is refreshed.
    pub idle_until: UnixTime,
    /// The authentication methods of the login, for the next tokens. A store keeps the
    /// [names](Methods::names).
    pub methods: Methods,
}

impl RefreshChain {
    /// Creates a chain.
    #[must_use]
    pub fn new(first: RefreshHash, idle_until: UnixTime, methods: Methods) -> Self {
        Self { first, idle_until, methods }
    }

    /// Returns the consumed tokens of a session whose refresh tokens are replaced by this chain:
    /// the tokens of `before`, with its live token consumed at `at`. They lead to the new chain
    /// within their grace period, because a tab may refresh while the same browser changes the
    /// password. After the grace period each of them ends the session: the first token of the chain
    /// has no predecessor.
    #[must_use]
    pub fn after(
        &self,
        live: RefreshHash,
        before: &ConsumedRefreshes,
        at: UnixTime,
    ) -> ConsumedRefreshes {
        let kept = before.0.len().saturating_sub(ConsumedRefreshes::MAX - 2);
        let before = before.0.iter().skip(kept).copied();
        // The first token as the last entry: no other token is taken for its predecessor.
        ConsumedRefreshes(before.chain([(live, at), (self.first, at)]).collect())
    }
}

/// A presented refresh token, and the values for its outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Rotation {
    /// The token.
    pub presented: RefreshHash,
    /// The token that replaces it.
    pub successor: RefreshHash,
    /// The time of the request.
    pub at: UnixTime,
    /// The time for which the session then lasts unless it is refreshed again.
    pub idle: Duration,
    /// The time for which a consumed token still leads to the live one.
    pub grace: Duration,
    /// The live token that the successor replaces, if the presented token is its predecessor and
    /// the grace period is over. `None` in the first call: the outcome is then
    /// [`RotationOutcome::Lost`].
    pub replaces: Option<RefreshHash>,
}

/// The outcome of a presented token: the data that the store has to write.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RotationOutcome {
    /// The token was live, or the live one is [replaced](Rotation::replaces). The value is the state
    /// to write, on the condition that the live token is still that of the state that was read.
    Consumed(RefreshState),
    /// The token was consumed within the grace period. Nothing is written.
    InGrace {
        /// The time at which it was consumed.
        consumed: UnixTime,
    },
    /// The grace period is over, and the token is the predecessor of the live token, which was
    /// never presented. Nothing is written. The engine derives a successor of the live token and
    /// calls again with [`Rotation::replacing`].
    Lost,
    /// The token was consumed longer ago than the grace period and its successor was presented, or
    /// the session never had it. The session ends.
    Reused,
    /// The session has reached its idle limit or its absolute limit. It ends.
    Over,
    /// The token is live, but [`ConsumedRefreshes::MAX`] tokens were consumed within the grace
    /// period. Nothing is written.
    TooOften,
}

impl Rotation {
    /// Creates a rotation.
    #[must_use]
    pub fn new(
        presented: RefreshHash,
        successor: RefreshHash,
        at: UnixTime,
        idle: Duration,
        grace: Duration,
    ) -> Self {
        Self { presented, successor, at, idle, grace, replaces: None }
    }

    /// Makes `successor` replace the live token `live`, whose response was lost.
    #[must_use]
    pub fn replacing(mut self, live: RefreshHash, successor: RefreshHash) -> Self {
        (self.replaces, self.successor) = (Some(live), successor);
        self
    }

    /// Returns the outcome for the presented token.
    pub fn present(&self, state: &RefreshState) -> RotationOutcome {
        let latest = self.at.max(state.refreshed);
        if latest >= state.expires || latest >= state.idle_until {
            return RotationOutcome::Over;
        }
        if self.presented != state.live {
            let of_presented = |(hash, _): &&(RefreshHash, UnixTime)| *hash == self.presented;
            let mut times = state.consumed.0.iter().filter(of_presented).map(|(_, at)| *at);
            if let Some(consumed) = times.find(|at| is_lately(*at, self.at, self.grace)) {
                return RotationOutcome::InGrace { consumed };
            }
            if state.consumed.0.last().is_none_or(|(hash, _)| *hash != self.presented) {
                return RotationOutcome::Reused;
            }
            if self.replaces != Some(state.live) {
                return RotationOutcome::Lost;
            }
        }
        let mut consumed: Vec<_> = state
            .consumed
            .0
            .iter()
            .copied()
            .filter(|(_, at)| is_lately(*at, self.at, self.grace))
            .collect();
        if consumed.len() >= ConsumedRefreshes::MAX {
            return RotationOutcome::TooOften;
        }
        // The last entry is the predecessor of the live token, however long ago it was consumed.
        consumed.push((self.presented, self.at));
        RotationOutcome::Consumed(RefreshState {
            live: self.successor,
            consumed: ConsumedRefreshes(consumed),
            refreshed: self.at,
            idle_until: self.at.saturating_add(self.idle),
            expires: state.expires.saturating_sub(state.refreshed.since(self.at)),
        })
    }
}

/// Returns whether a token that was consumed at `consumed` is within its grace period at `at`, in
/// either direction: the clock may have been set back.
pub(crate) fn is_lately(consumed: UnixTime, at: UnixTime, grace: Duration) -> bool {
    at.since(consumed) < grace && consumed.since(at) < grace
}

/// The tokens of a session that were consumed within the grace period, with the times, and as the
/// last one the predecessor of the live token. A store keeps them as [bytes](Self::to_bytes).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConsumedRefreshes(Vec<(RefreshHash, UnixTime)>);

impl ConsumedRefreshes {
    /// The maximum number of tokens: 64. A browser consumes one per lifetime of an access token,
    /// which defaults to 15 minutes.
    pub const MAX: usize = 64;

    fn has_lately(&self, token: RefreshHash, at: UnixTime, grace: Duration) -> bool {
        self.0.iter().any(|(hash, consumed)| *hash == token && is_lately(*consumed, at, grace))
    }

    /// Returns the bytes to store: 40 per token, at most 2,560. Empty without tokens.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * ENTRY);
        for (hash, at) in &self.0 {
            bytes.extend_from_slice(hash.as_bytes());
            bytes.extend_from_slice(&at.as_secs().to_be_bytes());
        }
        bytes
    }

    /// Parses stored bytes.
    ///
    /// # Errors
    /// [`MalformedConsumedRefreshes`] if the bytes are not those of [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedConsumedRefreshes> {
        let (entries, rest) = bytes.as_chunks::<ENTRY>();
        if !rest.is_empty() || entries.len() > Self::MAX {
            return Err(MalformedConsumedRefreshes);
        }
        let entry = |entry: &[u8; ENTRY]| {
            let (hash, at) = entry.split_first_chunk::<32>()?;
            let at = at.first_chunk::<8>()?;
            Some((RefreshHash::from_bytes(*hash), UnixTime::from_secs(u64::from_be_bytes(*at))))
        };
        entries.iter().map(entry).collect::<Option<_>>().map(Self).ok_or(MalformedConsumedRefreshes)
    }
}

/// The bytes are not a list of consumed refresh tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a list of consumed refresh tokens has 40 bytes per token and at most 64 tokens")]
pub struct MalformedConsumedRefreshes;

/// The stored form of a refresh token: SHA-256, 32 bytes. A store compares it for equality.
///
/// The hash is not argon2, unlike the hash of a password. A hash must be slow only if the secret
/// can be guessed, and 256 random bits cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshHash([u8; 32]);

stored_bytes!(RefreshHash);

const ENTRY: usize = 40;

#[cfg(test)]
mod tests;
