//! Tokens of other issuers that sign with RSA, verified with their JWK Set. RS256 and PS256 are two
//! algorithms for one kind of key.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding},
};
use base64_simd::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};

use hallpass_test_support::scratch::Scratch;

use crate::command::hallpass;

const NOW: u64 = 1_764_000_000;

struct Other(KeyPair);

impl Other {
    fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Returns the public key. With an `alg` it is bound to that algorithm.
    fn jwks(&self, alg: Option<&str>) -> String {
        let public = self.0.public_key();
        let mut key = json!({
            "kty": "RSA", "kid": "other", "use": "sig",
            "n": BASE64URL.encode_to_string(public.modulus().big_endian_without_leading_zero()),
            "e": BASE64URL.encode_to_string(public.exponent().big_endian_without_leading_zero()),
        });
        if let Some(alg) = alg {
            key["alg"] = alg.into();
        }
        json!({ "keys": [key] }).to_string()
    }

    /// Returns a token with `alg` in its header and a signature of this encoding.
    fn token(&self, alg: &str, encoding: &'static dyn RsaEncoding) -> String {
        let header = json!({ "alg": alg, "typ": "JWT", "kid": "other" });
        let claims = json!({
            "iss": "https://other.example", "aud": "site", "sub": "alice", "user_id": "17", "role": "admin",
            "iat": NOW, "exp": NOW + 900,
        });
        let encoded = |part: Value| BASE64URL.encode_to_string(part.to_string());
        let input = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(encoding, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", BASE64URL.encode_to_string(signature))
    }
}

#[test]
fn rs256_and_ps256_tokens_verify_with_the_issuers_jwk_set() {
    let (directory, other) = (Scratch::new(), Other::new());
    let (rs256, ps256) =
        (other.token("RS256", &RSA_PKCS1_SHA256), other.token("PS256", &RSA_PSS_SHA256));
    // The header names another algorithm than the signature's.
    let mislabelled = other.token("RS256", &RSA_PSS_SHA256);
    let forged = Other::new().token("RS256", &RSA_PKCS1_SHA256);
    let input = [rs256, ps256, mislabelled, forged].join("\n");

    let kinds = |jwks: String, more: &[&str]| -> Vec<String> {
        let keys = directory.file("jwks.json", &jwks);
        let names = [
            "--issuer",
            "https://other.example",
            "--audience",
            "site",
            "--typ",
            "JWT",
            "--now",
            "1764000000",
        ];
        let arguments = [&["token", "verify", "--keys", &keys], &names[..], more].concat();
        let outcome = hallpass(&arguments, input.as_bytes());
        assert_eq!(outcome.code, Some(0), "{}", outcome.err);
        outcome
            .json()
            .iter()
            .map(|verdict| verdict["kind"].as_str().unwrap_or("ok").to_owned())
            .collect()
    };
    for (jwks, more) in [
        (other.jwks(Some("RS256")), &[][..]),
        (other.jwks(Some("RS256")), &["--alg", "RS256"]),
        (other.jwks(None), &["--alg", "RS256"]),
    ] {
        assert_eq!(kinds(jwks, more), ["ok", "algorithm", "signature", "signature"], "{more:?}");
    }
    for (jwks, more) in
        [(other.jwks(Some("PS256")), &[][..]), (other.jwks(None), &["--alg", "PS256"])]
    {
        assert_eq!(kinds(jwks, more), ["algorithm", "ok", "algorithm", "algorithm"], "{more:?}");
    }
}

#[test]
fn hallpass_signs_nothing_with_rsa() {
    let directory = Scratch::new();
    for alg in ["RS256", "PS256"] {
        let refused =
            hallpass(&["keys", "new", "--alg", alg, "--out", &directory.argument("rsa.json")], b"");
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{alg}: {}", refused.err);
    }
}
