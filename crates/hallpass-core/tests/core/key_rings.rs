//! Key rings: their file, their JWK Set, their rotation.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use hallpass_core::{
    Algorithm, Key, KeyError, KeyId, KeyPurpose, KeyRing, KeyRingError, KeyState, Keys,
    TokenErrorKind, UnixTime, Verifier,
};
use serde_json::{Value, json};

use crate::site::{AUDIENCE, ISSUER, NOW, SIGNING, SiteRole, alice, issuer, key_id, ring, secret};

const LIFE: Duration = Duration::from_secs(900);

const CHECK_VALUES: [(&str, &str); 6] = [
    ("a", "396aef27336cff3a"),
    ("b", "0a28a31cab96b14a"),
    ("c", "5fc407cd9b357775"),
    ("d", "844cb66f260fb651"),
    ("e", "2955baf3cadb7110"),
    ("f", "204e71d38325afa1"),
];

fn text(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

#[test]
fn key_ring_round_trips_through_its_file() {
    for algorithm in SIGNING {
        let first = ring(algorithm).rotate_encryption([4; 32], NOW).rotate_encryption([5; 32], NOW);
        let first = first.with_new_pepper([6; 32], NOW).with_new_pepper([7; 32], NOW);
        let written = first.rotated([3; 32], NOW, LIFE).unwrap().publish([8; 32], NOW).unwrap();
        let read = KeyRing::from_json(&written.to_json()).unwrap();
        assert_eq!(read.to_json(), written.to_json(), "{algorithm}");
        assert_eq!(read.active().unwrap().algorithm(), algorithm);
        let ends: Vec<_> = read.keys().map(|entry| entry.accept_until()).collect();
        assert_eq!(ends, [None, Some(NOW.saturating_add(LIFE)), None]);
        assert!(read.facts(NOW).eq(written.facts(NOW)), "{algorithm}");
        assert!(read.encryption_keys().eq(written.encryption_keys()));
        assert_eq!(read.encryption_keys().count(), 2);
        assert!(read.peppers().eq(written.peppers()));
        assert_eq!(read.peppers().count(), 2);

        for (signing, verifying) in [(&first, &read), (&written, &read), (&read, &written)] {
            let token = issuer(signing.clone()).issue(&alice(), NOW).unwrap();
            let verifier = Verifier::<SiteRole>::new(verifying.clone(), ISSUER, AUDIENCE);
            assert!(verifier.verify(token.as_str().as_bytes(), NOW).is_ok(), "{algorithm}");
        }
    }
}

#[test]
fn a_pepper_is_retired_once_another_is_in_use() {
    let first = ring(Algorithm::Hs256).with_new_pepper([6; 32], NOW);
    let id = |ring: &KeyRing| ring.peppers().next().unwrap().0.clone();
    let old = id(&first);
    assert_eq!(first.retire(&old).unwrap_err(), KeyRingError::InUse(old.clone()));
    let second = first.with_new_pepper([7; 32], NOW);
    assert_ne!(id(&second), old);
    let retired = second.retire(&old).unwrap();
    assert_eq!(retired.peppers().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [id(&second)]);
    assert_eq!(ring(Algorithm::Hs256).peppers().count(), 0, "there is no pepper by default");
}

fn facts(ring: &KeyRing) -> Vec<(String, KeyPurpose, KeyState)> {
    let facts = ring.facts(NOW);
    facts.map(|key| (key.id.to_string(), key.purpose, key.state)).collect()
}

fn signing(ring: &KeyRing) -> KeyId {
    ring.active().unwrap().id().clone()
}

/// The two-step rotation on nodes without a shared file: at no moment does a node receive a token
/// that it cannot verify, in whatever order the nodes read the new rings.
#[test]
fn a_published_key_verifies_before_it_signs() {
    for algorithm in SIGNING {
        let start = ring(algorithm);
        let published = start.publish([3; 32], NOW).unwrap();
        let activated = published.activate(None, NOW, LIFE).unwrap();
        for (signs, verifies) in [
            (&start, &published),
            (&published, &start),
            (&published, &activated),
            (&activated, &published),
        ] {
            let token = issuer(signs.clone()).issue(&alice(), NOW).unwrap();
            let verifier = Verifier::<SiteRole>::new(verifies.clone(), ISSUER, AUDIENCE);
            assert!(verifier.verify(token.as_str().as_bytes(), NOW).is_ok(), "{algorithm}");
        }
        assert_eq!(signing(&published), signing(&start));
        let [_, (new, KeyPurpose::Signature, KeyState::Published)] = &facts(&published)[..] else {
            panic!("{:?}", facts(&published))
        };
        assert_eq!(signing(&activated).as_str(), new);
        let ends: Vec<_> = activated.keys().map(|entry| entry.accept_until()).collect();
        assert_eq!(ends, [None, Some(NOW.saturating_add(LIFE))], "as after a rotation");
    }
}

#[test]
fn only_a_published_key_is_activated() {
    let ring = KeyRing::generate_hs256([1; 32], NOW);
    let refused = |ring: &KeyRing, id: Option<&KeyId>| ring.activate(id, NOW, LIFE).unwrap_err();
    assert_eq!(refused(&ring, None), KeyRingError::NothingPublished);
    let active = signing(&ring);
    assert_eq!(refused(&ring, Some(&active)), KeyRingError::NotPublished(active.clone()));

    let other = Key::hmac(key_id("other"), Algorithm::Hs256, &secret::<32>()).unwrap();
    let two = ring.accepting(other, None).unwrap().publish([2; 32], NOW).unwrap();
    let other = key_id("other");
    assert_eq!(refused(&two, Some(&other)), KeyRingError::NotPublished(other));
    let three = two.publish([3; 32], NOW).unwrap();
    assert_eq!(refused(&three, None), KeyRingError::SeveralPublished);
    let newest = three.keys().last().unwrap().key().id();
    let activated = three.activate(Some(newest), NOW, LIFE).unwrap();
    assert_eq!(signing(&activated), *newest);
    assert!(activated.activate(None, NOW, LIFE).is_ok(), "the other one is still published");
}

#[test]
fn a_published_encryption_key_decrypts_before_it_encrypts() {
    assert!(ring(Algorithm::Hs256).publish_encryption([4; 32], NOW).is_err(), "none is in use");
    let start = ring(Algorithm::Hs256).rotate_encryption([3; 32], NOW);
    assert_eq!(start.activate_encryption().unwrap_err(), KeyRingError::NothingPublished);
    let published = start.publish_encryption([4; 32], NOW).unwrap();
    let published = KeyRing::from_json(&published.to_json()).unwrap();
    let in_use = |ring: &KeyRing| ring.encryption_keys().next().unwrap().0.clone();
    let (new, _) = published.encryption_keys().last().unwrap();
    assert_eq!((in_use(&published), published.decryption_keys().count()), (in_use(&start), 2));
    let state = |ring: &KeyRing| ring.facts(NOW).find(|key| key.id == new).unwrap().state;
    assert_eq!(state(&published), KeyState::Published);

    let activated = published.activate_encryption().unwrap();
    assert_eq!((in_use(&activated), state(&activated)), (new.clone(), KeyState::InUse));
    assert_eq!(activated.encryption_keys().count(), 2, "the old key still decrypts");
    let two = published.publish_encryption([5; 32], NOW).unwrap();
    assert_eq!(two.activate_encryption().unwrap_err(), KeyRingError::SeveralPublished);
    // A published key is in the file, so a person with the file has it.
    let replaced = published.replace_leaked([6; 32], NOW).unwrap();
    assert_eq!(state(&KeyRing::from_json(&replaced.to_json()).unwrap()), KeyState::Leaked);
}

#[test]
fn replace_leaked_keeps_old_keys_for_decryption_only() {
    for algorithm in SIGNING {
        let theirs = Key::from_pem(
            key_id("theirs"),
            Algorithm::EdDsa,
            b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
        );
        let start = ring(algorithm);
        let leaked = start
            .rotate_encryption([4; 32], NOW)
            .rotate_encryption([5; 32], NOW)
            .with_new_pepper([6; 32], NOW)
            .accepting(theirs.unwrap(), None)
            .unwrap()
            .rotated([7; 32], NOW, LIFE)
            .unwrap()
            .publish([8; 32], NOW)
            .unwrap();
        let replaced = leaked.replace_leaked([9; 32], NOW).unwrap();
        let replaced = KeyRing::from_json(&replaced.to_json()).unwrap();

        let verifier = Verifier::<SiteRole>::new(replaced.clone(), ISSUER, AUDIENCE);
        for old in [&start, &leaked, &leaked.activate(None, NOW, LIFE).unwrap()] {
            let token = issuer(old.clone()).issue(&alice(), NOW).unwrap();
            let error = verifier.verify(token.as_str().as_bytes(), NOW).unwrap_err();
            assert_eq!(error.kind(), TokenErrorKind::UnknownKey, "{algorithm}");
        }
        let signing_keys: Vec<_> = replaced.keys().map(|entry| entry.key().id().clone()).collect();
        assert_eq!(signing_keys, [signing(&replaced), key_id("theirs")], "{algorithm}");

        let ids = |keys: Vec<(&KeyId, &[u8; 32])>| -> Vec<KeyId> {
            keys.into_iter().map(|(id, _)| id.clone()).collect()
        };
        let old = ids(leaked.encryption_keys().collect());
        assert_eq!(ids(replaced.decryption_keys().skip(1).collect()), old);
        let usable = ids(replaced.encryption_keys().collect());
        assert!(usable.len() == 1 && !old.contains(&usable[0]), "{usable:?}");
        let leaked_ids: Vec<_> =
            facts(&replaced).into_iter().filter(|key| key.2 == KeyState::Leaked).collect();
        assert_eq!(leaked_ids.len(), 2);
        assert_eq!(replaced.peppers().count(), 2, "the old pepper verifies, a new one is in use");

        // A rotation does not make a leaked key usable again, and it can be retired.
        let later = replaced.rotate_encryption([10; 32], NOW);
        assert_eq!(ids(later.encryption_keys().skip(1).collect()), usable);
        assert_eq!(later.retire(&old[0]).unwrap().decryption_keys().count(), 3);
    }
    let without_pepper = KeyRing::generate_hs256([1; 32], NOW).replace_leaked([2; 32], NOW);
    assert_eq!(without_pepper.unwrap().peppers().count(), 0);
}

/// The values were computed by an independent program: Python's `hmac` and `hashlib`.
#[test]
fn check_values_match_an_independent_program() {
    let file = json!({
        "keys": [
            {"kty": "oct", "kid": "a", "alg": "HS256", "use": "sig", "k": text(&secret::<32>())},
            {"kty": "oct", "kid": "b", "alg": "HS512", "use": "sig", "k": text(&secret::<64>())},
            {"kty": "OKP", "kid": "c", "alg": "EdDSA", "use": "sig", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {"kty": "EC", "kid": "d", "alg": "ES256", "use": "sig", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
            {"kty": "oct", "kid": "e", "use": "enc", "k": text(&secret::<32>())},
            {"kty": "oct", "kid": "f", "use": "pepper", "k": text(&secret::<32>())},
        ],
        "active": "a",
    });
    let ring = KeyRing::from_json(&file.to_string()).unwrap();
    for (id, value) in CHECK_VALUES {
        let found = ring.check_value(&key_id(id)).unwrap();
        assert_eq!(found.to_string(), value, "{id}");
    }
    assert_eq!(ring.check_value(&key_id("g")), None);
    let signing = ring.keys().map(|entry| entry.key().check_value());
    let of_facts = ring.facts(NOW).map(|key| key.check_value);
    assert!(signing.eq(of_facts.take(4)));
}

#[test]
fn check_value_of_a_public_key_is_that_of_the_pair() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
        let ring = KeyRing::generate(algorithm, [1; 32], NOW).unwrap();
        let public = KeyRing::from_jwks(&ring.to_jwks()).unwrap();
        let id = signing(&ring);
        assert_eq!(ring.check_value(&id), public.check_value(&id), "{algorithm}");
        assert!(ring.shares_a_key_with(&public));
    }
}

#[test]
fn rings_of_one_site_share_a_key_and_others_do_not() {
    let ring = KeyRing::generate_hs256([1; 32], NOW);
    let rotated = ring.rotated([2; 32], NOW, Duration::ZERO).unwrap();
    let replaced = rotated.replace_leaked([3; 32], NOW).unwrap();
    assert!(ring.shares_a_key_with(&rotated) && rotated.shares_a_key_with(&replaced));
    assert!(!ring.shares_a_key_with(&KeyRing::generate_hs256([4; 32], NOW)));
    // The same name with another secret is another key.
    let named = |last: u8| {
        let mut secret = secret::<32>();
        secret[31] = last;
        KeyRing::signing_with(Key::hmac(key_id("k1"), Algorithm::Hs256, &secret).unwrap()).unwrap()
    };
    assert!(named(1).shares_a_key_with(&named(1)) && !named(1).shares_a_key_with(&named(2)));
}

#[test]
fn published_jwks_verifies_and_cannot_sign() {
    for algorithm in SIGNING {
        let ring = ring(algorithm).rotate_encryption([4; 32], NOW);
        let jwks = ring.to_jwks();
        if algorithm.is_symmetric() {
            assert_eq!(jwks, r#"{"keys":[]}"#, "{algorithm}");
            assert_eq!(KeyRing::from_jwks(&jwks).unwrap_err(), KeyRingError::Empty);
            assert!(matches!(KeyRing::from_jwks(&ring.to_json()), Err(KeyRingError::NotPublic(_))));
            continue;
        }
        let public = KeyRing::from_jwks(&jwks).unwrap();
        assert!(public.active().is_none() && public.encryption_keys().next().is_none());
        assert!(
            matches!(KeyRing::from_jwks(&ring.to_json()), Err(KeyRingError::NotPublic(_))),
            "{algorithm}"
        );
        let token = issuer(ring).issue(&alice(), NOW).unwrap();
        let verifier = Verifier::<SiteRole>::new(public.clone(), ISSUER, AUDIENCE);
        assert!(verifier.verify(token.as_str().as_bytes(), NOW).is_ok());
        assert_eq!(
            issuer(public).issue(&alice(), NOW).unwrap_err(),
            hallpass_core::IssueError::NoActiveKey
        );
    }
}

/// A set with one key that cannot be used is used without it: a set that was refused whole would
/// leave withdrawn keys in use (RFC 7517, section 5).
#[test]
fn unusable_keys_of_a_jwks_are_ignored() {
    let ours = |kid: &str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let identity: Vec<u8> = std::iter::once(1).chain([0; 31]).collect();
    let no_point: Vec<u8> = std::iter::once(2).chain([0; 31]).collect();
    let others = [
        json!(null),
        json!(7),
        json!("key"),
        json!([]),
        json!({}),
        json!({"kty": 7, "kid": "other"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": ["other"], "x": "AA"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "a b", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": text(&identity)}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": text(&no_point)}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": text(&[9; 31])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "alg": "ES256", "x": "AA"}),
        json!({"kty": "RSA", "kid": "other", "n": text(&[0xff; 128]), "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "other", "n": text(&[0xff; 4096]), "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "other", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "other", "x": text(&[1; 32]), "y": text(&[1; 32])}),
        json!({"kty": "oct", "kid": "other", "k": text(&secret::<32>())}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "other", "key_ops": ["sign"], "x": text(&[9; 32])}),
    ];
    for other in &others {
        for keys in [json!([other, ours("ours")]), json!([ours("ours"), other])] {
            let ring = KeyRing::from_jwks(&json!({ "keys": keys }).to_string()).unwrap();
            let names: Vec<_> = ring.keys().map(|entry| entry.key().id().to_string()).collect();
            assert_eq!(names, ["ours"], "{other}");
        }
        assert!(KeyRing::from_jwks(&json!({ "keys": [other] }).to_string()).is_err(), "{other}");
    }
}

