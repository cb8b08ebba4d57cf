//! The address of the client of a request, for the limit per address.
//!
//! If it cannot be known, the limit is not absent without a notice: the attempts count on the
//! address of the connection, and the operator is told what to set. A site behind a reverse proxy
//! that is not configured would otherwise give all its clients one limit, or none, silently.

use std::net::IpAddr;

use hallpass_core::Role;

use crate::{accounts::Accounts, event::Event};

impl<R: Role> Accounts<R> {
    /// Returns the address of the client. `peer` is the address of the connection, and `lines`
    /// returns the values of a header by its lower-case name, in their order.
    ///
    /// Reports [`ClientAddressUnknown`](Event::ClientAddressUnknown), at most once per minute, if
    /// `peer` is a loopback or private address that is not a configured proxy and has sent
    /// `X-Forwarded-For` or `Forwarded`, and if there is no `peer`.
    #[must_use]
    pub fn client_address<'h, L>(
        &self,
        peer: Option<IpAddr>,
        lines: impl Fn(&'static str) -> L,
    ) -> Option<IpAddr>
    where
        L: IntoIterator<Item = &'h [u8]>,
    {
        let proxies = &self.settings().proxies;
        let brings_header =
            || ["x-forwarded-for", "forwarded"].into_iter().any(|name| has_line(lines(name)));
        let unknown = match peer {
            Some(peer) => !proxies.trusts(peer) && is_internal(peer) && brings_header(),
            None => true,
        };
        if unknown {
            self.events().client_address_unknown(Event::ClientAddressUnknown { peer });
        }
        let header: Vec<_> = proxies.header().into_iter().flat_map(&lines).collect();
        proxies.client(peer, header)
    }
}

fn has_line<'h>(lines: impl IntoIterator<Item = &'h [u8]>) -> bool {
    lines.into_iter().next().is_some()
}

/// Returns whether the address is that of this machine or of a private network (RFC 1918, RFC 4193,
/// RFC 6598, and link-local addresses), as those of reverse proxies are.
fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_internal;

    #[test]
    fn addresses_of_machine_and_private_networks_are_internal() {
        for internal in [
            "127.0.0.1",
            "::1",
            "::ffff:10.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(is_internal(internal.parse().unwrap()), "{internal}");
        }
        for public in ["192.0.2.1", "172.32.0.1", "100.128.0.1", "100.63.0.1", "2001:db8::1"] {
            assert!(!is_internal(public.parse().unwrap()), "{public}");
        }
    }
}
