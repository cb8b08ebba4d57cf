//! The token that everybody verifies, and what jsonwebtoken needs to verify it.

use std::time::Duration;

use hallpass_benches::{AUDIENCE, ISSUER, SiteRole, ring};
use hallpass_core::{
    Algorithm, Clock, Issuer, KeyRing, LoggedIn, LoggedInFacts, Methods, Role, RoleSet, SystemClock, UnixTime,
};
use jsonwebtoken::Validation;
use serde::{Deserialize, Serialize};

/// What the peers read a token into: owned, as their `decode` asks for it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub user_id: String,
    pub roles: Vec<String>,
    pub iat: u64,
    pub exp: u64,
    pub auth_time: u64,
    pub amr: Vec<String>,
    pub sid: String,
    #[serde(rename = "gen")]
    pub generation: u32,
}

impl Claims {
    /// Whether it may see the page, as a site would ask by hand.
    pub fn names_an_admin(&self) -> bool {
        self.roles.iter().any(|role| role == SiteRole::Admin.name())
    }
}

/// The present, less a second: the peers ask the system's clock, and none of them takes a token from the future.
pub fn now() -> UnixTime {
    SystemClock.now().saturating_sub(Duration::from_secs(1))
}

/// The page's reader, with all claims: two roles, password and code.
pub fn admin(ring: KeyRing) -> String {
    admin_at(ring, "9f3c2a1b", now())
}

/// The same as another account, or at another time.
pub fn admin_at(ring: KeyRing, user_id: &str, at: UnixTime) -> String {
    access_token(ring, user_id, RoleSet::from([SiteRole::Moderator, SiteRole::Admin]), at)
}

/// An access token that lives for half a day.
pub fn access_token<R: Role>(ring: KeyRing, user_id: &str, roles: RoleSet<R>, at: UnixTime) -> String {
    let issuer = Issuer::new(ring, ISSUER, AUDIENCE).lifetime(Duration::from_secs(12 * 3600));
    let who = LoggedIn::insecure_new(LoggedInFacts {
        username: "alice".into(),
        user_id: user_id.into(),
        roles,
        generation: 3,
        session: "0123456789abcdef0123456789abcdef".into(),
        authenticated_at: at,
        methods: Methods::PASSWORD | Methods::ONE_TIME_CODE,
    });
    issuer.issue(&who, at).unwrap().as_str().to_owned()
}

/// The ring that every HS256 site here shares.
pub(crate) fn hs256() -> KeyRing {
    ring(Algorithm::Hs256).unwrap()
}

/// What hallpass checks as well: issuer, audience, expiry without leeway, and that they are there.
pub fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    validation
}

/// Gives both jsonwebtokens in this build the backend that is the faster one for HS256. It panics at the first token otherwise,
/// since this build has both backends.
pub fn install_jsonwebtoken() {
    // A second call finds it installed, and that is as well.
    let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
    let _ = jsonwebtoken10::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
}