/// A `kid` selects one key. If a set has two for it, neither is used, unless they are one key.
#[test]
fn keys_of_one_name_are_not_guessed() {
    let key = |kid: Option<&str>, random: u8| {
        let ring = KeyRing::generate(Algorithm::EdDsa, [random; 32], NOW).unwrap();
        let mut set: Value = serde_json::from_str(&ring.to_jwks()).unwrap();
        let mut key = set["keys"][0].take();
        match kid {
            Some(kid) => key["kid"] = json!(kid),
            None => drop(key.as_object_mut().unwrap().remove("kid")),
        }
        key
    };
    let private = |kid: &str, random: u8| {
        let ring = KeyRing::generate(Algorithm::EdDsa, [random; 32], NOW).unwrap();
        let mut set: Value = serde_json::from_str(&ring.to_json()).unwrap();
        let mut key = set["keys"][0].take();
        key["kid"] = json!(kid);
        key
    };
    let encrypting = json!({"kty": "RSA", "use": "enc", "kid": "a", "n": "AA", "e": "AQAB"});
    for (keys, used) in [
        (json!([key(Some("a"), 1), key(Some("b"), 2)]), &["a", "b"][..]),
        (json!([key(Some("a"), 1), key(Some("a"), 2), key(Some("b"), 3)]), &["b"]),
        (json!([key(Some("a"), 1), key(Some("a"), 2), key(Some("a"), 1)]), &[]),
        (json!([key(Some("a"), 1), key(Some("a"), 1)]), &["a"]),
        (json!([encrypting, key(Some("a"), 1)]), &["a"]),
        (json!([key(None, 1), key(None, 2)]), &["0", "1"]),
        (json!([key(Some("1"), 1), key(None, 2)]), &["1"]),
        (json!([key(Some("a"), 1), private("b", 1), key(Some("c"), 2)]), &["c"]),
        (json!([private("a", 1), key(Some("a"), 2)]), &["a"]),
    ] {
        let set = json!({ "keys": keys }).to_string();
        let mut ignored = Vec::new();
        let ring = KeyRing::from_jwks_and_report(&set, |fault| ignored.push(fault.to_string()));
        let ring = ring.unwrap_or_default();
        let names: Vec<_> = ring.keys().map(|entry| entry.key().id().to_string()).collect();
        assert_eq!(names, used, "{set} {ignored:?}");
    }
    let many = |count: u8| {
        let keys: Vec<_> = (0..count).map(|kid| key(Some(&kid.to_string()), kid)).collect();
        KeyRing::from_jwks(&json!({ "keys": keys }).to_string()).map(|ring| ring.keys().count())
    };
    assert_eq!(many(128), Ok(128));
    assert_eq!(many(129), Err(KeyRingError::TooManyKeys(128)));
}

