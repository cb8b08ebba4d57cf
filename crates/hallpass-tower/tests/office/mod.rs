//! Where the passes of these tests come from: real tokens of a real issuer, at one moment that never passes.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::time::Duration;

use hallpass_core::{
    Claims, Clock, CookieSettings, Issuer, KeyRing, LoggedIn, Methods, Role, RoleSet, UnixTime, Verifier,
};
use hallpass_tower::AuthLayer;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// A clock that stands still.
pub(crate) struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixTime {
        NOW
    }
}

pub(crate) fn issuer() -> Issuer {
    Issuer::new(KeyRing::generate_hs256([7; 32], NOW), "https://site.example", "site")
}

pub(crate) fn verifier() -> Verifier<SiteRole> {
    issuer().verifier()
}

pub(crate) fn layer() -> AuthLayer<SiteRole> {
    AuthLayer::new(verifier()).clock(Stopped)
}

/// A pass, to be changed where a test needs another.
pub(crate) struct Pass {
    pub(crate) issuer: Issuer,
    pub(crate) roles: RoleSet<SiteRole>,
    pub(crate) methods: Methods,
    /// How long ago it was issued.
    pub(crate) age: Duration,
}

impl Pass {
    pub(crate) fn with(roles: impl Into<RoleSet<SiteRole>>) -> Self {
        Self { issuer: issuer(), roles: roles.into(), methods: Methods::PASSWORD, age: Duration::ZERO }
    }

    pub(crate) fn token(&self) -> String {
        let at = NOW.saturating_sub(self.age);
        let alice = LoggedIn::insecure_new(
            Claims::new("17", 0, at).with_username("alice").with_session("s-1").with_methods(self.methods),
            self.roles,
        );
        self.issuer.issue(&alice, at).unwrap().as_str().to_owned()
    }

    pub(crate) fn cookie(&self) -> String {
        cookie(&self.token())
    }
}

/// The token as a browser sends it, among other cookies.
pub(crate) fn cookie(token: &str) -> String {
    format!("theme=dark; {}={token}; lang=en", CookieSettings::default().access_name())
}

/// A visitor without a pass, or with one that opens nothing, and what such a one is told.
pub(crate) fn strangers() -> Vec<(&'static str, Option<String>, &'static str)> {
    let good = Pass::with(SiteRole::Admin);
    let another_office = Issuer::new(KeyRing::generate_hs256([8; 32], NOW), "https://site.example", "site");
    let another_site = Issuer::new(issuer().keys().clone(), "https://site.example", "shop");
    let mut forged = good.token();
    let last = forged.pop();
    forged.push(if last == Some('A') { 'E' } else { 'A' });
    let unsigned = {
        let token = good.token();
        let claims = token.split('.').nth(1).unwrap();
        format!("eyJhbGciOiJub25lIiwidHlwIjoiaGFsbHBhc3Mrand0In0.{claims}.")
    };
    vec![
        ("no token", None, "signed-out"),
        ("empty", Some(cookie("")), "signed-out"),
        ("garbage", Some(cookie("x.y.z")), "signed-out"),
        ("forged", Some(cookie(&forged)), "signed-out"),
        ("unsigned", Some(cookie(&unsigned)), "signed-out"),
        (
            "of another office",
            Some(Pass { issuer: another_office, ..Pass::with(SiteRole::Admin) }.cookie()),
            "signed-out",
        ),
        ("for another site", Some(Pass { issuer: another_site, ..Pass::with(SiteRole::Admin) }.cookie()), "signed-out"),
        (
            "expired",
            Some(Pass { age: Duration::from_secs(15 * 60), ..Pass::with(SiteRole::Admin) }.cookie()),
            "expired",
        ),
    ]
}
