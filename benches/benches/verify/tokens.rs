//! The tokens of the benchmark, and their verification by hallpass, by `jsonwebtoken::decode` with
//! the same checks, and by the primitives alone.

use std::hint::black_box;

use hallpass_benches::{
    AUDIENCE, ISSUER, NOW, SECRET, SiteRole, full_claims_token, ring, small_token,
};
use hallpass_core::{Algorithm, KeyRing, RequestAuthenticator, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use serde::Deserialize;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// A token, and the functions that verify it.
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The name of each verifier, and a function that returns whether the token is accepted.
    pub(crate) ways: [(&'static str, Box<Way>); 4],
}

pub(crate) type Way = dyn Fn(&str) -> bool;

impl Token {
    fn new(
        name: &str,
        verifier: Verifier<SiteRole>,
        text: String,
        (key, validation): (DecodingKey, Validation),
        bare: impl Fn(&str) -> bool + 'static,
    ) -> Self {
        let forgetful = verifier.clone().remember(0);
        let ours = move |token: &str| {
            verifier
                .claims(token.as_bytes(), NOW, |claims, _| {
                    black_box(claims);
                })
                .is_ok()
        };
        let to_identity = move |token: &str| forgetful.verify(token.as_bytes(), NOW).is_ok();
        let theirs =
            move |token: &str| jsonwebtoken::decode::<Claims>(token, &key, &validation).is_ok();
        Self {
            name: name.to_owned(),
            text,
            ways: [
                (OURS, Box::new(ours)),
                ("hallpass to an identity", Box::new(to_identity)),
                ("jsonwebtoken", Box::new(theirs)),
                ("primitives", Box::new(bare)),
            ],
        }
    }

    /// Asserts that all verifiers accept the token and reject a forged token.
    fn check(&self) {
        let Self { name, text, ways } = self;
        let (before, rest) = text.split_at(text.len() - 5);
        // The replacement differs from the original character.
        let other = if rest.starts_with('A') { 'B' } else { 'A' };
        let forged = format!("{before}{other}{}", &rest[1..]);
        for (way, verify) in ways {
            assert!(verify(text), "{name}: {way} accepts the token");
            assert!(!verify(&forged), "{name}: {way} rejects a forged token");
        }
    }
}

pub(crate) const OURS: &str = "hallpass";

/// Returns all tokens. Each token was checked with all verifiers.
pub(crate) fn tokens() -> Vec<Token> {
    let (verifier, small) = small();
    let bare = hmac_primitives::<Hmac<Sha256>>();
    let mut tokens = vec![Token::new(
        "HS256 small",
        verifier,
        small,
        by_secret(Algorithm::Hs256, "s", "s"),
        bare,
    )];
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let ring = ring(algorithm).unwrap();
        let text = full_claims_token(ring.clone()).unwrap();
        let bare: Box<Way> = match algorithm {
            Algorithm::Hs384 => Box::new(hmac_primitives::<Hmac<Sha384>>()),
            Algorithm::Hs512 => Box::new(hmac_primitives::<Hmac<Sha512>>()),
            _ => Box::new(hmac_primitives::<Hmac<Sha256>>()),
        };
        let verifier = Verifier::new(ring, ISSUER, AUDIENCE);
        tokens.push(Token::new(
            &format!("{algorithm} full"),
            verifier,
            text,
            by_secret(algorithm, ISSUER, AUDIENCE),
            bare,
        ));
    }
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
        let ring = ring(algorithm).unwrap();
        let text = full_claims_token(ring.clone()).unwrap();
        let jwks = ring.to_jwks();
        let set: JwkSet = serde_json::from_str(&jwks).unwrap();
        let peer =
            (DecodingKey::from_jwk(&set.keys[0]).unwrap(), validation(algorithm, ISSUER, AUDIENCE));
        let verifier = Verifier::new(KeyRing::from_jwks(&jwks).unwrap(), ISSUER, AUDIENCE);
        tokens.push(Token::new(
            &format!("{algorithm} full"),
            verifier,
            text,
            peer,
            signature_check(algorithm, &jwks),
        ));
    }
    tokens.iter().for_each(Token::check);
    tokens
}

/// A request with a token in a cookie.
pub(crate) struct Request {
    pub(crate) name: &'static str,
    pub(crate) authenticator: RequestAuthenticator<SiteRole>,
    pub(crate) cookie: String,
}