/// A ring that is confirmed again and again keeps its keys, so no verified token is forgotten.
#[test]
fn accepted_until_limits_every_key_and_keeps_the_cache() {
    let issuer = issuer(ring(Algorithm::EdDsa));
    let public = KeyRing::from_jwks(&issuer.keys().current().to_jwks()).unwrap();
    let at = |seconds: u64| UnixTime::from_secs(NOW.as_secs() + seconds);
    let keys = Keys::from(public.accepted_until(at(10)));
    let verifier = Verifier::<SiteRole>::new(keys.clone(), ISSUER, AUDIENCE);
    let token = issuer.issue(&alice(), NOW).unwrap();
    let verdict = |now| {
        verifier.verify(token.as_str().as_bytes(), now).map(drop).map_err(|error| error.kind())
    };
    assert_eq!((verdict(at(9)), verifier.remembered()), (Ok(()), 1));
    assert_eq!(verdict(at(10)), Err(TokenErrorKind::UnknownKey));
    keys.replace(public.accepted_until(at(20)));
    let key = |ring: &KeyRing| std::ptr::from_ref(ring.keys().next().unwrap().key());
    assert_eq!(key(&keys.current()), key(&public));
    assert_eq!((verdict(at(19)), verdict(at(20))), (Ok(()), Err(TokenErrorKind::UnknownKey)));
    let end =
        public.accepted_until(at(5)).accepted_until(at(7)).keys().next().unwrap().accept_until();
    assert_eq!(end, Some(at(5)));
}

