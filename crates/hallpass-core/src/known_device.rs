//! A browser that an account signed in with before.
//!
//! Its token opens nothing by itself. It lets the sign-in tell the owner's browser from a stranger's: for limits that a stranger
//! cannot hold over the owner (OWASP, "device cookies"), and, where the person asked for it, to leave the code out.

use crate::{claim_set::ClaimSet, methods::Methods, time::unix_time::UnixTime};

/// What a device token says, for [`Issuer::issue_device`](crate::Issuer::issue_device) and from
/// [`Issuer::open_device`](crate::Issuer::open_device).
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
