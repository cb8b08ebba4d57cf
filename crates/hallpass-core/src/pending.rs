//! The proofs that a password was accepted and something is still missing: a code, or a second factor to give codes.

use crate::{claim_set::ClaimSet, time::unix_time::UnixTime};

/// What a verified pending token says.
#[derive(Debug)]
#[must_use]
pub struct Pending {
    user_id: String,
    generation: u32,
    authenticated_at: UnixTime,
}

impl Pending {
    pub(crate) fn new(claims: &ClaimSet<'_>, now: UnixTime) -> Self {
        Self {
            user_id: claims.user_id.to_string(),
            generation: claims.generation,
            authenticated_at: claims.times.authenticated_at.unwrap_or(now),
        }
    }

    /// The account whose password was accepted.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The account's token generation at that time; if it has been raised since, the password is to be asked for again.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// When the password was accepted.
    pub fn authenticated_at(&self) -> UnixTime {
        self.authenticated_at
    }
}

/// What a verified enrolment token says.
#[derive(Debug)]
#[must_use]
pub struct PendingEnrolment {
    user_id: String,
    generation: u32,
    session: String,
}

impl PendingEnrolment {
    pub(crate) fn new(claims: &ClaimSet<'_>) -> Self {
        Self {
            user_id: claims.user_id.to_string(),
            generation: claims.generation,
            session: claims.session.as_deref().unwrap_or_default().to_owned(),
        }
    }

    /// The account whose password was accepted.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The account's token generation at that time; if it has been raised since, the password is to be asked for again.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The random name of this enrolment: another browser that knows the password too is shown another key.
    pub fn session(&self) -> &str {
        &self.session
    }
}
