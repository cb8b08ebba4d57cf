//! The reverse proxies in front of a site, and the address of the client behind them.
//!
//! Limits per address depend on a correct address. Any client can send `Forwarded` and
//! `X-Forwarded-For`, so a header is read only if the connection comes from a **configured** proxy,
//! and only the one header that the proxy writes. A proxy that sets one of the headers forwards the
//! client's own text in the other.
//!
//! The list is read from its end, where the nearest proxy wrote, while each address is a configured
//! proxy. The first address that is not a configured proxy is the client. Entries before it are
//! written by the client and are not read.

use std::net::IpAddr;

/// The addresses of the site's own proxies, and the header in which they write the client's
/// address. The default has no proxies: the client is then the peer of the connection.
///
/// ```
/// use hallpass_accounts::Proxies;
///
/// let proxies = Proxies::x_forwarded_for(["10.0.0.0/8", "::1"])?;
/// let client = |peer: &str, line: &'static str| {
///     proxies.client(peer.parse().ok(), [line.as_bytes()]).unwrap().to_string()
/// };
/// assert_eq!(
///     client("10.1.2.3", "203.0.113.9, 198.51.100.7"),
///     "198.51.100.7",
///     "the first entry was written by the client"
/// );
/// assert_eq!(client("192.0.2.1", "198.51.100.7"), "192.0.2.1", "not a configured proxy");
/// assert!(Proxies::x_forwarded_for(["10.0.0.1/8"]).is_err(), "host bits in a network are rejected");
/// # Ok::<(), hallpass_accounts::ProxiesError>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct Proxies {
    header: Option<ClientHeader>,
    networks: Vec<Network>,
}

/// An address, or a network with the length of its prefix in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ClientHeader {
    Forwarded,
    XForwardedFor,
}

impl Proxies {
    /// Configures proxies that write `X-Forwarded-For`, by address (`10.0.0.1`, `::1`) or network
    /// (`10.0.0.0/8`).
    ///
    /// # Errors
    /// A text is neither an address nor a network.
    pub fn x_forwarded_for<'n>(
        networks: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, ProxiesError> {
        Self::writing(ClientHeader::XForwardedFor, networks)
    }

    /// Configures proxies that write `Forwarded` (RFC 7239), by address or network as in
    /// [`x_forwarded_for`](Self::x_forwarded_for).
    ///
    /// # Errors
    /// A text is neither an address nor a network.
    pub fn forwarded<'n>(
        networks: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, ProxiesError> {
        Self::writing(ClientHeader::Forwarded, networks)
    }

    fn writing<'n>(
        header: ClientHeader,
        networks: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, ProxiesError> {
        let networks = networks.into_iter().map(Network::parse).collect::<Result<_, _>>()?;
        Ok(Self { header: Some(header), networks })
    }

    /// Returns the name of the header that is read, in lower case, or `None` if no proxy is
    /// configured.
    #[must_use]
    pub fn header(&self) -> Option<&'static str> {
        self.header.map(|header| match header {
            ClientHeader::Forwarded => "forwarded",
            ClientHeader::XForwardedFor => "x-forwarded-for",
        })
    }

    /// Returns whether the address is that of a configured proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.holds(address))
    }

    /// Returns the address of the client, or `None` if `peer` is `None`. `peer` is the address of
    /// the connection, and `lines` are the values of [`header`](Self::header), in their order.
    #[must_use]
    pub fn client<'h>(
        &self,
        peer: Option<IpAddr>,
        lines: impl IntoIterator<Item = &'h [u8], IntoIter: DoubleEndedIterator>,
    ) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        let Some(header) = self.header else { return Some(client) };
        // A comma ends an entry even within quotes. No address contains a comma, and a client that
        // opens a quote and does not close it must not hide the entry that the proxy appended.
        let entries = lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for entry in entries {
            if !self.trusts(client) {
                break;
            }
            let Some(address) =
                std::str::from_utf8(entry).ok().and_then(|entry| header.address(entry))
            else {
                // The proxy wrote no address, or an address that cannot be parsed. The last known
                // address is the proxy.
                break;
            };
            client = address.to_canonical();
        }
        Some(client)
    }
}

impl ClientHeader {
    fn address(self, entry: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => address_of_node(entry.trim()),
            Self::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let is_for = name.trim().eq_ignore_ascii_case("for");
                is_for.then(|| address_of_node(value.trim().trim_matches('"')))?
            }),
        }
    }
}

/// Parses an address with or without a port. IPv6 may be in brackets or, as is common, without them
/// (RFC 7239 section 6).
fn address_of_node(node: &str) -> Option<IpAddr> {
    if let Some(rest) = node.strip_prefix('[') {
        let (address, _port) = rest.split_once(']')?;
        return address.parse().ok();
    }
    match node.split_once(':') {
        Some((address, port)) if !port.contains(':') => address.parse().ok(),
        _ => node.parse().ok(),
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, ProxiesError> {
        let error = || ProxiesError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let network = Self { address, bits: bits.unwrap_or(longest) };
        let bits_left = network.bits <= longest && network.masked(address) == Some(number(address));
        if bits_left { Ok(network) } else { Err(error()) }
    }

    fn holds(self, address: IpAddr) -> bool {
        self.masked(address).is_some_and(|masked| masked == number(self.address))
    }

    /// Returns the bits of the address within the prefix, or `None` for the other address family.
    fn masked(self, address: IpAddr) -> Option<u128> {
        (address.is_ipv4() == self.address.is_ipv4()).then(|| {
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let host_bits = u32::from(longest - self.bits.min(longest));
            let host = 1_u128.checked_shl(host_bits).map_or(u128::MAX, |host| host - 1);
            number(address) & !host
        })
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{0:?} is not a proxy address: write an address such as 10.0.0.1, or a network such as 10.0.0.0/8 or fd00::/8"
)]
pub struct ProxiesError(String);

#[cfg(test)]
mod tests;
