//! The networks of a client, narrowest first.
//!
//! A provider gives an IPv6 customer a /64, a /56 or a /48 (RFC 6177, BCP 157), so a limit per
//! address, or per /64 alone, allows 2¹⁶ times the attempts. Each width therefore has a limit of
//! its own, and the wider ones are larger.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One network of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Network {
    /// Such as `198.51.100.0/24`.
    pub(crate) text: String,
    /// The limit of this network is this many times the limit of the narrowest one.
    pub(crate) share: u32,
}

/// Returns the networks that a limit per client counts on. Empty without an address, and for a
/// loopback address: those have one wide limit of their own (`limits.rs`).
pub(crate) fn networks(peer: Option<IpAddr>) -> Vec<Network> {
    match client(peer) {
        None => Vec::new(),
        Some(IpAddr::V4(address)) => vec![of_ipv4(address, 32, 1), of_ipv4(address, 24, 3)],
        Some(IpAddr::V6(address)) => of_ipv6(address),
    }
}

/// Returns the networks that a limit per account and network counts on. All clients without an
/// address share one.
pub(crate) fn networks_of_account(peer: Option<IpAddr>) -> Vec<Network> {
    match client(peer) {
        None => vec![Network { text: "none".to_owned(), share: 1 }],
        Some(IpAddr::V4(address)) => vec![of_ipv4(address, 24, 1)],
        Some(IpAddr::V6(address)) => of_ipv6(address),
    }
}

fn client(peer: Option<IpAddr>) -> Option<IpAddr> {
    peer.map(|peer| peer.to_canonical()).filter(|peer| !peer.is_loopback())
}

fn of_ipv4(address: Ipv4Addr, bits: u32, share: u32) -> Network {
    let first = address.to_bits() & (u32::MAX << (32 - bits));
    Network { text: format!("{}/{bits}", Ipv4Addr::from_bits(first)), share }
}

fn of_ipv6(address: Ipv6Addr) -> Vec<Network> {
    let network = |(bits, share): (u32, u32)| {
        let first = address.to_bits() & (u128::MAX << (128 - bits));
        Network { text: format!("{}/{bits}", Ipv6Addr::from_bits(first)), share }
    };
    [(64, 1), (56, 2), (48, 3)].map(network).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(networks: Vec<Network>) -> Vec<String> {
        networks.into_iter().map(|network| network.text).collect()
    }

    fn of(peer: &str) -> Vec<String> {
        texts(networks(peer.parse().ok()))
    }

    #[test]
    fn each_width_of_a_network_has_a_key() {
        assert_eq!(of("192.0.2.77"), ["192.0.2.77/32", "192.0.2.0/24"]);
        assert_eq!(of("::ffff:192.0.2.77"), of("192.0.2.77"));
        assert_eq!(
            of("2001:db8:1:2fff:ffff::9"),
            ["2001:db8:1:2fff::/64", "2001:db8:1:2f00::/56", "2001:db8:1::/48"]
        );
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(loopback), [""; 0], "{loopback}");
            assert_eq!(texts(networks_of_account(loopback.parse().ok())), ["none"]);
        }
        assert_eq!(texts(networks_of_account("192.0.2.77".parse().ok())), ["192.0.2.0/24"]);
        assert_eq!(texts(networks_of_account(None)), ["none"]);
    }
}
