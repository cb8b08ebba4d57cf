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
    /// The tokens that were consumed within the grace period, oldest first.
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
}

/// The outcome of a presented token: the data that the store has to write.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RotationOutcome {
    /// The token was live. The value is the state to write, on the condition that the live token is
    /// still the presented one.
    Consumed(RefreshState),
    /// The token was consumed within the grace period. Nothing is written.
    InGrace,
    /// The token was consumed longer ago than the grace period, or the session never had it. The
    /// session ends.
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
        Self { presented, successor, at, idle, grace }
    }

    /// Returns the outcome for the presented token.
    pub fn present(&self, state: &RefreshState) -> RotationOutcome {
        let latest = self.at.max(state.refreshed);
        if latest >= state.expires || latest >= state.idle_until {
            return RotationOutcome::Over;
        }
        if self.presented != state.live {
            let lately = state.consumed.has_lately(self.presented, self.at, self.grace);
            return if lately { RotationOutcome::InGrace } else { RotationOutcome::Reused };
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

/// Returns whether a token that was consumed at `consumed` is within its grace period at `at`.
fn is_lately(consumed: UnixTime, at: UnixTime, grace: Duration) -> bool {
    at.since(consumed) < grace && consumed.since(at) < grace
}

/// The tokens of a session that were consumed within the grace period, with the times. A store
/// keeps them as [bytes](Self::to_bytes).
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
