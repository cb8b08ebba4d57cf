//! A site with three roles, one issuer, and a user.

use hallpass_core::{
    Algorithm, Claims, Issuer, Key, KeyId, KeyRing, LoggedIn, Methods, Role, UnixTime, Verifier,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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

/// The header of the tokens that a test signs itself.
pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1"}"#;

/// Returns a token that the test signs itself.
pub(crate) fn token(header: &str, claims: &str) -> Vec<u8> {
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
    let tag = Hmac::<Sha256>::new_from_slice(&secret::<32>())
        .unwrap()
        .chain_update(&input)
        .finalize()
        .into_bytes();
    format!("{input}.{}", encode(&tag)).into_bytes()
}

/// Returns a ring with the key of [`token`].
pub(crate) fn k1() -> KeyRing {
    let key = Key::hmac(key_id("k1"), Algorithm::Hs256, &secret::<32>()).unwrap();
    KeyRing::signing_with(key).unwrap()
}

/// Returns a verifier of [`token`].
pub(crate) fn verifier() -> Verifier<SiteRole> {
    Verifier::new(k1(), ISSUER, AUDIENCE)
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
