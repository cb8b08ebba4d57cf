//! The address of a client is taken only from the header of the configured reverse proxies.

use std::time::Duration;

use hallpass_accounts::{Proxies, RateLimit, RateLimits};

use crate::site::Site;

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
