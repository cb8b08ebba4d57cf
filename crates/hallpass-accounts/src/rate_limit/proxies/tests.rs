use super::*;

fn client(proxies: &Proxies, peer: &str, lines: &[&str]) -> String {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    proxies.client(peer.parse().ok(), lines).map(|address| address.to_string()).unwrap_or_default()
}

#[test]
fn x_forwarded_for_is_read_from_its_end() {
    let proxies = Proxies::x_forwarded_for(["10.0.0.0/8", "fd00::/8", "192.0.2.4"]).unwrap();
    for (peer, lines, expected) in [
        ("10.0.0.1", &["198.51.100.7"][..], "198.51.100.7"),
        ("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", &["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", &["198.51.100.7, 192.0.2.4,10.9.9.9"], "198.51.100.7"),
        ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
        ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
        ("fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
        // No entry, an invalid entry, or a name: the last known address is the proxy.
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.7,"], "10.0.0.1"),
        ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        // Not a configured proxy: its header is ignored.
        ("11.0.0.1", &["198.51.100.7"], "11.0.0.1"),
        ("192.0.2.5", &["198.51.100.7"], "192.0.2.5"),
        ("fe00::1", &["198.51.100.7"], "fe00::1"),
    ] {
        assert_eq!(client(&proxies, peer, lines), expected, "{peer} {lines:?}");
    }
    assert_eq!(proxies.client(None, [&b"198.51.100.7"[..]]), None);
}

#[test]
fn forwarded_is_read_as_rfc_7239_writes_it() {
    let proxies = Proxies::forwarded(["127.0.0.1"]).unwrap();
    for (line, expected) in [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("proto=https; FOR=\"192.0.2.47:80\"", "192.0.2.47"),
        ("for=1.1.1.1, for=192.0.2.43", "192.0.2.43"),
        ("for=\"1.1.1.1, for=192.0.2.43", "192.0.2.43"),
        ("for=_hidden", "127.0.0.1"),
        ("for=unknown", "127.0.0.1"),
        ("by=192.0.2.60", "127.0.0.1"),
        ("192.0.2.60", "127.0.0.1"),
    ] {
        assert_eq!(client(&proxies, "127.0.0.1", &[line]), expected, "{line}");
    }
}

#[test]
fn without_proxies_the_peer_is_the_client() {
    let none = Proxies::default();
    assert_eq!(none.header(), None);
    assert_eq!(client(&none, "127.0.0.1", &["198.51.100.7"]), "127.0.0.1");
}

#[test]
fn invalid_networks_are_rejected() {
    for good in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32"] {
        assert!(Proxies::forwarded([good]).is_ok(), "{good}");
    }
    for bad in [
        "",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0/8",
        "::1/129",
        "2001:db8::1/32",
        "proxy.example",
        "10.0.0.0/-1",
    ] {
        assert!(Proxies::forwarded([bad]).is_err(), "{bad}");
    }
}
