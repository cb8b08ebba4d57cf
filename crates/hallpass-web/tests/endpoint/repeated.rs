//! A route that requires a login and hashes a password cannot be repeated without limit. Otherwise
//! a copied access token would take the hashing capacity of the site (row 47 of the threat table).

use std::collections::BTreeSet;

use crate::site::{Client, PASSWORD, Site};

/// At most ten changes of one session are possible within a minute, and a change of the password
/// hashes twice.
const MAX_HASHES: u64 = 20;
const SECONDS: u64 = 60;
/// Requests in the first second. One per second follows.
const BURST: u64 = 30;

/// The fields of all forms, so that a new route needs no change here. `username` is absent, because
/// only routes without a login have it.
fn fields(password: &str) -> [(&str, &str); 8] {
    [
        ("password", password),
        ("current_password", password),
        ("new_password", PASSWORD),
        ("code", "000000"),
        ("session", "others"),
        ("name", "a name"),
        ("id", "1"),
        ("email", "ann@site.example"),
    ]
}

async fn session(site: &Site, with_factor: bool) -> Client {
    let mut ann = site.script().registered("ann").await;
    if with_factor {
        ann.enrol().await;
    }
    ann
}

/// Posts to the route for a minute. Returns the number of hashes.
async fn repeat(path: &str, with_factor: bool, password: &str) -> u64 {
    let site = Site::new();
    let mut ann = session(&site, with_factor).await;
    let before = site.accounts.password_hasher().runs();
    for request in 0..BURST + SECONDS {
        ann.post(path, &fields(password)).await;
        site.clock.pass(u64::from(request >= BURST));
    }
    site.accounts.password_hasher().runs() - before
}

#[tokio::test]
async fn every_route_with_a_login_makes_few_hashes_per_minute() {
    let (site, mut hashing) = (Site::new(), BTreeSet::new());
    for route in site.routes.routes() {
        let path = route.path;
        let posted = site.script().post(path, &fields(PASSWORD)).await;
        if posted.status != 401 {
            continue; // no login is required, or no POST is accepted
        }
        for with_factor in [false, true] {
            for password in [PASSWORD, "another password"] {
                let hashes = repeat(path, with_factor, password).await;
                assert!(hashes <= MAX_HASHES, "{path}: {hashes} hashes, factor: {with_factor}");
                if hashes > 0 {
                    hashing.insert(path);
                }
            }
        }
    }
    for path in ["/account/password", "/account/two-factor/disable"] {
        assert!(hashing.contains(path), "{path} was not tested: {hashing:?}");
    }
}
