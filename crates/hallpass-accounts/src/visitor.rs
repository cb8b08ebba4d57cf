//! Who knocks: what limits and the session list need to know of a request.

use std::{fmt, net::IpAddr};

use crate::session::device::device_name;

/// Who asks to be signed in.
///
/// Exhaustive, because callers construct it.
#[derive(Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// The address of the client. Behind a proxy this must be what the **configured** proxy says, or anybody names their own; `None`
    /// turns the limit per address off.
    pub peer: Option<IpAddr>,
    /// The `User-Agent`, as sent.
    pub device: &'a str,
    /// The device cookie: the [`DeviceToken`](hallpass_core::DeviceToken) of an earlier sign-in.
    pub known: Option<&'a [u8]>,
    /// Whether the person wants this browser to stand in for the code next time. It does where the site
    /// [remembers devices](crate::AccountsBuilder::trust_devices).
    pub remember: bool,
    /// Whether the person is signed in already and comes for a second factor: no device stands in for the code then.
    pub step_up: bool,
}

impl Visitor<'_> {
    pub(crate) fn device_name(&self) -> String {
        device_name(self.device)
    }
}

/// Without the token.
impl fmt::Debug for Visitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").field("peer", &self.peer).field("device", &self.device).finish_non_exhaustive()
    }
}
