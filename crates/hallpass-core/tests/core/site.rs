//! A site with three roles, one issuer, and a user.

use hallpass_core::{
    Algorithm, Issuer, Key, KeyId, KeyRing, LoggedIn, LoggedInFacts, Methods, Role, RoleSet, UnixTime,
};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
pub(crate) const ISSUER: &str = "https://site.example";
pub(crate) const AUDIENCE: &str = "site";

#[derive(Role, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

pub(crate) fn issuer(ring: KeyRing) -> Issuer {
    Issuer::new(ring, ISSUER, AUDIENCE)
}

pub(crate) fn key_id(text: &str) -> KeyId {
    KeyId::parse(text).unwrap()
}

/// A ring that signs with this algorithm; with RSA none does.
pub(crate) fn ring(algorithm: Algorithm) -> KeyRing {
    let id = key_id(algorithm.as_str());
    let key = match algorithm {
        Algorithm::EdDsa => Key::ed25519(id, &secret()),
        Algorithm::Es256 | Algorithm::Es384 => Key::generate_ecdsa(id, algorithm),
        _ => Key::hmac(id, algorithm, &[secret::<32>(), secret().map(|byte: u8| !byte)].concat()),
    };
    KeyRing::signing_with(key.unwrap()).unwrap()
}

pub(crate) const SIGNING: [Algorithm; 6] =
    [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384];

/// Bytes without a pattern that a check would mind.
pub(crate) fn secret<const N: usize>() -> [u8; N] {
    std::array::from_fn(|place| (place as u8).wrapping_mul(59) ^ 0x2e)
}

pub(crate) fn alice() -> LoggedIn<SiteRole> {
    LoggedIn::insecure_new(alice_facts())
}

pub(crate) fn alice_facts() -> LoggedInFacts<SiteRole> {
    LoggedInFacts {
        username: "alice".to_owned(),
        user_id: "17".to_owned(),
        roles: RoleSet::from([SiteRole::Admin]),
        generation: 3,
        session: "s-1".to_owned(),
        authenticated_at: NOW,
        methods: Methods::PASSWORD | Methods::ONE_TIME_CODE,
    }
}
