//! The token that all sites verify, and jsonwebtoken's settings for it.

use std::time::Duration;

use hallpass_benches::{AUDIENCE, ISSUER, SiteRole, ring};
use hallpass_core::{
    Algorithm, Clock, Issuer, KeyRing, LoggedIn, Methods, Role, RoleSet, SystemClock, UnixTime,
};
use jsonwebtoken::Validation;
use serde::{Deserialize, Serialize};

/// The claims as the peers read them. They are owned, because the peers' `decode` requires that.
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
    /// Whether the roles include the admin role, as a handwritten check does it.
    pub fn names_an_admin(&self) -> bool {
        self.roles.iter().any(|role| role == SiteRole::Admin.name())
    }
}

/// Returns the current time minus one second. The peers use the system clock and do not accept a
/// token from the future.
pub fn now() -> UnixTime {
    SystemClock.now().saturating_sub(Duration::from_secs(1))
}

/// Returns a token of an admin with all claims: two roles, password and code.
pub fn admin(ring: KeyRing) -> String {
    admin_at(ring, "9f3c2a1b", now())
}

/// Returns the token of [`admin`] for another account or another time.
pub fn admin_at(ring: KeyRing, user_id: &str, at: UnixTime) -> String {
    access_token(ring, user_id, RoleSet::from([SiteRole::Moderator, SiteRole::Admin]), at)
}

/// Returns an access token with a lifetime of 12 hours.
pub fn access_token<R: Role>(
    ring: KeyRing,
    user_id: &str,
    roles: RoleSet<R>,
    at: UnixTime,
) -> String {
    let issuer = Issuer::new(ring, ISSUER, AUDIENCE).lifetime(Duration::from_secs(12 * 3600));
    let who = LoggedIn::insecure_new(
        hallpass_core::Claims::new(user_id, 3, at)
            .with_username("alice")
            .with_session("0123456789abcdef0123456789abcdef")
            .with_methods(Methods::PASSWORD | Methods::ONE_TIME_CODE),
        roles,
    );
    issuer.issue(&who, at).unwrap().as_str().to_owned()
}

/// Returns the key ring of all HS256 sites.
pub(crate) fn hs256() -> KeyRing {
    ring(Algorithm::Hs256).unwrap()
}

/// Returns the checks that hallpass also makes: issuer, audience and expiry, all required, without
/// leeway.
pub fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    validation
}

/// Installs the backend that is faster for HS256 in both versions of jsonwebtoken. Without this
/// call jsonwebtoken panics at the first token, because this build has both backends.
pub fn install_jsonwebtoken() {
    // A second call returns an error, because the backend is already installed.
    let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
    let _ = jsonwebtoken10::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
}
