//! The cost with a growing number of users, roles and cookies.

use std::time::Duration;

use hallpass_benches::{AUDIENCE, ISSUER, SECRET};
use hallpass_core::{Clock, RevocationList, Role, RoleSet, SystemClock, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::runtime::Runtime;

use crate::{
    Case,
    axum_sites::{InProcess, Visit, hallpass, login, visit},
    token::{Claims, access_token, admin_at, hs256, now, validation},
};

/// Maximum number of users whose tokens send requests.
const CALLERS: usize = 10_000;

/// Returns cases of whole requests to a site with 10 to 1,000,000 users.
pub fn users(runtime: &'static Runtime) -> Vec<(u64, Case)> {
    let mut cases = Vec::new();
    for count in [10, 1_000, 100_000, 1_000_000] {
        let tokens: Vec<String> = (0..count.min(CALLERS))
            .map(|turn| format!("{:08x}", turn * count / count.min(CALLERS)))
            .map(|user_id| hallpass::cookie_of(&admin_at(hs256(), &user_id, now())))
            .collect();
        let revoked = RevocationList::new();
        for user in 0..count {
            // One less than the generation of the tokens: each lookup finds an entry, and the token
            // is valid.
            revoked.revoke_below(
                &format!("{user:08x}"),
                2,
                now().saturating_add(Duration::from_secs(86_400)),
            );
        }
        let mut add = |name, site, tokens| {
            cases.push((count as u64, InProcess { name, runtime }.visit(site, tokens)))
        };
        add("hallpass", hallpass::outside(), tokens.clone());
        let watching = hallpass::outside_of(hallpass::verifier().revocation(revoked));
        add("hallpass, every account has a revocation", watching, tokens);
        let (site, cookies) = runtime.block_on(login::in_memory(count));
        cases.push((
            count as u64,
            InProcess { name: "axum-login, memory", runtime }.visit(site, cookies),
        ));
        let (site, cookies) = runtime.block_on(login::sqlite(&login::file(count), count));
        cases.push((
            count as u64,
            InProcess { name: "axum-login, SQLite file", runtime }.visit(site, cookies),
        ));
    }
    cases
}

/// Returns cases of the verification of a token with 2 to 64 roles, of an enum with 64 roles.
pub fn roles() -> Vec<(u64, Case)> {
    let mut cases = Vec::new();
    for count in [2, 4, 8, 16, 32, 64] {
        let roles: RoleSet<Many> = Many::ALL.iter().copied().take(count).collect();
        let token = access_token(hs256(), "9f3c2a1b", roles, now());
        let (ours, theirs) = (token.clone(), token);
        let verifier = Verifier::<Many>::new(hs256(), ISSUER, AUDIENCE);
        let hallpass = Case::new("hallpass", move || {
            let read = verifier
                .claims(ours.as_bytes(), SystemClock.now(), |claims, _| claims.roles::<Many>());
            assert_eq!(read.unwrap(), roles);
        });
        let (key, validation) = (DecodingKey::from_secret(&SECRET), validation(Algorithm::HS256));
        let jsonwebtoken = Case::new("jsonwebtoken", move || {
            assert_eq!(
                jsonwebtoken::decode::<Claims>(&theirs, &key, &validation)
                    .unwrap()
                    .claims
                    .roles
                    .len(),
                count
            );
        });
        cases.extend([(count as u64, hallpass), (count as u64, jsonwebtoken)]);
    }
    cases
}

/// Returns cases of whole requests with 0 to 50 cookies before the site's cookie.
pub fn cookies(runtime: &'static Runtime) -> Vec<(u64, Case)> {
    let mut cases = Vec::new();
    for count in [0, 5, 10, 20, 50] {
        let others: String =
            (0..count).map(|n| format!("site_setting_{n}=a-value-of-{n}; ")).collect();
        for (name, site) in [
            ("hallpass", "hallpass: layer outside, guard"),
            ("by hand, with a CookieJar", "by hand: CookieJar, jsonwebtoken, role"),
        ] {
            let crowded = Crowded { others: &others, then: InProcess { name, runtime } };
            cases.push((count, visit(site, runtime, crowded)));
        }
    }
    cases
}

/// Puts other cookies before the site's own.
struct Crowded<'a> {
    others: &'a str,
    then: InProcess<'a>,
}

impl Visit for Crowded<'_> {
    type Outcome = Case;

    fn visit<S>(self, site: S, cookies: Vec<String>) -> Case
    where
        S: tower::Service<
                http::Request<axum::body::Body>,
                Response = http::Response<axum::body::Body>,
                Error = std::convert::Infallible,
            > + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        let cookies = cookies
            .iter()
            .map(|cookie| format!("{}{}", self.others, cookie.trim_start_matches("theme=dark; ")));
        self.then.visit(site, cookies.collect())
    }
}

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
enum Many {
    R00, R01, R02, R03, R04, R05, R06, R07, R08, R09, R10, R11, R12, R13, R14, R15,
    R16, R17, R18, R19, R20, R21, R22, R23, R24, R25, R26, R27, R28, R29, R30, R31,
    R32, R33, R34, R35, R36, R37, R38, R39, R40, R41, R42, R43, R44, R45, R46, R47,
    R48, R49, R50, R51, R52, R53, R54, R55, R56, R57, R58, R59, R60, R61, R62, R63,
}
