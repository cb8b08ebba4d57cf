//! Who knocks: what limits and the session list need to know of a request.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use crate::session::device::device_name;

/// Who asks to be signed in.
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
    /// [remembers devices](crate::SignInBuilder::remember_devices).
    pub remember: bool,
    /// Whether the person is signed in already and comes for a second factor: no device stands in for the code then.
    pub step_up: bool,
}

impl Visitor<'_> {
    /// The key that the limit per address counts by. An IPv6 client owns at least a /64 (RFC 6177), so its whole prefix is
    /// one key; counted singly, each of 2⁶⁴ addresses would buy fresh attempts. A loopback address is no client's but a proxy's
    /// that nobody configured, and has none: counted, one guesser would shut out everybody behind that proxy.
    pub(crate) fn address_key(&self) -> Option<String> {
        let peer = self.peer?.to_canonical();
        if peer.is_loopback() {
            return None;
        }
        let key = match peer {
            IpAddr::V4(address) => format!("address:{address}"),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("address:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        };
        Some(key)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(peer: &str) -> Option<String> {
        let peer = peer.parse().ok();
        Visitor { peer, ..Visitor::default() }.address_key()
    }

    #[test]
    fn one_client_has_one_key() {
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(Visitor::default().address_key(), None);
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(key(loopback), None, "{loopback}");
        }
    }
}
