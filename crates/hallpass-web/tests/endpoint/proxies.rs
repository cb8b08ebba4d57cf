//! The address of a client is taken only from the header of the configured reverse proxies.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use hallpass_accounts::{Event, Proxies, RateLimit, RateLimits, Settings};

use crate::site::{Site, SiteRole};

/// Attempts a login with a wrong password from this peer and with this header, and returns the
/// status.
async fn knock(site: &Site, name: &str, peer: &str, header: &str, value: &str) -> u16 {
    let fields = [("username", name), ("password", "a wrong one")];
    let mut request = site.browser().form_request("/login", &fields);
    request.peer = peer.parse().ok();
    request.headers.push((header.to_owned(), value.into()));
    site.routes.handle(request).await.status
}

fn one_attempt(proxies: Proxies) -> Site {
    Site::with(|settings, _| {
        settings.rate_limits =
            RateLimits::default().address(RateLimit::new(1, Duration::from_secs(60)));
        settings.proxies = proxies;
    })
}

#[tokio::test]
async fn a_forged_proxy_header_does_not_evade_the_rate_limit() {
    for proxies in [Proxies::default(), Proxies::x_forwarded_for(["10.0.0.1"]).unwrap()] {
        let site = one_attempt(proxies);
        assert_eq!(knock(&site, "ann", "192.0.2.1", "x-forwarded-for", "198.51.100.1").await, 401);
        assert_eq!(knock(&site, "bob", "192.0.2.1", "x-forwarded-for", "198.51.100.2").await, 429);
    }
}

#[tokio::test]
async fn clients_are_distinguished_only_by_the_proxys_header() {
    let site = one_attempt(Proxies::x_forwarded_for(["10.0.0.1"]).unwrap());
    let knock = async |name, value| knock(&site, name, "10.0.0.1", "x-forwarded-for", value).await;
    assert_eq!(knock("ann", "198.51.100.1").await, 401);
    assert_eq!(knock("bob", "198.51.100.2").await, 401, "another client");
    assert_eq!(
        knock("cid", "203.0.113.5, 198.51.100.2").await,
        429,
        "the entry that the client wrote is ignored"
    );
    let other_header = self::knock(&site, "dan", "10.0.0.1", "forwarded", "for=203.0.113.7").await;
    let again = self::knock(&site, "eve", "10.0.0.1", "forwarded", "for=203.0.113.8").await;
    assert_eq!(
        (other_header, again),
        (401, 429),
        "the other header is ignored, so both attempts count for the address of the proxy"
    );
}

/// The events about the address of clients.
fn with_events(
    change: impl FnOnce(&mut Settings<SiteRole>),
) -> (Site, Arc<Mutex<Vec<Option<IpAddr>>>>) {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&reported);
    let site = Site::with(|settings, _| {
        settings.on_event = Some(Arc::new(move |event: &Event| {
            if let Event::ClientAddressUnknown { peer } = event {
                into.lock().unwrap().push(*peer);
            }
        }));
        change(settings);
    });
    (site, reported)
}

#[tokio::test]
async fn a_loopback_peer_is_limited_and_its_header_is_reported() {
    for header in ["x-forwarded-for", "forwarded"] {
        let (site, reported) = with_events(|settings| {
            let limits = RateLimits::default();
            settings.rate_limits = limits.loopback(RateLimit::new(2, Duration::from_secs(60)));
        });
        let mut statuses = Vec::new();
        for (name, value) in [("ann", "198.51.100.1"), ("bob", "198.51.100.2"), ("cid", "x")] {
            statuses.push(knock(&site, name, "127.0.0.1", header, value).await);
        }
        assert_eq!(statuses, [401, 401, 429], "{header}: one limit for the whole machine");
        assert_eq!(*reported.lock().unwrap(), ["127.0.0.1".parse().ok()], "once per minute");
    }
}

#[tokio::test]
async fn only_internal_peers_that_are_no_proxies_are_reported() {
    let other_proxy = || Proxies::x_forwarded_for(["10.0.0.1"]).unwrap();
    for (proxies, peer, header, expected) in [
        (Proxies::default(), "10.0.0.1", "x-forwarded-for", 1),
        (Proxies::default(), "fd00::1", "forwarded", 1),
        (other_proxy(), "10.0.0.2", "x-forwarded-for", 1),
        (other_proxy(), "10.0.0.1", "x-forwarded-for", 0),
        (Proxies::default(), "10.0.0.1", "x-other", 0),
        // Any client may send the header.
        (Proxies::default(), "192.0.2.1", "x-forwarded-for", 0),
        // The adapter passes no address.
        (Proxies::default(), "", "x-other", 1),
    ] {
        let (site, reported) = with_events(|settings| settings.proxies = proxies);
        assert_eq!(knock(&site, "ann", peer, header, "198.51.100.1").await, 401);
        assert_eq!(reported.lock().unwrap().len(), expected, "{peer} {header}");
    }
}

#[tokio::test]
async fn an_unreadable_header_counts_on_the_address_of_the_proxy() {
    for proxy in ["10.0.0.1", "127.0.0.1"] {
        let limit = RateLimit::new(1, Duration::from_secs(60));
        let site = Site::with(|settings, _| {
            settings.rate_limits = RateLimits::default().address(limit.clone()).loopback(limit);
            settings.proxies = Proxies::x_forwarded_for([proxy]).unwrap();
        });
        for (name, value, expected) in [
            ("ann", "198.51.100.1", 401),
            ("bob", "not an address", 401),
            ("cid", "198.51.100.300", 429),
            ("dan", "", 429),
            ("eve", "unix:", 429),
            ("fay", "198.51.100.2", 401),
        ] {
            let status = knock(&site, name, proxy, "x-forwarded-for", value).await;
            assert_eq!(status, expected, "{proxy}: {value:?}");
        }
    }
}
