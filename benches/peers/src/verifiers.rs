//! Verification of one token: signature, issuer, audience and expiry are checked, and the claims
//! are read.

use std::collections::HashSet;

use hallpass_benches::{AUDIENCE, ISSUER, SECRET, SiteRole, ring};
use hallpass_core::{Algorithm, Clock, KeyRing, SystemClock, Verifier};
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use jwt_compact::{AlgorithmExt, TimeOptions};
use jwt_simple::prelude::{MACLike, VerificationOptions};
use pasetors::{
    Local, Public, claims::ClaimsValidationRules, keys::Generate, token::UntrustedToken,
    version4::V4,
};
use serde::{Deserialize, Serialize};

use crate::{
    Case,
    token::{Claims, admin, hs256, validation},
};

/// Returns a case for each verifier, with tokens of the same content.
pub fn verifiers() -> Vec<Case> {
    let token = admin(hs256());
    let mut cases = hallpass("hallpass", hs256(), &token);
    cases.push(by_jsonwebtoken(
        "jsonwebtoken",
        jsonwebtoken::Algorithm::HS256,
        DecodingKey::from_secret(&SECRET),
        &token,
    ));
    cases.extend([jwt_simple(token.clone()), jwt_compact(token), pasetors_local()]);

    let signing = ring(Algorithm::EdDsa).unwrap();
    let token = admin(signing.clone());
    let jwks = signing.to_jwks();
    let set: JwkSet = serde_json::from_str(&jwks).unwrap();
    let key = DecodingKey::from_jwk(&set.keys[0]).unwrap();
    let public = KeyRing::from_jwks(&jwks).unwrap();
    cases.extend(hallpass("hallpass, EdDSA", public, &token));
    cases.push(by_jsonwebtoken("jsonwebtoken, EdDSA", jsonwebtoken::Algorithm::EdDSA, key, &token));
    cases.push(pasetors_public());
    cases
}

fn hallpass(name: &str, ring: KeyRing, token: &str) -> Vec<Case> {
    let bare = Verifier::<SiteRole>::new(ring, ISSUER, AUDIENCE).remember(0);
    let to_identity = bare.clone();
    let remembering = bare.clone().remember_all(1024);
    let (one, two, three) = (token.to_owned(), token.to_owned(), token.to_owned());
    vec![
        Case::new(name, move || {
            bare.claims(one.as_bytes(), SystemClock.now(), |claims, _| {
                drop(std::hint::black_box(claims))
            })
            .unwrap();
        }),
        Case::new(format!("{name}, to an identity"), move || {
            to_identity.verify(two.as_bytes(), SystemClock.now()).unwrap();
        }),
        Case::new(format!("{name}, remembered"), move || {
            remembering.verify(three.as_bytes(), SystemClock.now()).unwrap();
        }),
    ]
}

fn by_jsonwebtoken(
    name: &str,
    algorithm: jsonwebtoken::Algorithm,
    key: DecodingKey,
    token: &str,
) -> Case {
    let (token, validation) = (token.to_owned(), validation(algorithm));
    Case::new(name, move || {
        jsonwebtoken::decode::<Claims>(&token, &key, &validation).unwrap();
    })
}

/// The claims that jwt-simple and jwt-compact do not define themselves.
#[derive(Deserialize, Serialize)]
struct Own {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    aud: String,
    user_id: String,
    roles: Vec<String>,
    auth_time: u64,
    amr: Vec<String>,
    sid: String,
    #[serde(rename = "gen")]
    generation: u32,
}

fn jwt_simple(token: String) -> Case {
    let key = jwt_simple::prelude::HS256Key::from_bytes(&SECRET);
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        ..VerificationOptions::default()
    };
    Case::new("jwt-simple", move || {
        key.verify_token::<Own>(&token, Some(options.clone())).unwrap();
    })
}

fn jwt_compact(token: String) -> Case {
    let key = jwt_compact::alg::Hs256Key::new(SECRET);
    let times = TimeOptions::default();
    Case::new("jwt-compact", move || {
        let untrusted = jwt_compact::UntrustedToken::new(&token).unwrap();
        let trusted = jwt_compact::alg::Hs256.validator::<Own>(&key).validate(&untrusted).unwrap();
        let claims = trusted.claims().validate_expiration(&times).unwrap();
        assert!(claims.custom.iss == ISSUER && claims.custom.aud == AUDIENCE);
    })
}

fn paseto_claims() -> (pasetors::claims::Claims, ClaimsValidationRules) {
    let mut claims = pasetors::claims::Claims::new().unwrap();
    claims.issuer(ISSUER).unwrap();
    claims.audience(AUDIENCE).unwrap();
    claims.subject("alice").unwrap();
    claims.add_additional("user_id", "9f3c2a1b").unwrap();
    claims.add_additional("roles", vec!["moderator", "admin"]).unwrap();
    claims.add_additional("amr", vec!["pwd", "otp"]).unwrap();
    claims.add_additional("sid", "0123456789abcdef0123456789abcdef").unwrap();
    claims.add_additional("gen", 3).unwrap();
    let mut rules = ClaimsValidationRules::new();
    rules.validate_issuer_with(ISSUER);
    rules.validate_audience_with(AUDIENCE);
    (claims, rules)
}

fn pasetors_local() -> Case {
    let key = pasetors::keys::SymmetricKey::<V4>::generate().unwrap();
    let (claims, rules) = paseto_claims();
    let token = pasetors::local::encrypt(&key, &claims, None, None).unwrap();
    Case::new("pasetors, v4.local", move || {
        let untrusted = UntrustedToken::<Local, V4>::try_from(&token).unwrap();
        pasetors::local::decrypt(&key, &untrusted, &rules, None, None).unwrap();
    })
}

fn pasetors_public() -> Case {
    let pair = pasetors::keys::AsymmetricKeyPair::<V4>::generate().unwrap();
    let (claims, rules) = paseto_claims();
    let token = pasetors::public::sign(&pair.secret, &claims, None, None).unwrap();
    Case::new("pasetors, v4.public", move || {
        let untrusted = UntrustedToken::<Public, V4>::try_from(&token).unwrap();
        pasetors::public::verify(&pair.public, &untrusted, &rules, None, None).unwrap();
    })
}
