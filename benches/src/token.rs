//! The tokens that the benches verify.

use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;
use hallpass_core::{
    Algorithm, Claims, Issuer, Key, KeyId, KeyRing, LoggedIn, Methods, Role, UnixTime,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The roles of the site.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are enough")]
pub enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

/// The current time in every bench. It is in the future, because jsonwebtoken uses the system clock
/// and must not reject the tokens as expired.
pub const NOW: UnixTime = UnixTime::from_secs(4_000_000_000);

/// The HMAC secret of all benches. It is printable, because some peers accept secrets as text only.
pub const SECRET: [u8; 64] = {
    let mut secret = [0; 64];
    let mut place = 0;
    while place < 64 {
        secret[place] = b'!' + ((place as u8).wrapping_mul(59) ^ 0x17) % 94;
        place += 1;
    }
    secret
};

/// The issuer of the tokens.
pub const ISSUER: &str = "https://site.example";
/// The audience of the tokens.
pub const AUDIENCE: &str = "site";

/// Returns a key ring that signs with a key of this algorithm.
pub fn ring(algorithm: Algorithm) -> Result<KeyRing, Box<dyn std::error::Error>> {
    let id = KeyId::parse("20261124-3fa91c2b")?;
    if algorithm.is_symmetric() {
        return Ok(KeyRing::signing_with(Key::hmac(id, algorithm, &SECRET)?)?);
    }
    Ok(KeyRing::generate(algorithm, [7; 32], NOW)?)
}

/// Returns an access token as hallpass issues it: all claims, two roles, password and code.
pub fn full_claims_token(ring: KeyRing) -> Result<String, Box<dyn std::error::Error>> {
    let issuer = Issuer::new(ring, ISSUER, AUDIENCE).lifetime(Duration::from_secs(900));
    let who = LoggedIn::insecure_new(
        Claims::new("9f3c2a1b", 3, NOW)
            .with_username("alice")
            .with_session("0123456789abcdef0123456789abcdef")
            .with_methods(Methods::PASSWORD | Methods::ONE_TIME_CODE),
        [SiteRole::Moderator, SiteRole::Admin],
    );
    Ok(issuer.issue(&who, NOW)?.as_str().to_owned())
}

/// Returns an HS256 token of about 220 bytes with the required claims and one role, and its key
/// ring. The key has the secret of [`ring`]'s key and the id `k1`.
pub fn small_token() -> Result<(KeyRing, String), Box<dyn std::error::Error>> {
    let ring = KeyRing::signing_with(Key::hmac(KeyId::parse("k1")?, Algorithm::Hs256, &SECRET)?)?;
    let header =
        URL_SAFE_NO_PAD.encode_to_string(r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1"}"#);
    let claims =
        r#"{"iss":"s","aud":"s","sub":"alice","user_id":"17","role":"admin","exp":4000000900}"#;
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode_to_string(claims));
    let tag =
        Hmac::<Sha256>::new_from_slice(&SECRET)?.chain_update(&signed).finalize().into_bytes();
    Ok((ring, format!("{signed}.{}", URL_SAFE_NO_PAD.encode_to_string(tag))))
}
