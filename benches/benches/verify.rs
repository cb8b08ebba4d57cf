//! Verification of one token: hallpass, `jsonwebtoken::decode` with equal checks, and the bare primitives, in one run.
//!
//! `cargo bench -p hallpass-benches --bench verify`. It prints the ratios and the instructions of
//! every case first, then the allocations; the assertion on ours is that there are none. A remembered
//! EdDSA token beside an HS256 verification comes last, with the ratio that it must keep.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

use std::{hint::black_box, time::Instant};

use criterion::Criterion;
use hallpass_benches::{
    AUDIENCE, ISSUER, InstructionCounter, NOW, Ratios, SECRET, SiteRole, full_claims_token, print_ratios, ring,
    small_token,
};
use hallpass_core::{Algorithm, ClaimsBuffer, Gate, KeyRing, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use serde::Deserialize;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

fn main() {
    let tokens = tokens();
    print_ratios(|counter| {
        // Signatures of asymmetric keys have too many instructions to step through.
        let hmac = tokens.iter().filter(|token| token.name.starts_with("HS"));
        let mut tables: Vec<_> = hmac.map(|token| token.instructions(counter)).collect();
        let ((verifier, small), ring) = (small(), ring(Algorithm::Hs256).unwrap());
        tables.push(gate("HS256 small, in a cookie", counter, verifier, &small));
        let full = full_claims_token(ring.clone()).unwrap();
        let verifier = Verifier::new(ring, ISSUER, AUDIENCE);
        tables.push(gate("HS256 full, in a cookie", counter, verifier, &full));
        tables
    });
    let mut criterion = Criterion::default().configure_from_args();
    for token in &tokens {
        token.check();
        token.time(&mut criterion);
    }
    remembered(&mut criterion);
    criterion.final_summary();
}

/// A request with the token in a cookie: verified each time, and remembered.
fn gate(title: &str, counter: &mut InstructionCounter, verifier: Verifier<SiteRole>, token: &str) -> Ratios {
    let cookie = format!("theme=dark; __Host-hallpass={token}");
    let rows = [(GATE, 0), ("gate, remembered", 8192)].map(|(name, remembered)| {
        let gate = Gate::new(verifier.clone().remember(remembered));
        let authenticate = |cookie: &str| gate.authenticate([cookie.as_bytes()], [], NOW);
        assert!(authenticate(&cookie).identity::<SiteRole>().is_some(), "{title}: {name}");
        (name.to_owned(), counter.count(|| &*cookie, authenticate))
    });
    Ratios { title: title.to_owned(), unit: GATE.to_owned(), rows: rows.into() }
}

const GATE: &str = "gate";

/// A token, and those who verify it.
struct Token {
    name: String,
    text: String,
    /// Says yes or no to a token.
    ways: [(&'static str, Box<Way>); 4],
}

type Way = dyn Fn(&str) -> bool;

impl Token {
    fn new(
        name: &str,
        verifier: Verifier<SiteRole>,
        text: String,
        (key, validation): (DecodingKey, Validation),
        bare: impl Fn(&str) -> bool + 'static,
    ) -> Self {
        let forgetful = verifier.clone().remember(0);
        let ours = move |token: &str| verifier.claims(token.as_bytes(), NOW, &mut ClaimsBuffer::new()).is_ok();
        let to_identity = move |token: &str| forgetful.verify(token.as_bytes(), NOW).is_ok();
        let theirs = move |token: &str| jsonwebtoken::decode::<Claims>(token, &key, &validation).is_ok();
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

    /// All accept the token and refuse a forged one, and ours allocates nothing.
    fn check(&self) {
        let forged = format!("{}A{}", &self.text[..self.text.len() - 5], &self.text[self.text.len() - 4..]);
        println!("{}: {} bytes", self.name, self.text.len());
        for (way, verify) in &self.ways {
            assert!(verify(&self.text), "{}: {way} accepts the token", self.name);
            assert!(!verify(&forged), "{}: {way} refuses a forged one", self.name);
            let counted = allocation_counter::measure(|| assert!(verify(&self.text))).count_total;
            println!("  {way}: {counted} allocations");
            assert!(*way != OURS || counted == 0, "{}: a verification allocates nothing", self.name);
        }
    }

    fn instructions(&self, counter: &mut InstructionCounter) -> Ratios {
        let count = |(way, verify): &(&str, Box<Way>)| ((*way).to_owned(), counter.count(|| &*self.text, verify));
        let rows = self.ways.iter().map(count).collect();
        Ratios { title: self.name.clone(), unit: OURS.to_owned(), rows }
    }

    fn time(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(&self.name);
        for (way, verify) in &self.ways {
            group.bench_function(*way, |b| b.iter(|| verify(black_box(&self.text))));
        }
        group.finish();
    }
}

const OURS: &str = "hallpass";

fn tokens() -> Vec<Token> {
    let (verifier, small) = small();
    let bare = hmac_primitives::<Hmac<Sha256>>();
    let mut tokens = vec![Token::new("HS256 small", verifier, small, by_secret(Algorithm::Hs256, "s", "s"), bare)];
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
        let peer = (DecodingKey::from_jwk(&set.keys[0]).unwrap(), validation(algorithm, ISSUER, AUDIENCE));
        let verifier = Verifier::new(KeyRing::from_jwks(&jwks).unwrap(), ISSUER, AUDIENCE);
        tokens.push(Token::new(&format!("{algorithm} full"), verifier, text, peer, signature_check(algorithm, &jwks)));
    }
    tokens
}

fn small() -> (Verifier<SiteRole>, String) {
    let (ring, token) = small_token().unwrap();
    (Verifier::new(ring, "s", "s"), token)
}

/// What jsonwebtoken reads the claims into: owned, since its `decode` asks for that.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
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

/// The claims as serde_json reads them without an allocation: the primitive under the strict path.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Borrowed<'b> {
    iss: &'b str,
    aud: &'b str,
    sub: &'b str,
    user_id: &'b str,
    exp: u64,
}

/// MAC with the key schedule made once, base64url of payload and signature, the borrowed claims: nothing that could be left out.
fn hmac_primitives<M: Mac + KeyInit + Clone>() -> impl Fn(&str) -> bool {
    let keyed = <M as KeyInit>::new_from_slice(&SECRET).unwrap();
    move |token| {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (_, payload) = signed.split_once('.').unwrap();
        let mut tag = [0; 64];
        let Ok(tag) = base64_simd::URL_SAFE_NO_PAD.decode(signature.as_bytes(), base64_simd::Out::from_slice(&mut tag))
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
    let mut validation = Validation::new(algorithm.as_str().parse().expect("a name of RFC 7518"));
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.leeway = 0;
    validation
}

/// The signature check alone, with the key parsed once.
fn signature_check(algorithm: Algorithm, jwks: &str) -> impl Fn(&str) -> bool + use<> {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm,
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
        let Ok(signature) = base64_simd::URL_SAFE_NO_PAD.decode(signature.as_bytes(), out) else { return false };
        key.verify_sig(signed.as_bytes(), signature).is_ok()
    }
}

/// A token of an asymmetric key, seen before, beside the whole verification of an HS256 token of the same claims.
fn remembered(c: &mut Criterion) {
    let hmac_ring = ring(Algorithm::Hs256).unwrap();
    let hmac_token = full_claims_token(hmac_ring.clone()).unwrap();
    let hmac = Verifier::<SiteRole>::new(hmac_ring, ISSUER, AUDIENCE);
    let eddsa_ring = ring(Algorithm::EdDsa).unwrap();
    let eddsa_token = full_claims_token(eddsa_ring.clone()).unwrap();
    let eddsa = Verifier::<SiteRole>::new(eddsa_ring, ISSUER, AUDIENCE);
    let whole = || hmac.verify(black_box(&hmac_token).as_bytes(), NOW).is_ok();
    let hit = || eddsa.verify(black_box(&eddsa_token).as_bytes(), NOW).is_ok();
    assert!(whole() && hit() && hmac.remembered() == 0 && eddsa.remembered() == 1);

    let (whole_ns, hit_ns) = (fastest(whole), fastest(hit));
    println!(
        "remembered: a hit takes {hit_ns:.0} ns, an HS256 verification {whole_ns:.0} ns: {:.2} of it",
        hit_ns / whole_ns
    );
    assert!(hit_ns * 3.0 <= whole_ns, "a hit costs at most a third of an HS256 verification");

    let mut group = c.benchmark_group("remembered");
    group.bench_function("EdDSA, seen before", |b| b.iter(hit));
    group.bench_function("HS256", |b| b.iter(whole));
    group.finish();
}

/// Nanoseconds of one call, the fastest of fifteen runs: other work on the machine only adds.
fn fastest(work: impl Fn() -> bool) -> f64 {
    let run = |_| {
        let begin = Instant::now();
        for _ in 0..100_000 {
            black_box(work());
        }
        begin.elapsed().as_nanos() as f64 / 100_000.0
    };
    (0..15).map(run).fold(f64::INFINITY, f64::min)
}
