//! A verifier that remembers tokens returns the same results as one that does not.

use std::{sync::Arc, thread, time::Duration};

use hallpass_core::{
    Algorithm, Issuer, KeyRing, MAX_CLOCK_SKEW, RevocationList, TokenError, TokenErrorKind,
    UnixTime, Verifier,
};
use proptest::prelude::*;

use crate::site::{AUDIENCE, ISSUER, NOW, SiteRole, alice, alice_as, issuer, ring};

fn site(algorithm: Algorithm) -> (Issuer, Verifier<SiteRole>) {
    let issuer = issuer(ring(algorithm));
    let verifier = issuer.verifier().remember(64);
    (issuer, verifier)
}

fn kind(verifier: &Verifier<SiteRole>, token: &str, now: UnixTime) -> Option<TokenErrorKind> {
    verifier.verify(token.as_bytes(), now).err().map(TokenError::kind)
}

fn after(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

#[test]
fn second_verification_shares_the_identity() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    let first = verifier.verify(token.as_str().as_bytes(), NOW).unwrap();
    assert_eq!(verifier.remembered(), 1);
    let second = verifier.verify(token.as_str().as_bytes(), after(1)).unwrap();
    assert!(std::ptr::eq(first.username(), second.username()));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn hmac_tokens_are_remembered_only_on_request() {
    let (issuer, verifier) = site(Algorithm::Hs256);
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(&verifier, token.as_str(), NOW), None);
    assert_eq!(verifier.remembered(), 0);
    let verifier = issuer.verifier().remember_all(64);
    assert_eq!(kind(&verifier, token.as_str(), NOW), None);
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn asymmetric_tokens_are_remembered_by_default() {
    let (issuer, _) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    let usual = issuer.verifier::<SiteRole>();
    assert_eq!((kind(&usual, token.as_str(), NOW), usual.remembered()), (None, 1));
    for forgetful in [issuer.verifier::<SiteRole>().remember(0), issuer.verifier().remember_all(0)]
    {
        assert_eq!((kind(&forgetful, token.as_str(), NOW), forgetful.remembered()), (None, 0));
    }
}

/// A service that only verifies has no background task. New tokens clear the expired ones.
#[test]
fn new_tokens_clear_expired_ones_from_the_cache() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let token_of = |user: u64, now| issuer.issue(&alice_as(&user.to_string(), "s-1"), now).unwrap();
    for user in 0..40 {
        assert_eq!(kind(&verifier, token_of(user, NOW).as_str(), NOW), None);
    }
    let early = verifier.remembered();
    assert!(early > 16, "{early}");
    let later = after(2_000);
    for user in 0..16 {
        assert_eq!(kind(&verifier, token_of(user, later).as_str(), later), None);
    }
    assert!(verifier.remembered() <= 16, "{}", verifier.remembered());
}

#[test]
fn remembered_token_expires_and_is_not_valid_early() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    for (moment, expected) in [
        (NOW, None),
        (after(899), None),
        (after(900), Some(TokenErrorKind::Expired)),
        (NOW.saturating_sub(MAX_CLOCK_SKEW), None),
        (UnixTime::from_secs(NOW.as_secs() - 61), Some(TokenErrorKind::NotYetValid)),
        (NOW, None),
    ] {
        assert_eq!(kind(&verifier, token.as_str(), moment), expected, "{moment:?}");
    }
    verifier.forget_expired(after(899));
    assert_eq!(verifier.remembered(), 1);
    verifier.forget_expired(after(900));
    assert_eq!(verifier.remembered(), 0);
}

#[test]
fn remembered_token_can_be_revoked() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let revocations = RevocationList::new();
    let verifier = verifier.revocation(revocations.clone());
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(&verifier, token.as_str(), NOW), None);
    assert_eq!(verifier.remembered(), 1);
    revocations.end_session("s-1", after(900));
    assert_eq!(kind(&verifier, token.as_str(), NOW), Some(TokenErrorKind::Revoked));
}