/// Keys that are not understood are ignored (RFC 7517, section 5).
#[test]
fn unknown_keys_in_a_jwks_are_ignored() {
    let ours = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ours", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5c": ["MII"], "ext": true});
    let others = [
        json!({"kty": "EC", "crv": "P-521", "kid": "1", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "2", "x": "AA", "y": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "3", "pub": "AA"}),
        json!({"kty": "RSA", "use": "enc", "kid": "4", "n": "AA", "e": "AQAB"}),
        json!({"kty": "RSA", "alg": "RS512", "kid": "5", "n": "AA", "e": "AQAB"}),
        json!({"kty": "RSA", "key_ops": ["encrypt"], "kid": "6", "n": "AA", "e": "AQAB"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "7", "x": "AA"}),
    ];
    let set = json!({ "keys": others.into_iter().chain([ours]).collect::<Vec<_>>(), "more": 1 });
    let ring = KeyRing::from_jwks(&set.to_string()).unwrap();
    let names: Vec<_> = ring.keys().map(|entry| entry.key().id().as_str()).collect();
    assert_eq!(names, ["ours"]);
}

#[test]
fn invalid_key_ring_is_refused_with_its_reason() {
    let oct = |kid: &str, secret: &[u8]| json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": base64_simd::URL_SAFE_NO_PAD.encode_to_string(secret)});
    let good = oct("a", &secret::<32>());
    let with = |member: &str, value: Value| {
        let mut key = good.clone();
        key[member] = value;
        json!({"keys": [key], "active": "a"})
    };
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let refusal = |ring: Value| KeyRing::from_json(&ring.to_string()).unwrap_err();
    assert!(KeyRing::from_json(&json!({"keys": [good], "active": "a"}).to_string()).is_ok());

    for text in [
        "",
        "{}",
        "[]",
        "null",
        "{\"keys\":{}}",
        "{\"keys\":[1]}",
        "{\"keys\":[]} x",
        "{\"keys\":[],\"keys\":[]}",
    ] {
        assert!(matches!(KeyRing::from_json(text), Err(KeyRingError::Json { .. })), "{text}");
    }
    assert_eq!(refusal(json!({"keys": []})), KeyRingError::Empty);
    assert_eq!(refusal(json!({"keys": [good], "active": "b"})), KeyRingError::NoActiveKey);
    assert_eq!(refusal(json!({"keys": [good, good]})), KeyRingError::DuplicateName(key_id("a")));
    assert_eq!(
        refusal(json!({"keys": [ed], "active": "a"})),
        KeyRingError::CannotSign(key_id("a"))
    );
    let key_error = |source| KeyRingError::Key { name: "a".to_owned(), source };
    let short = KeyError::SecretTooShort { algorithm: Algorithm::Hs256, needed: 32, found: 31 };
    assert_eq!(refusal(json!({"keys": [oct("a", &secret::<31>())]})), key_error(short));
    assert_eq!(refusal(json!({"keys": [oct("a", &[7; 32])]})), key_error(KeyError::Placeholder));
    assert_eq!(
        refusal(json!({"keys": [oct("a", b"your-256-bit-secret-but-a-bit-longer")]})),
        key_error(KeyError::Placeholder)
    );
    let member = |member| KeyRingError::Member { name: "a".to_owned(), member };
    assert_eq!(refusal(with("k", json!("?"))), member("k"));
    assert_eq!(refusal(with("k", Value::Null)), member("k"));
    assert_eq!(refusal(with("k", json!("AAAA="))), member("k"));
    assert_eq!(refusal(with("alg", json!("none"))), member("alg"));
    assert_eq!(refusal(with("alg", json!("RS256"))), member("alg"));
    assert_eq!(refusal(with("alg", json!("hs256"))), member("alg"));
    assert_eq!(refusal(with("use", json!("tls"))), member("use"));
    assert_eq!(refusal(with("accept_until", json!(1_764_000_000))), member("accept_until")); // not allowed for the active key
    assert_eq!(refusal(with("published", json!(true))), member("published")); // likewise
    assert_eq!(refusal(with("leaked", json!(true))), member("leaked"));
    for (usage, wrong) in [("enc", "leaked"), ("enc", "published"), ("pepper", "leaked")] {
        let mut key = oct("s", &secret::<32>());
        (key["use"], key[wrong]) = (json!(usage), json!(true));
        let refused = KeyRingError::Member { name: "s".to_owned(), member: wrong };
        assert_eq!(refusal(json!({"keys": [good, key]})), refused, "{usage}");
    }
    assert_eq!(
        refusal(with("kid", json!("a b"))),
        KeyRingError::Member { name: "0".to_owned(), member: "kid" }
    );
    assert_eq!(
        refusal(json!({"keys": [good, {"kty": "oct", "kid": "s", "use": "enc", "k": "AAAA"}]})),
        KeyRingError::Member { name: "s".to_owned(), member: "k" }
    );
}

