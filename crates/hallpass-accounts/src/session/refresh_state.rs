//! What becomes of a refresh token that is presented: the arithmetic, once for all stores.
//!
//! A session has **one live token**. Presented, it is consumed and its successor takes its place.
//! Several tabs present the same one at the same moment, and answers get lost, so for a short
//! **grace** a consumed token still leads to the live one; a second chain never begins. After the
//! grace a consumed token is a copy in somebody's hands, and since nobody can tell whose, the
//! session ends (RFC 9700, section 4.14.2). Revoking at once instead signed out honest users: 415
//! of 679 in one published case.
//!
//! **A clock set back adds no life.** By how far the clock lies behind the last renewal, by so much
//! the end moves forward. The grace counts in both directions, since the clocks of two nodes are
//! apart. Guarded by `refresh_state/tests.rs`.

use std::{fmt, time::Duration};

use hallpass_core::{Methods, UnixTime};

/// How the refreshing of one session stands: what a store keeps beside the session, and hands to
/// [`Rotation::present`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RefreshState {
    /// The live token.
    pub live: RefreshHash,
    /// Those consumed within the grace, oldest first.
    pub consumed: ConsumedRefreshes,
    /// When the session was last renewed, or opened.
    pub refreshed: UnixTime,
    /// When it ends unless it is renewed.
    pub idle_until: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
}

impl RefreshState {
    /// Puts together what a store kept.
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

/// What makes a session one that can be renewed: the beginning of a chain of refresh tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RefreshChain {
    /// The first token.
    pub first: RefreshHash,
    /// When the session ends unless it is renewed.
    pub idle_until: UnixTime,
    /// How the person proved who they are, for the tokens to come. A store keeps the
    /// [names](Methods::names).
    pub methods: Methods,
}

impl RefreshChain {
    /// Puts the parts together.
    #[must_use]
    pub fn new(first: RefreshHash, idle_until: UnixTime, methods: Methods) -> Self {
        Self { first, idle_until, methods }
    }
}

/// A refresh token that is presented.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Rotation {
    /// The token.
    pub presented: RefreshHash,
    /// What takes its place.
    pub successor: RefreshHash,
    /// When.
    pub at: UnixTime,
    /// How long the session then lasts unless it is renewed again.
    pub idle: Duration,
    /// How long a consumed token still leads to the live one.
    pub grace: Duration,
}

/// What becomes of a presented token: what the store has to write.
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum RotationOutcome {
    /// It was the live one. This is the state to write, on the condition that the live token is
    /// still the presented one.
    Consumed(RefreshState),
    /// It was consumed within the grace: nothing to write.
    InGrace,
    /// It was consumed before: the session ends.
    Reused,
    /// The session is past one of its limits: it ends.
    Over,
    /// It is the live one, and too many were consumed within the grace: nothing to write.
    TooOften,
}

impl Rotation {
    /// Puts the parts together.
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

    /// Says what becomes of the token.
    pub fn present(&self, state: &RefreshState) -> RotationOutcome {
        let latest = self.at.max(state.refreshed);
        if latest >= state.expires || latest >= state.idle_until {
            return RotationOutcome::Over;
        }
        if self.presented != state.live {
            let lately = state
                .consumed
                .0
                .iter()
                .any(|(hash, at)| *hash == self.presented && self.is_lately(*at));
            return if lately { RotationOutcome::InGrace } else { RotationOutcome::Reused };
        }
        let mut consumed: Vec<_> =
            state.consumed.0.iter().copied().filter(|(_, at)| self.is_lately(*at)).collect();
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

    fn is_lately(&self, consumed: UnixTime) -> bool {
        self.at.since(consumed) < self.grace && consumed.since(self.at) < self.grace
    }
}

/// The tokens of a session that were consumed within the grace, and when. A store keeps them as
/// [bytes](Self::to_bytes).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConsumedRefreshes(Vec<(RefreshHash, UnixTime)>);

impl ConsumedRefreshes {
    /// How many are kept: 64. A browser consumes one in a quarter of an hour.
    pub const MAX: usize = 64;

    /// Returns the bytes to keep: 40 for each token, 2,560 at most. None at all for none.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * ENTRY);
        for (hash, at) in &self.0 {
            bytes.extend_from_slice(hash.as_bytes());
            bytes.extend_from_slice(&at.as_secs().to_be_bytes());
        }
        bytes
    }

    /// Reads the bytes that a store kept.
    ///
    /// # Errors
    /// [`MalformedConsumedRefreshes`] where they are not those of [`to_bytes`](Self::to_bytes).
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
#[error("a list of consumed refresh tokens has 40 bytes for each, and 64 of them at most")]
pub struct MalformedConsumedRefreshes;

/// The stored form of a refresh token: SHA-256, 32 bytes. A store compares it for equality.
///
/// Not argon2, as for a password: a hash must be slow where the secret can be guessed, and nobody
/// guesses 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshHash([u8; 32]);

impl RefreshHash {
    /// Takes the 32 bytes that a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RefreshHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshHash(..)")
    }
}

const ENTRY: usize = 40;

#[cfg(test)]
mod tests;
