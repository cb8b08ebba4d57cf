//! A site with three roles, one issuer, and a user.

use hallpass_core::{
    Algorithm, Claims, Issuer, Key, KeyId, KeyRing, LoggedIn, Methods, Role, UnixTime,
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

/// Returns a ring that signs with this algorithm. RSA does not sign.
pub(crate) fn ring(algorithm: Algorithm) -> KeyRing {
    let id = key_id(algorithm.as_str());
    let key = match algorithm {
        Algorithm::EdDsa => Key::ed25519(id, &secret()),
        Algorithm::Es256 | Algorithm::Es384 => Key::generate_ecdsa(id, algorithm),
        _ => Key::hmac(id, algorithm, &[secret::<32>(), secret().map(|byte: u8| !byte)].concat()),
    };
    KeyRing::signing_with(key.unwrap()).unwrap()
}

pub(crate) const SIGNING: [Algorithm; 6] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
];

/// Returns bytes without a pattern, which the secret check accepts.
pub(crate) fn secret<const N: usize>() -> [u8; N] {
    std::array::from_fn(|place| (place as u8).wrapping_mul(59) ^ 0x2e)
}

pub(crate) fn alice() -> LoggedIn<SiteRole> {
    alice_as("17", "s-1")
}

/// Returns Alice's login with this account and session.
pub(crate) fn alice_as(user_id: &str, session: &str) -> LoggedIn<SiteRole> {
    let claims = Claims::new(user_id, 3, NOW)
        .with_username("alice")
        .with_session(session)
        .with_methods(Methods::PASSWORD | Methods::ONE_TIME_CODE);
    LoggedIn::insecure_new(claims, [SiteRole::Admin])
}