/// A key has the algorithm of its type, and its `alg` cannot name another one.
#[test]
fn a_key_cannot_name_an_algorithm_of_another_type() {
    let named = |crv: &str, alg: &str| {
        let key = json!({"kty": if crv == "Ed25519" { "OKP" } else { "EC" }, "kid": "a", "crv": crv, "alg": alg, "x": "AA", "y": "AA"});
        KeyRing::from_json(&json!({ "keys": [key] }).to_string()).unwrap_err()
    };
    let alg = KeyRingError::Member { name: "a".to_owned(), member: "alg" };
    for (crv, own) in [("Ed25519", "EdDSA"), ("P-256", "ES256"), ("P-384", "ES384")] {
        for other in Algorithm::ALL.map(Algorithm::as_str).into_iter().filter(|other| *other != own)
        {
            assert_eq!(named(crv, other), alg, "{crv} {other}");
        }
        assert!(matches!(named(crv, own), KeyRingError::Key { .. }), "{crv}");
    }
}

#[test]
fn weak_and_malformed_public_keys_are_refused() {
    let refused = |key: Value| {
        matches!(
            KeyRing::from_jwks(&json!({ "keys": [key] }).to_string()),
            Err(KeyRingError::Key { .. } | KeyRingError::Member { .. })
        )
    };
    let identity: Vec<u8> = std::iter::once(1).chain([0; 31]).collect();
    for x in [
        text(&[0; 32]),
        text(&identity),
        text(&[0xff; 32]),
        text(&[9; 31]),
        text(&[9; 33]),
        String::new(),
        "=".to_owned(),
    ] {
        assert!(refused(json!({"kty": "OKP", "crv": "Ed25519", "x": x})), "{x}");
    }
    let (x, y) = (
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    assert!(!refused(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})));
    for (x, y) in [
        (x, x),
        (y, x),
        (x, "AA"),
        ("AA", y),
        (&text(&[0; 32]), &text(&[0; 32])),
        (&text(&[0xff; 32]), y),
    ] {
        assert!(refused(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})), "{x} {y}");
    }
    assert!(refused(json!({"kty": "EC", "crv": "P-384", "x": x, "y": y})));
    let modulus = |bytes: usize, first: u8| {
        text(
            &std::iter::once(first)
                .chain((1..bytes).map(|place| (place % 251) as u8 | 1))
                .collect::<Vec<_>>(),
        )
    };
    assert!(!refused(json!({"kty": "RSA", "n": modulus(256, 0x80), "e": "AQAB"})));
    for (n, e) in [
        (modulus(128, 0x80), "AQAB"),
        (modulus(255, 0x80), "AQAB"),
        (modulus(256, 0x7f), "AQAB"),
        (modulus(257, 0), "AQAB"),
        (modulus(1025, 0x80), "AQAB"),
        (modulus(256, 0x80), ""),
        (modulus(256, 0x80), "AA"),
        (modulus(256, 0x80), "AQ"),
    ] {
        assert!(refused(json!({"kty": "RSA", "n": n, "e": e})), "{} {e}", n.len());
    }
}

