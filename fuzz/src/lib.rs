//! One site for all targets: its key is known here, so that a target can sign what the fuzzer made up and reach what lies behind the
//! signature.
//!
//! `cargo +nightly fuzz run claims fuzz/corpus/claims fuzz/seeds/claims`; `seeds/` holds inputs that reach the inner checks.

use hallpass_core::{
    Algorithm, Identity, Issuer, Key, KeyId, KeyRing, Methods, Role, RoleSet, LoggedIn, LoggedInFacts, UnixTime,
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

/// The moment at which every target runs.
pub const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// The header that the site writes.
pub const HEADER: &[u8] = br#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1"}"#;

/// The issuer, with the key that [`signed`] uses.
pub fn issuer() -> Issuer {
    let id = KeyId::parse("k1").expect("a name");
    let key = Key::hmac(id, Algorithm::Hs256, SECRET).expect("a strong secret");
    Issuer::new(KeyRing::signing_with(key).expect("a key that signs"), "https://site.example", "site")
}

/// Signs any header and any claims with the site's key.
pub fn signed(header: &[u8], claims: &[u8]) -> String {
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length");
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}

/// A sign-in of whom a token named.
pub fn again(who: &Identity<SiteRole>) -> LoggedIn<SiteRole> {
    LoggedIn::insecure_new(LoggedInFacts {
        username: who.username().to_owned(),
        user_id: who.user_id().to_owned(),
        roles: who.roles(),
        generation: who.generation(),
        session: who.session().unwrap_or("s1").to_owned(),
        authenticated_at: who.authenticated_at().unwrap_or(NOW),
        methods: who.methods(),
    })
}

/// A token of the site's own, the same each time.
pub fn token() -> String {
    let who = LoggedIn::insecure_new(LoggedInFacts {
        username: "alice".to_owned(),
        user_id: "17".to_owned(),
        roles: RoleSet::from([SiteRole::Moderator, SiteRole::Admin]),
        generation: 3,
        session: "s1".to_owned(),
        authenticated_at: NOW,
        methods: Methods::PASSWORD,
    });
    issuer().issue(&who, NOW).expect("a token").as_str().to_owned()
}

const SECRET: &[u8] = b"\x8f\x02\x5b\xd1\x77\x3a\xe0\x46\x19\xac\x64\xf3\x0d\x9e\x28\xb5\x71\xca\x37\x5e\x90\x0b\xdf\x42\x86\x1d\xfa\x63\x2c\xb9\x54\xe7";
