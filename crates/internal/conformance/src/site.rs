//! The site that every stack builds: its roles, its keys, its time, and its revocations.

use hallpass_core::{
    Algorithm, Clock, CookieSettings, Key, KeyId, KeyRing, RejectionSettings, RequestAuthenticator,
    RevocationList, Role, UnixTime, Verifier,
};

/// The site's roles.
#[derive(Role, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SiteRole {
    /// The lowest role.
    Guest,
    /// The role between the two others.
    Moderator,
    /// The highest role.
    Admin,
}

/// The roles of another site. A guard uses this enum by mistake.
#[derive(Role, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtherRole {
    /// A role with the same name as [`SiteRole::Admin`].
    Admin,
}

/// The time of the site, in Unix seconds.
pub const NOW: u64 = 1_800_000_000;

pub(crate) const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

/// A clock that always returns [`NOW`].
#[derive(Clone, Copy, Debug)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(NOW)
    }
}

/// Returns the keys of the site.
#[must_use]
pub fn ring() -> KeyRing {
    let id = KeyId::parse("k1").expect("the key id is valid");
    let key = Key::hmac(id, Algorithm::Hs256, SECRET).expect("the secret is long enough");
    KeyRing::signing_with(key).expect("the key can sign")
}

/// Returns the authenticator that every stack uses.
#[must_use]
pub fn authenticator() -> RequestAuthenticator<SiteRole> {
    let forget_after = UnixTime::from_secs(NOW + 900);
    let revoked = RevocationList::new();
    revoked.revoke_below("u-rex", 5, forget_after);
    revoked.end_session("s-ended", forget_after);
    let verifier = Verifier::new(ring(), "https://site.example", "site").revocation(revoked);
    RequestAuthenticator::new(verifier).cookies(&CookieSettings::default()).bearer()
}

/// Returns the rejection settings that every stack uses.
#[must_use]
pub fn settings() -> RejectionSettings {
    RejectionSettings::default().bearer()
}
