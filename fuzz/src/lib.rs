//! A site that all targets share. Its key is a constant, so that a target can sign the fuzzer's
//! input and reach the checks that follow the signature check.
//!
//! `cargo +nightly fuzz run claims fuzz/corpus/claims fuzz/seeds/claims`. `seeds/` has inputs that
//! reach these checks.

use hallpass_core::{
    Algorithm, Claims, Identity, Issuer, Key, KeyId, KeyRing, LoggedIn, Role, UnixTime,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The roles of the site.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

/// The current time in every target.
pub const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// The header of the site's tokens.
pub const HEADER: &[u8] = br#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1"}"#;

/// Returns the issuer, with the key that [`signed`] uses.
pub fn issuer() -> Issuer {
    let id = KeyId::parse("k1").expect("a valid key id");
    let key = Key::hmac(id, Algorithm::Hs256, SECRET).expect("a strong secret");
    Issuer::new(
        KeyRing::signing_with(key).expect("a key that signs"),
        "https://site.example",
        "site",
    )
}

/// Signs any header and any claims with the site's key.
pub fn signed(header: &[u8], claims: &[u8]) -> String {
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length");
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}

/// Returns a login of the user of a token.
pub fn again(who: &Identity<SiteRole>) -> LoggedIn<SiteRole> {
    let claims =
        Claims::new(who.user_id(), who.generation(), who.authenticated_at().unwrap_or(NOW))
            .with_username(who.username())
            .with_session(who.session().unwrap_or("s1"))
            .with_methods(who.methods());
    LoggedIn::insecure_new(claims, who.roles())
}

/// Returns a token of the site. Each call returns the same token.
pub fn token() -> String {
    let claims = Claims::new("17", 3, NOW).with_username("alice").with_session("s1");
    let who = LoggedIn::insecure_new(claims, [SiteRole::Moderator, SiteRole::Admin]);
    issuer().issue(&who, NOW).expect("a token").as_str().to_owned()
}

const SECRET: &[u8] = b"\x8f\x02\x5b\xd1\x77\x3a\xe0\x46\x19\xac\x64\xf3\x0d\x9e\x28\xb5\x71\xca\x37\x5e\x90\x0b\xdf\x42\x86\x1d\xfa\x63\x2c\xb9\x54\xe7";
