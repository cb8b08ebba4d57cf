//! What the tokens of the other kinds say once they are verified: pending, enrolment and device.
//!
//! The first two are proofs that a password was accepted and something is still missing: a code, or a second factor to give codes.

use crate::{
    time::unix_time::UnixTime,
    token::{claims::ClaimSet, methods::Methods},
};

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

/// What a device token says, for [`Issuer::issue_device`](crate::Issuer::issue_device) and from
/// [`Issuer::open_device`](crate::Issuer::open_device): a browser that an account signed in with before.
///
/// Its token opens nothing by itself. It lets the sign-in tell the owner's browser from a stranger's: for limits that a stranger
/// cannot hold over the owner (OWASP, "device cookies"), and, where the person asked for it, to leave the code out.
///
/// Exhaustive, because callers construct it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownDevice {
    /// The canonical user name, so that the token can be held against what was typed before a store is asked.
    pub username: String,
    /// The account.
    pub user_id: String,
    /// The account's token generation: what raises it (a new password, a factor turned on or off) ends what the device may leave out.
    pub generation: u32,
    /// The device's own random name.
    pub device: String,
    /// What was shown on the device: with a one-time code among them, and the person's consent, it may stand in for the code.
    pub methods: Methods,
    /// When that was.
    pub authenticated_at: UnixTime,
}

impl KnownDevice {
    pub(crate) fn new(claims: &ClaimSet<'_>, now: UnixTime) -> Self {
        Self {
            username: claims.username.to_string(),
            user_id: claims.user_id.to_string(),
            generation: claims.generation,
            device: claims.session.as_deref().unwrap_or_default().to_owned(),
            methods: claims.methods,
            authenticated_at: claims.times.authenticated_at.unwrap_or(now),
        }
    }
}