#[test]
fn mismatched_key_halves_are_refused() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
        let file = |seed: u8| {
            serde_json::from_str::<Value>(
                &KeyRing::generate(algorithm, [seed; 32], NOW).unwrap().to_json(),
            )
            .unwrap()
        };
        let (mut mixed, other) = (file(1), file(2));
        mixed["keys"][0]["d"] = other["keys"][0]["d"].clone();
        assert!(
            matches!(
                KeyRing::from_json(&mixed.to_string()),
                Err(KeyRingError::Key { source: KeyError::Malformed(_), .. })
            ),
            "{algorithm}"
        );
    }
}

#[test]
fn from_env_names_a_missing_or_invalid_variable() {
    assert_eq!(
        KeyRing::from_env("HALLPASS_TEST_NO_SUCH_VARIABLE").unwrap_err(),
        KeyRingError::NoVariable("HALLPASS_TEST_NO_SUCH_VARIABLE".to_owned())
    );
    // Cargo sets `CARGO_PKG_LICENSE_FILE` to an empty text, which counts as unset.
    assert_eq!(std::env::var("CARGO_PKG_LICENSE_FILE").as_deref(), Ok(""));
    assert_eq!(
        KeyRing::from_env("CARGO_PKG_LICENSE_FILE").unwrap_err(),
        KeyRingError::NoVariable("CARGO_PKG_LICENSE_FILE".to_owned())
    );
    // Cargo sets `CARGO_PKG_NAME`, and its value is not a key ring.
    assert_eq!(
        KeyRing::from_env("CARGO_PKG_NAME").unwrap_err(),
        KeyRingError::Json { line: 1, column: 1 }
    );
}