#[test]
fn remembered_token_is_rejected_without_its_key() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(&verifier, token.as_str(), NOW), None);
    let old = issuer.keys().current().active().unwrap().id().clone();
    issuer
        .keys()
        .replace(issuer.keys().current().rotated([8; 32], NOW, Duration::from_secs(60)).unwrap());
    assert_eq!(kind(&verifier, token.as_str(), after(59)), None);
    assert_eq!(kind(&verifier, token.as_str(), after(60)), Some(TokenErrorKind::UnknownKey));
    issuer.keys().replace(issuer.keys().current().retire(&old).unwrap());
    assert_eq!(kind(&verifier, token.as_str(), NOW), Some(TokenErrorKind::UnknownKey));

    // Another key with the old name: the result for the first key is not used for it.
    let other = KeyRing::generate(Algorithm::EdDsa, [9; 32], NOW).unwrap();
    let renamed = other.to_json().replace(other.active().unwrap().id().as_str(), old.as_str());
    issuer.keys().replace(KeyRing::from_json(&renamed).unwrap());
    assert_eq!(kind(&verifier, token.as_str(), NOW), Some(TokenErrorKind::Signature));
}

/// Clones share their cache. A clone with stricter rules must not use tokens that the lenient
/// verifier accepted.
#[test]
fn changed_verifier_starts_with_an_empty_cache() {
    let (issuer, lenient) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(&lenient, token.as_str(), NOW), None);
    let shared = lenient.clone();
    assert_eq!(shared.remembered(), 1);
    let strict = lenient.with_claims::<Tenant>();
    assert_eq!(strict.remembered(), 0);
    assert_eq!(kind(&strict, token.as_str(), NOW), Some(TokenErrorKind::Claims));
    assert_eq!(
        kind(&shared.max_lifetime(Duration::from_secs(1)), token.as_str(), NOW),
        Some(TokenErrorKind::LifetimeTooLong)
    );
}

#[derive(serde::Deserialize)]
struct Tenant {
    #[expect(dead_code, reason = "the tokens of the test do not have this claim")]
    tenant: String,
}

#[test]
fn forged_tokens_are_not_cached_and_evict_nothing() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(&verifier, token.as_str(), NOW), None);
    for place in 0..token.as_str().len() {
        let mut forged = token.as_str().as_bytes().to_vec();
        forged[place] ^= 1;
        assert!(verifier.verify(&forged, NOW).is_err(), "byte {place}");
    }
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn token_cache_is_bounded_and_thread_safe() {
    let (issuer, verifier) = site(Algorithm::EdDsa);
    let tokens: Vec<_> = (0..200)
        .map(|number| {
            issuer.issue(&alice_as(&number.to_string(), "s-1"), NOW).unwrap().as_str().to_owned()
        })
        .collect();
    let (tokens, verifier) = (Arc::new(tokens), Arc::new(verifier));
    thread::scope(|scope| {
        for begin in 0..4 {
            let (tokens, verifier) = (Arc::clone(&tokens), Arc::clone(&verifier));
            scope.spawn(move || {
                for turn in 0..2 {
                    for (number, token) in tokens.iter().enumerate().skip(begin * 10 * turn) {
                        let identity = verifier.verify(token.as_bytes(), NOW).unwrap();
                        assert_eq!(identity.user_id(), number.to_string());
                    }
                }
            });
        }
    });
    assert!((33..=64).contains(&verifier.remembered()), "{}", verifier.remembered());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Both verifiers get the same tokens, at any time and in any order.
    #[test]
    fn remembering_changes_no_result(questions in prop::collection::vec((0_usize..4, 0_u64..1_900, any::<bool>()), 1..20)) {
        let issuer = issuer(KeyRing::generate(Algorithm::EdDsa, [1; 32], NOW).unwrap());
        let revocations = RevocationList::new();
        let remembering = issuer.verifier::<SiteRole>().revocation(revocations.clone()).remember(2);
        let plain = Verifier::<SiteRole>::new(issuer.keys().clone(), ISSUER, AUDIENCE).revocation(revocations.clone()).remember(0);
        let tokens: Vec<_> = (0..4).map(|number| {
            issuer.issue(&alice_as("17", &format!("s-{number}")), after(number * 300)).unwrap()
        }).collect();
        for (number, seconds, tears_up) in questions {
            if tears_up {
                revocations.end_session(&format!("s-{number}"), after(3_000));
            }
            let token = tokens[number].as_str();
            prop_assert_eq!(kind(&remembering, token, after(seconds)), kind(&plain, token, after(seconds)));
        }
    }
}
