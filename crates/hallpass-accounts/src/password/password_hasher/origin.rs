//! The origin of a call to the password hasher: the network that it comes from, and whether it may
//! use the reserved lane.

use std::net::IpAddr;

/// The network of a client, in two levels. Networks take turns, and the parts of a network take
/// turns within its turn.
///
/// An IPv6 customer has a /48 or a /56 (RFC 6177), and may use each address in it. So all addresses
/// of a /48 share one turn, and within it all addresses of a /56. For IPv4 the levels are the /24
/// and the address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Network {
    pub(super) wide: Wide,
    pub(super) narrow: Narrow,
}

/// A network that has one turn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Wide {
    /// Callers without an address, and loopback addresses, which are those of a proxy that is not
    /// configured.
    Unknown,
    /// An IPv4 /24.
    V4([u8; 3]),
    /// An IPv6 /48.
    V6([u16; 3]),
}

/// A part of a network: the last byte of an IPv4 address, the last byte of an IPv6 /56, or a number
/// that is derived from an account or a name.
pub(super) type Narrow = u64;

impl Network {
    pub(crate) fn of(peer: Option<IpAddr>) -> Self {
        match peer.map(|peer| peer.to_canonical()) {
            Some(IpAddr::V4(address)) if !address.is_loopback() => {
                let [a, b, c, d] = address.octets();
                Self { wide: Wide::V4([a, b, c]), narrow: d.into() }
            }
            Some(IpAddr::V6(address)) if !address.is_loopback() => {
                let [a, b, c, d, ..] = address.segments();
                Self { wide: Wide::V6([a, b, c]), narrow: (d >> 8).into() }
            }
            _ => Self { wide: Wide::Unknown, narrow: 0 },
        }
    }
}

/// Where a call comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(super) network: Network,
    /// The account and the browser or session, if the call may use the reserved lane.
    pub(super) reserved: Option<ReservedKey>,
}

/// An account, and a browser or a session of it.
pub(super) type ReservedKey = Box<str>;

impl Origin {
    /// A client that no account is known to use.
    pub(crate) fn stranger(peer: Option<IpAddr>) -> Self {
        Self { network: Network::of(peer), reserved: None }
    }

    /// A client that logs in to the account of this name. Without an address, names take turns, so
    /// that a flood on one name does not keep other people out
    /// (`crates/hallpass/tests/facade/blocked_name.rs`).
    pub(crate) fn login(peer: Option<IpAddr>, name: &str) -> Self {
        let mut network = Network::of(peer);
        if network.wide == Wide::Unknown {
            network.narrow = part_of(name);
        }
        Self { network, reserved: None }
    }

    /// A browser in which this account has logged in before. `browser` identifies the browser and
    /// is not a secret.
    pub(crate) fn known_browser(peer: Option<IpAddr>, account: &str, browser: &str) -> Self {
        // The browser comes first, because a name may contain a colon.
        let key = format!("browser:{browser}:{account}").into();
        Self { network: Network::of(peer), reserved: Some(key) }
    }

    /// A session that changes its own account. Its network is not known here, so accounts take
    /// turns.
    pub(crate) fn session(account: &str, session: Option<&str>) -> Self {
        let key = format!("session:{}:{account}", session.unwrap_or_default()).into();
        let network = Network { wide: Wide::Unknown, narrow: part_of(account) };
        Self { network, reserved: Some(key) }
    }
}

/// Derives a number from a text. Two texts with one number only share a turn.
fn part_of(text: &str) -> Narrow {
    text.bytes().fold(0, |hash, byte| {
        Narrow::wrapping_mul(hash, 0x0100_0000_01b3).wrapping_add(byte.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(Some(address.parse().unwrap()))
    }

    #[test]
    fn networks_are_a_24_and_a_56_within_a_48() {
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_eq!(network("192.0.2.1").wide, network("192.0.2.200").wide);
        assert_ne!(network("192.0.2.1"), network("192.0.2.200"));
        assert_ne!(network("192.0.2.1").wide, network("192.0.3.1").wide);
        assert_eq!(network("2001:db8:1:200::1"), network("2001:db8:1:2ff:9::9"), "one /56");
        assert_ne!(network("2001:db8:1:200::1"), network("2001:db8:1:300::1"));
        assert_eq!(network("2001:db8:1:200::1").wide, network("2001:db8:1:300::1").wide);
        assert_ne!(network("2001:db8:1::1").wide, network("2001:db8:2::1").wide);
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(network(loopback), Network::of(None), "{loopback}");
        }
        let [alice, bob] = ["alice", "bob"].map(|name| Origin::login(None, name).network);
        assert!(alice != bob && alice.wide == bob.wide, "without an address, names take turns");
        let peer = Some("192.0.2.1".parse().unwrap());
        assert_eq!(Origin::login(peer, "alice").network, Origin::login(peer, "bob").network);
    }
}
