//! An address counts as the configured proxies say, and as nobody else does.

use std::time::Duration;

use hallpass_accounts::{Proxies, RateLimit, RateLimits};

use crate::site::Site;

/// Logs in wrongly through this connection, with this header, and answers the status.
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
async fn a_header_that_anybody_wrote_buys_no_further_attempts() {
    for proxies in [Proxies::default(), Proxies::x_forwarded_for(["10.0.0.1"]).unwrap()] {
        let site = one_attempt(proxies);
        assert_eq!(knock(&site, "ann", "192.0.2.1", "x-forwarded-for", "198.51.100.1").await, 401);
        assert_eq!(knock(&site, "bob", "192.0.2.1", "x-forwarded-for", "198.51.100.2").await, 429);
    }
}

#[tokio::test]
async fn clients_behind_the_proxy_are_told_apart_by_its_word_alone() {
    let site = one_attempt(Proxies::x_forwarded_for(["10.0.0.1"]).unwrap());
    let knock = async |name, value| knock(&site, name, "10.0.0.1", "x-forwarded-for", value).await;
    assert_eq!(knock("ann", "198.51.100.1").await, 401);
    assert_eq!(knock("bob", "198.51.100.2").await, 401, "another client");
    assert_eq!(
        knock("cid", "203.0.113.5, 198.51.100.2").await,
        429,
        "the client's own words do not count"
    );
    let other_header = self::knock(&site, "dan", "10.0.0.1", "forwarded", "for=203.0.113.7").await;
    let again = self::knock(&site, "eve", "10.0.0.1", "forwarded", "for=203.0.113.8").await;
    assert_eq!(
        (other_header, again),
        (401, 429),
        "the proxy writes the other header, so these are the proxy's own"
    );
}
