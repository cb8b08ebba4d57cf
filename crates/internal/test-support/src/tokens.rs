//! Tokens that an issuer signs at a fixed time, and tokens that must be rejected.

use std::time::Duration;

use hallpass_core::{
    Claims, Clock, CookieSettings, Issuer, KeyRing, LoggedIn, Methods, Role, RoleSet, UnixTime,
    Verifier,
};
use hallpass_tower::AuthLayer;

/// The roles of the site.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SiteRole {
    /// The lowest role.
    Guest,
    /// The role between the two others.
    Moderator,
    /// The highest role.
    Admin,
}

/// The time of the site.
pub const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// A clock that always returns [`NOW`].
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixTime {
        NOW
    }
}

/// Returns the issuer of the site.
#[must_use]
pub fn issuer() -> Issuer {
    Issuer::new(KeyRing::generate_hs256([7; 32], NOW), "https://site.example", "site")
}

/// Returns a verifier of the site's tokens.
#[must_use]
pub fn verifier() -> Verifier<SiteRole> {
    issuer().verifier()
}

/// Returns the outer layer of the site, at [`NOW`].
#[must_use]
pub fn layer() -> AuthLayer<SiteRole> {
    AuthLayer::new(verifier()).clock(StoppedClock)
}

/// The contents of a token of the user alice. A test replaces the fields that it checks.
pub struct TokenOf {
    /// The issuer that signs the token.
    pub issuer: Issuer,
    /// The roles of alice.
    pub roles: RoleSet<SiteRole>,
    /// The methods with which alice logged in.
    pub methods: Methods,
    /// The time since the token was issued.
    pub age: Duration,
}

impl TokenOf {
    /// Returns the contents of a token with these roles, issued at [`NOW`] after a login with a
    /// password.
    pub fn with(roles: impl Into<RoleSet<SiteRole>>) -> Self {
        Self {
            issuer: issuer(),
            roles: roles.into(),
            methods: Methods::PASSWORD,
            age: Duration::ZERO,
        }
    }

    /// Returns the signed token.
    #[must_use]
    pub fn token(&self) -> String {
        let at = NOW.saturating_sub(self.age);
        let alice = LoggedIn::insecure_new(
            Claims::new("17", 0, at)
                .with_username("alice")
                .with_session("s-1")
                .with_methods(self.methods),
            self.roles,
        );
        self.issuer.issue(&alice, at).expect("the claims are valid").as_str().to_owned()
    }

    /// Returns the value of a `Cookie` header with the signed token.
    #[must_use]
    pub fn cookie(&self) -> String {
        cookie(&self.token())
    }
}

/// Returns the value of a `Cookie` header with this token between two other cookies.
#[must_use]
pub fn cookie(token: &str) -> String {
    format!("theme=dark; {}={token}; lang=en", CookieSettings::default().access_name())
}

/// Returns requests without a valid token. Each has a name, the `Cookie` header, and the problem
/// type of the rejection.
#[must_use]
pub fn invalid_cookies() -> Vec<(&'static str, Option<String>, &'static str)> {
    let good = TokenOf::with(SiteRole::Admin);
    let another_issuer =
        Issuer::new(KeyRing::generate_hs256([8; 32], NOW), "https://site.example", "site");
    let another_site = Issuer::new(issuer().keys().clone(), "https://site.example", "shop");
    let mut forged = good.token();
    let last = forged.pop();
    forged.push(if last == Some('A') { 'E' } else { 'A' });
    let unsigned = {
        let token = good.token();
        let claims = token.split('.').nth(1).expect("the token has three parts");
        format!("eyJhbGciOiJub25lIiwidHlwIjoiaGFsbHBhc3Mrand0In0.{claims}.")
    };
    vec![
        ("no token", None, "signed-out"),
        ("empty", Some(cookie("")), "signed-out"),
        ("garbage", Some(cookie("x.y.z")), "signed-out"),
        ("forged", Some(cookie(&forged)), "signed-out"),
        ("unsigned", Some(cookie(&unsigned)), "signed-out"),
        (
            "signed by another issuer",
            Some(TokenOf { issuer: another_issuer, ..TokenOf::with(SiteRole::Admin) }.cookie()),
            "signed-out",
        ),
        (
            "for another site",
            Some(TokenOf { issuer: another_site, ..TokenOf::with(SiteRole::Admin) }.cookie()),
            "signed-out",
        ),
        (
            "expired",
            Some(
                TokenOf { age: Duration::from_secs(15 * 60), ..TokenOf::with(SiteRole::Admin) }
                    .cookie(),
            ),
            "expired",
        ),
    ]
}
