//! The allocations of a verification: none for the claims of a token of hallpass, one for an
//! `Identity`, and none for a remembered token.
//!
//! It is a separate test binary, because it runs with a counting allocator.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{hint::black_box, time::Instant};

use base64_simd::AsOut;
use hallpass_core::{
    Algorithm, Claims, Issuer, Key, KeyId, KeyRing, LoggedIn, Methods, Role, RoleSet, UnixTime,
};
#[cfg(feature = "metrics")]
use hallpass_core::{Meter, RejectionKind, RequestAuthenticator};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

#[derive(Role, Clone, Copy, PartialEq, Eq, Debug)]
enum SiteRole {
    Guest,
    Admin,
}

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn issuer(algorithm: Algorithm) -> Issuer {
    let id = KeyId::parse("20261124-3fa91c2b").unwrap();
    let ring = match algorithm {
        Algorithm::EdDsa => KeyRing::signing_with(Key::ed25519(id, &[7; 32]).unwrap()),
        Algorithm::Es256 => KeyRing::signing_with(Key::generate_ecdsa(id, algorithm).unwrap()),
        _ => Ok(KeyRing::generate_hs256([7; 32], NOW)),
    };
    Issuer::new(ring.unwrap(), "https://site.example", "site")
}

fn token(issuer: &Issuer, roles: RoleSet<SiteRole>) -> String {
    let claims = Claims::new("0193b6a2-7c1e-7000-8000-4c2f1f6f9e11", 3, NOW)
        .with_username("alice")
        .with_session("q83Jm1vOzXk2")
        .with_methods(Methods::PASSWORD | Methods::ONE_TIME_CODE);
    let who = LoggedIn::insecure_new(claims, roles);
    issuer.issue(&who, NOW).unwrap().as_str().to_owned()
}

#[test]
fn verifying_own_tokens_allocates_at_most_once() {
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256] {
        let issuer = issuer(algorithm);
        let verifier = issuer.verifier::<SiteRole>().remember(0);
        for roles in [
            RoleSet::EMPTY,
            RoleSet::from(SiteRole::Admin),
            RoleSet::from([SiteRole::Guest, SiteRole::Admin]),
        ] {
            let token = token(&issuer, roles);
            // The first use of an `ArcSwap` on a thread allocates its thread-local slots.
            verifier.verify(token.as_bytes(), NOW).unwrap();
            let count =
                allocations(|| assert!(verifier.claims(token.as_bytes(), NOW, |_, _| ()).is_ok()));
            assert_eq!(count, 0, "{algorithm} {roles:?}");
            let count = allocations(|| assert!(verifier.verify(token.as_bytes(), NOW).is_ok()));
            assert_eq!(count, 1, "{algorithm} {roles:?}");
            let remembering = issuer.verifier::<SiteRole>().remember_all(64);
            remembering.verify(token.as_bytes(), NOW).unwrap();
            let count = allocations(|| assert!(remembering.verify(token.as_bytes(), NOW).is_ok()));
            assert_eq!(count, 0, "{algorithm} {roles:?}");
        }
    }
}

#[test]
fn rejecting_own_tokens_does_not_allocate() {
    let issuer = issuer(Algorithm::Hs256);
    let verifier = issuer.verifier::<SiteRole>();
    let token = token(&issuer, RoleSet::from(SiteRole::Admin));
    verifier.verify(token.as_bytes(), NOW).unwrap();
    let mut forged = token.clone().into_bytes();
    let last = forged.len() - 10;
    forged[last] ^= 1;
    let whole = token.into_bytes();
    let huge = vec![b'A'; 1 << 20];
    for (bytes, now) in [(&forged, NOW), (&whole, UnixTime::from_secs(u64::MAX)), (&huge, NOW)] {
        assert_eq!(allocations(|| assert!(verifier.verify(bytes, now).is_err())), 0);
    }
}

/// The first request registers the counters. Each later request only adds to a counter.
#[cfg(feature = "metrics")]
#[test]
fn counting_a_request_does_not_allocate() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let authenticator = RequestAuthenticator::new(issuer(Algorithm::Hs256).verifier::<SiteRole>());
    let forged = authenticator.authenticate([&b"__Host-hallpass=e30.e30.AAAA"[..]], [], NOW);
    metrics::with_local_recorder(&recorder, || {
        let meter = Meter::new();
        meter.verified(&forged);
        let count = allocations(|| {
            meter.verified(&forged);
            meter.rejected(RejectionKind::NotLoggedIn.into());
        });
        assert_eq!(count, 0);
    });
    assert_eq!(forged.reason(), Some(hallpass_core::TokenErrorKind::Malformed));
}

/// Run it in release: `cargo test --release -p hallpass-core --test allocations -- --ignored
/// --nocapture`.
#[test]
#[ignore = "a measurement, meaningful only in release builds"]
fn verification_cost() {
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256] {
        let issuer = issuer(algorithm);
        let verifier = issuer.verifier::<SiteRole>().remember(0);
        let token = token(&issuer, RoleSet::from(SiteRole::Admin));
        let bytes = token.as_bytes();
        let rounds = if algorithm == Algorithm::Hs256 { 200_000 } else { 5_000 };
        let claims = fastest(rounds, || {
            verifier
                .claims(black_box(bytes), NOW, |claims, _| black_box(claims.roles::<SiteRole>()))
                .is_ok()
        });
        let identity = fastest(rounds, || verifier.verify(black_box(bytes), NOW).is_ok());
        let remembering = issuer.verifier::<SiteRole>().remember_all(1024);
        let hit = fastest(200_000, || remembering.verify(black_box(bytes), NOW).is_ok());
        println!(
            "{algorithm}, {} bytes: claims {claims:.0} ns, identity {identity:.0} ns, remembered {hit:.0} ns",
            token.len()
        );
    }
    let token = token(&issuer(Algorithm::Hs256), RoleSet::from(SiteRole::Admin));
    let (input, _) = token.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let keyed = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    let whole = fastest(200_000, || {
        keyed.clone().chain_update(black_box(input)).finalize().into_bytes()[0] == 0
    });
    let primed = keyed.chain_update(header).chain_update(".");
    let rest = fastest(200_000, || {
        primed.clone().chain_update(black_box(payload)).finalize().into_bytes()[0] == 0
    });
    let decode = fastest(200_000, || {
        let mut space = [std::mem::MaybeUninit::uninit(); 3072];
        base64_simd::URL_SAFE_NO_PAD
            .decode(black_box(payload.as_bytes()), space.as_mut_slice().as_out())
            .is_ok()
    });
    println!(
        "HMAC of the whole {whole:.0} ns, after the header {rest:.0} ns; base64url {decode:.0} ns"
    );
}

/// Returns the nanoseconds of one call, the minimum of nine runs, because other work on the machine
/// only adds time.
fn fastest(rounds: u32, mut work: impl FnMut() -> bool) -> f64 {
    let mut run = || {
        let begin = Instant::now();
        for _ in 0..rounds {
            black_box(work());
        }
        begin.elapsed().as_nanos() as f64 / f64::from(rounds)
    };
    let mut times: Vec<f64> = (0..9).map(|_| run()).collect();
    times.sort_by(f64::total_cmp);
    times[0]
}
