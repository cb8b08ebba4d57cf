//! Each setting of a verifier accepts the tokens that it is for, and no others.

use std::time::{Duration, Instant};

use hallpass_core::{
    Identity, KeyRing, MAX_TOKEN_BYTES, RevocationList, RoleSet, StalePolicy, TokenError,
    TokenErrorKind, UnixTime,
};

use crate::site::{
    AUDIENCE, HEADER, ISSUER, NOW, SiteRole, alice, issuer, key_id, token, verifier,
};

const CLAIMS: &str = r#"{"iss":"https://site.example","aud":"site","sub":"alice","user_id":"17","role":"admin","iat":1764000000,"exp":1764000900}"#;

fn kind(result: Result<Identity<SiteRole>, TokenError>) -> Option<TokenErrorKind> {
    result.err().map(TokenError::kind)
}

fn after(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

#[test]
fn accepted_type_must_match_exactly() {
    let jwt = token(&HEADER.replace("hallpass+jwt", "JWT"), CLAIMS);
    assert_eq!(kind(verifier().verify(&jwt, NOW)), Some(TokenErrorKind::Type));
    assert_eq!(kind(verifier().accept_type("JWT").verify(&jwt, NOW)), None);
    assert_eq!(kind(verifier().accept_type("jwt").verify(&jwt, NOW)), Some(TokenErrorKind::Type));
    assert_eq!(kind(verifier().accept_type("JWT").verify(&token(HEADER, CLAIMS), NOW)), None);
    let untyped = token(r#"{"alg":"HS256","kid":"k1"}"#, CLAIMS);
    assert_eq!(
        kind(verifier().accept_type("JWT").verify(&untyped, NOW)),
        Some(TokenErrorKind::Type)
    );
    assert_eq!(kind(verifier().insecure_accept_untyped().verify(&untyped, NOW)), None);
    assert_eq!(
        kind(verifier().insecure_accept_untyped().verify(&jwt, NOW)),
        Some(TokenErrorKind::Type)
    );
}

#[test]
fn token_without_kid_uses_only_the_named_key() {
    let bare = token(r#"{"alg":"HS256","typ":"hallpass+jwt"}"#, CLAIMS);
    assert_eq!(kind(verifier().verify(&bare, NOW)), Some(TokenErrorKind::UnknownKey));
    assert_eq!(kind(verifier().key_without_kid(key_id("k1")).verify(&bare, NOW)), None);
    assert_eq!(
        kind(verifier().key_without_kid(key_id("k2")).verify(&bare, NOW)),
        Some(TokenErrorKind::UnknownKey)
    );
    let other = token(&HEADER.replace("k1", "k2"), CLAIMS);
    assert_eq!(
        kind(verifier().key_without_kid(key_id("k1")).verify(&other, NOW)),
        Some(TokenErrorKind::UnknownKey)
    );
}

/// The token that the Starlette site of the article writes with PyJWT, with an issuer and an
/// audience.
#[test]
fn starlette_cookie_is_accepted_with_its_settings() {
    let claims = r#"{"sub": "alice", "role": "admin", "user_id": 17, "exp": 1764000900, "iss": "https://site.example", "aud": "site"}"#;
    let bytes = token(r#"{"alg":"HS256","typ":"JWT"}"#, claims);
    let lenient = verifier().accept_type("JWT").key_without_kid(key_id("k1"));
    assert_eq!(kind(lenient.clone().verify(&bytes, NOW)), Some(TokenErrorKind::Claims));
    let identity = lenient.accept_integer_user_id().verify(&bytes, NOW).unwrap();
    assert_eq!(
        (identity.username(), identity.user_id(), identity.roles()),
        ("alice", "17", RoleSet::from(SiteRole::Admin))
    );
    assert_eq!((identity.session(), identity.generation(), identity.issued_at()), (None, 0, None));
}

#[test]
fn integer_user_ids_are_parsed_exactly() {
    let verifier = verifier().accept_integer_user_id();
    for (json, user_id) in [
        ("17", Some("17")),
        ("0", Some("0")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("\"17\"", Some("17")),
        ("-1", None),
        ("17.0", None),
        ("1e3", None),
        ("true", None),
        ("null", None),
        ("[17]", None),
        ("\"\"", None),
        ("\"1\\n7\"", None),
    ] {
        let bytes = token(HEADER, &CLAIMS.replace("\"17\"", json));
        let read = verifier.verify(&bytes, NOW).ok();
        assert_eq!(read.as_ref().map(|identity| identity.user_id()), user_id, "{json}");
    }
}

#[test]
fn lifetime_above_the_maximum_is_rejected() {
    let bytes = token(HEADER, CLAIMS);
    assert_eq!(kind(verifier().max_lifetime(Duration::from_secs(900)).verify(&bytes, NOW)), None);
    assert_eq!(
        kind(verifier().max_lifetime(Duration::from_secs(899)).verify(&bytes, NOW)),
        Some(TokenErrorKind::LifetimeTooLong)
    );
    let year = token(HEADER, &CLAIMS.replace("1764000900", "1795536000"));
    assert_eq!(kind(verifier().verify(&year, NOW)), Some(TokenErrorKind::LifetimeTooLong));
    assert_eq!(kind(verifier().max_lifetime(Duration::MAX).verify(&year, NOW)), None);
}

/// The verifier of an issuer with a long lifetime accepts its tokens.
#[test]
fn an_issuer_and_its_verifier_agree_on_the_lifetime() {
    let issuer =
        issuer(KeyRing::generate_hs256([1; 32], NOW)).lifetime(Duration::from_secs(7 * 86_400));
    let token = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(kind(issuer.verifier::<SiteRole>().verify(token.as_str().as_bytes(), NOW)), None);
}

#[test]
fn revoked_token_is_rejected_immediately() {
    let revocations = RevocationList::new();
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let verifier = issuer.verifier::<SiteRole>().revocation(revocations.clone());
    let token = issuer.issue(&alice(), NOW).unwrap();
    let verdict = || kind(verifier.verify(token.as_str().as_bytes(), NOW));
    assert_eq!(verdict(), None);
    revocations.revoke_below("17", 3, after(900));
    assert_eq!(verdict(), None);
    revocations.revoke_below("17", 4, after(900));
    assert_eq!(verdict(), Some(TokenErrorKind::Revoked));

    let revocations = RevocationList::new();
    let verifier = issuer.verifier::<SiteRole>().revocation(revocations.clone());
    revocations.end_session("s-2", after(900));
    assert_eq!(kind(verifier.verify(token.as_str().as_bytes(), NOW)), None);
    revocations.end_session("s-1", after(900));
    assert_eq!(
        kind(verifier.verify(token.as_str().as_bytes(), NOW)),
        Some(TokenErrorKind::Revoked)
    );
}

/// The store is at fault and not the token, so the person is not sent to the login page.
#[test]
fn stale_list_is_unavailable_and_not_revoked() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let revocations =
        RevocationList::with_stale_policy(StalePolicy::Refuse { after: Duration::from_secs(5) });
    let verifier = issuer.verifier::<SiteRole>().revocation(revocations.clone());
    let token = issuer.issue(&alice(), NOW).unwrap();
    let at = |now| kind(verifier.verify(token.as_str().as_bytes(), now));
    assert_eq!(at(NOW), Some(TokenErrorKind::Unavailable));
    revocations.synced(NOW);
    assert_eq!((at(after(5)), at(after(6))), (None, Some(TokenErrorKind::Unavailable)));
    revocations.end_session("s-1", after(900));
    assert_eq!(at(NOW), Some(TokenErrorKind::Revoked));
}

#[test]
fn verifier_debug_shows_no_key() {
    let printed = format!("{:?}", verifier());
    assert!(printed.contains(ISSUER) && printed.contains(AUDIENCE), "{printed}");
    assert!(printed.len() < 120, "{printed}");
}

#[test]
fn token_of_a_megabyte_is_rejected_without_parsing() {
    let verifier =
        verifier().accept_type("JWT").key_without_kid(key_id("k1")).insecure_accept_untyped();
    let begins_well = token(HEADER, CLAIMS);
    for filling in [b'A', b'.', b'{', b'=', 0, 0xff] {
        let mut bytes = begins_well.clone();
        bytes.resize(1 << 20, filling);
        let fastest = (0..20).map(|_| {
            let begin = Instant::now();
            assert_eq!(
                verifier.claims(&bytes, NOW, |_, _| ()).unwrap_err().kind(),
                TokenErrorKind::TooLong
            );
            begin.elapsed()
        });
        assert!(fastest.min().unwrap() < Duration::from_micros(20), "{filling}");
    }
    let longest = begins_well
        .iter()
        .copied()
        .chain(std::iter::repeat(b'A'))
        .take(MAX_TOKEN_BYTES)
        .collect::<Vec<_>>();
    assert_ne!(kind(verifier.verify(&longest, NOW)), Some(TokenErrorKind::TooLong));
}
