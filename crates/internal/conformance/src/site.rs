//! The site that every stack builds: its roles, its keys, its time, and what was revoked.

use hallpass_core::{
    Algorithm, Clock, CookieSettings, Key, KeyId, KeyRing, RejectionSettings, RequestAuthenticator,
    RevocationList, Role, UnixTime, Verifier,
};

/// The site's roles.
#[derive(Role, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SiteRole {
    /// Reads.
    Guest,
    /// Hides.
    Moderator,
    /// Writes.
    Admin,
}

/// The roles of another site, which a guard names by mistake.
#[derive(Role, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtherRole {
    /// The same name as the other's.
    Admin,
}

/// The moment at which everything happens, in Unix seconds.
pub const NOW: u64 = 1_800_000_000;

pub(crate) const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

/// A clock that shows [`NOW`].
#[derive(Clone, Copy, Debug)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(NOW)
    }
}

/// The site's keys.
#[must_use]
pub fn ring() -> KeyRing {
    let id = KeyId::parse("k1").expect("a key's name");
    let key = Key::hmac(id, Algorithm::Hs256, SECRET).expect("a long secret");
    KeyRing::signing_with(key).expect("a key that signs")
}

/// The authenticator that every stack uses.
#[must_use]
pub fn authenticator() -> RequestAuthenticator<SiteRole> {
    let forget_after = UnixTime::from_secs(NOW + 900);
    let revoked = RevocationList::new();
    revoked.raise_generation("u-rex", 5, forget_after);
    revoked.end_session("s-ended", forget_after);
    let verifier = Verifier::new(ring(), "https://site.example", "site").revocation(revoked);
    RequestAuthenticator::new(verifier).cookies(&CookieSettings::default()).bearer()
}

/// The answers that every stack gives.
#[must_use]
pub fn settings() -> RejectionSettings {
    RejectionSettings::default().bearer()
}