/// Returns all requests. Each request was checked.
pub(crate) fn requests() -> Vec<Request> {
    let full = |algorithm| {
        let ring = ring(algorithm).unwrap();
        let token = full_claims_token(ring.clone()).unwrap();
        (Verifier::<SiteRole>::new(ring, ISSUER, AUDIENCE), token)
    };
    let cases = [
        ("HS256 small", small()),
        (FULL, full(Algorithm::Hs256)),
        // Only tokens of asymmetric keys are remembered by default.
        (REMEMBERED, full(Algorithm::EdDsa)),
    ];
    let request = |(name, (verifier, token)): (&'static str, (Verifier<SiteRole>, String))| {
        let (authenticator, cookie) =
            (RequestAuthenticator::new(verifier), format!("theme=dark; __Host-hallpass={token}"));
        let outcome = authenticator.authenticate([cookie.as_bytes()], [], NOW);
        assert!(outcome.identity::<SiteRole>().is_some(), "{name}");
        Request { name, authenticator, cookie }
    };
    cases.map(request).into()
}

pub(crate) const IN_A_COOKIE: &str = "request authenticator";
pub(crate) const FULL: &str = "HS256 full";
pub(crate) const REMEMBERED: &str = "EdDSA full, remembered";

/// Returns the small token and its verifier.
fn small() -> (Verifier<SiteRole>, String) {
    let (ring, token) = small_token().unwrap();
    (Verifier::new(ring, "s", "s"), token)
}

/// The claims as jsonwebtoken reads them. They are owned, because its `decode` requires that.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the benchmark measures how they are read")]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    user_id: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    roles: Vec<String>,
    exp: u64,
    #[serde(default)]
    sid: String,
    #[serde(default)]
    amr: Vec<String>,
}

/// The claims as serde_json reads them without an allocation.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the benchmark measures how they are read")]
struct Borrowed<'b> {
    iss: &'b str,
    aud: &'b str,
    sub: &'b str,
    user_id: &'b str,
    exp: u64,
}

/// Returns a function with the necessary steps only: the MAC with a prepared key schedule,
/// base64url decoding of payload and signature, and the borrowed claims.
fn hmac_primitives<M: Mac + KeyInit + Clone>() -> impl Fn(&str) -> bool {
    let keyed = <M as KeyInit>::new_from_slice(&SECRET).unwrap();
    move |token| {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (_, payload) = signed.split_once('.').unwrap();
        let mut tag = [0; 64];
        let Ok(tag) = base64_simd::URL_SAFE_NO_PAD
            .decode(signature.as_bytes(), base64_simd::Out::from_slice(&mut tag))
        else {
            return false;
        };
        let computed = keyed.clone().chain_update(signed).finalize().into_bytes();
        let mut json = [0; 1024];
        let out = base64_simd::Out::from_slice(&mut json);
        let json = base64_simd::URL_SAFE_NO_PAD.decode(payload.as_bytes(), out).unwrap();
        let claims: Borrowed<'_> = serde_json::from_slice(json).unwrap();
        bool::from(computed.ct_eq(tag)) && claims.exp > NOW.as_secs()
    }
}

fn by_secret(algorithm: Algorithm, issuer: &str, audience: &str) -> (DecodingKey, Validation) {
    (DecodingKey::from_secret(&SECRET), validation(algorithm, issuer, audience))
}

fn validation(algorithm: Algorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation =
        Validation::new(algorithm.as_str().parse().expect("an algorithm of RFC 7518"));
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    validation
}

/// Returns a function that checks the signature only, with a parsed key.
fn signature_check(algorithm: Algorithm, jwks: &str) -> impl Fn(&str) -> bool + use<> {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
        VerificationAlgorithm,
    };
    let set: serde_json::Value = serde_json::from_str(jwks).unwrap();
    let part = |name: &str| {
        let text = set["keys"][0][name].as_str().unwrap_or_default();
        base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).unwrap()
    };
    let (kind, point): (&'static dyn VerificationAlgorithm, Vec<u8>) = match algorithm {
        Algorithm::EdDsa => (&ED25519, part("x")),
        Algorithm::Es256 => (&ECDSA_P256_SHA256_FIXED, [vec![4], part("x"), part("y")].concat()),
        _ => (&ECDSA_P384_SHA384_FIXED, [vec![4], part("x"), part("y")].concat()),
    };
    let key = ParsedPublicKey::new(kind, point).unwrap();
    move |token| {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut space = [0; 128];
        let out = base64_simd::Out::from_slice(&mut space);
        let Ok(signature) = base64_simd::URL_SAFE_NO_PAD.decode(signature.as_bytes(), out) else {
            return false;
        };
        key.verify_sig(signed.as_bytes(), signature).is_ok()
    }
}