#[test]
fn pem_file_is_read_only_as_its_own_key_type() {
    // RFC 8410, sections 10.3 and 10.1: a private key and its public half.
    let private = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let public = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let signing = Key::from_pem(key_id("k"), Algorithm::EdDsa, private).unwrap();
    let token = issuer(KeyRing::signing_with(signing).unwrap()).issue(&alice(), NOW).unwrap();
    let verifying = Key::from_pem(key_id("k"), Algorithm::EdDsa, public).unwrap();
    assert!(!verifying.can_sign());
    let ring = KeyRing::default().accepting(verifying, None).unwrap();
    assert!(
        Verifier::<SiteRole>::new(ring, ISSUER, AUDIENCE)
            .verify(token.as_str().as_bytes(), NOW)
            .is_ok()
    );
    for algorithm in Algorithm::ALL {
        let fits = algorithm == Algorithm::EdDsa;
        assert_eq!(Key::from_pem(key_id("k"), algorithm, private).is_ok(), fits, "{algorithm}");
        assert_eq!(Key::from_pem(key_id("k"), algorithm, public).is_ok(), fits, "{algorithm}");
        assert!(Key::from_pem(key_id("k"), algorithm, b"").is_err());
    }
}

#[test]
fn rotation_under_load_rejects_only_retired_keys() {
    let keys = Keys::from(KeyRing::generate_hs256([0; 32], NOW));
    let issuer = hallpass_core::Issuer::new(keys.clone(), ISSUER, AUDIENCE);
    let verifier = issuer.verifier::<SiteRole>();
    let done = AtomicBool::new(false);
    let verified = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for count in &verified {
            let (issuer, verifier, done) = (&issuer, &verifier, &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let token = issuer.issue(&alice(), NOW).unwrap();
                    verifier.verify(token.as_str().as_bytes(), NOW).unwrap();
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for turn in 1..=20_u8 {
            let before = issuer.issue(&alice(), NOW).unwrap();
            let old = keys.current().active().unwrap().id().clone();
            keys.replace(keys.current().rotated([turn; 32], NOW, LIFE).unwrap());
            verifier.verify(before.as_str().as_bytes(), NOW).unwrap();
            // After two more rounds no thread holds a token of the old key.
            for count in &verified {
                let enough = count.load(Ordering::SeqCst) + 2;
                while count.load(Ordering::SeqCst) < enough {
                    thread::yield_now();
                }
            }
            keys.replace(keys.current().retire(&old).unwrap());
            let refused = verifier.verify(before.as_str().as_bytes(), NOW).unwrap_err();
            assert_eq!(refused.kind(), TokenErrorKind::UnknownKey);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(keys.current().keys().count(), 1);
}

#[test]
fn retired_key_is_rejected_from_its_second() {
    let old = KeyRing::generate_hs256([1; 32], NOW);
    let token =
        issuer(old.clone()).lifetime(Duration::from_secs(86_400)).issue(&alice(), NOW).unwrap();
    let verifier =
        Verifier::<SiteRole>::new(old.rotated([2; 32], NOW, LIFE).unwrap(), ISSUER, AUDIENCE);
    let verdict = |seconds| {
        verifier
            .verify(token.as_str().as_bytes(), UnixTime::from_secs(NOW.as_secs() + seconds))
            .map_err(|error| error.kind())
    };
    assert!(verdict(899).is_ok());
    assert_eq!(verdict(900).unwrap_err(), TokenErrorKind::UnknownKey);
}

#[test]
fn only_unknown_kids_are_recorded_and_their_number_is_bounded() {
    let (issuer, other) =
        (issuer(ring(Algorithm::Hs256)), issuer(KeyRing::generate_hs256([9; 32], NOW)));
    let verifier = issuer.verifier::<SiteRole>();
    let token = issuer.issue(&alice(), NOW).unwrap();
    let asked = |token: &str| {
        let _refused = verifier.verify(token.as_bytes(), NOW);
        issuer.keys().take_unknown_kids()
    };
    let none: [KeyId; 0] = [];
    assert_eq!(asked(token.as_str()), none);
    let named = |kid: &str| {
        let header = json!({"alg": "HS256", "typ": "hallpass+jwt", "kid": kid}).to_string();
        format!("{}.AA.AA", text(header.as_bytes()))
    };
    let no_name = [named(""), named("a b"), named(&"a".repeat(129))];
    let refused = ["", "a.b.c", &token.as_str()[1..], &format!("{}A", token.as_str())];
    for refused in refused.into_iter().chain(no_name.iter().map(String::as_str)) {
        assert_eq!(asked(refused), none, "{refused}");
    }
    let unknown = other.keys().current().active().unwrap().id().clone();
    assert_eq!(asked(other.issue(&alice(), NOW).unwrap().as_str()), [unknown]);
    assert_eq!(issuer.keys().take_unknown_kids(), none, "the first call removes the names");
    for place in 0..1_000 {
        let _refused = verifier.verify(named(&format!("k{}", place % 500)).as_bytes(), NOW);
    }
    assert_eq!(issuer.keys().take_unknown_kids().len(), 16);
}
