use std::time::Duration;

use super::*;
use crate::{
    keys::key_ring::KeyRing,
    revocation::list::RevocationList,
    token::{claims::Claims, issuer::Issuer, logged_in::LoggedIn},
};

#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

fn issuer() -> Issuer {
    Issuer::new(KeyRing::generate_hs256([7; 32], NOW), "https://site.example", "site")
}

fn token(issuer: &Issuer, username: &str) -> String {
    let (id, session) = (format!("id-{username}"), format!("s-{username}"));
    let claims = Claims::new(&id, 0, NOW).with_username(username).with_session(&*session);
    let who = LoggedIn::insecure_new(claims, [SiteRole::Guest, SiteRole::Admin]);
    issuer.issue(&who, NOW).unwrap().as_str().to_owned()
}

/// The result of the authenticator: a user name, or the reason for an anonymous caller, or no
/// reason.
type Seen = Result<String, Option<TokenErrorKind>>;

fn seen(
    authenticator: &RequestAuthenticator<SiteRole>,
    cookies: &[&str],
    authorization: &[&str],
) -> Seen {
    let caller = authenticator.authenticate(
        cookies.iter().map(|header| header.as_bytes()),
        authorization.iter().map(|header| header.as_bytes()),
        NOW,
    );
    caller.username().map(str::to_owned).ok_or(caller.reason())
}

#[test]
fn every_pair_of_cookie_and_bearer_has_one_result() {
    use TokenErrorKind::{Ambiguous, Malformed};
    let issuer = issuer();
    let (alice, bob) = (token(&issuer, "alice"), token(&issuer, "bob"));
    let cookie = |token: &str| format!("a=b; __Host-hallpass={token}; c=d");
    let bearer = |token: &str| format!("Bearer {token}");
    let (alice_cookie, bob_cookie) = (cookie(&alice), cookie(&bob));
    let (alice_bearer, bob_bearer) = (bearer(&alice), bearer(&bob));
    let authenticator = RequestAuthenticator::new(issuer.verifier::<SiteRole>()).bearer();
    let is = |name: &str| Ok(name.to_owned());
    let table: [(&[&str], &[&str], Seen); 21] = [
        (&[], &[], Err(None)),
        (&["a=b"], &["Basic YTpi"], Err(None)),
        (&[&alice_cookie], &[], is("alice")),
        (&[], &[&alice_bearer], is("alice")),
        (&[&alice_cookie], &[&alice_bearer], is("alice")),
        (&[&alice_cookie], &["Basic YTpi"], is("alice")),
        (&["a=b", &alice_cookie], &[], is("alice")),
        // Two tokens: neither is used.
        (&[&alice_cookie], &[&bob_bearer], Err(Some(Ambiguous))),
        (&[&bob_cookie], &[&alice_bearer], Err(Some(Ambiguous))),
        (&[&alice_cookie], &["Bearer"], Err(Some(Ambiguous))),
        (&["__Host-hallpass="], &[&alice_bearer], Err(Some(Ambiguous))),
        (&["__Host-hallpass=broken"], &[&alice_bearer], Err(Some(Ambiguous))),
        // The same name twice: in one header, in two headers, or in the other field.
        (&[&alice_cookie, &alice_cookie], &[], Err(Some(Ambiguous))),
        (&[&alice_cookie, &bob_cookie], &[&alice_bearer], Err(Some(Ambiguous))),
        (&[], &[&alice_bearer, &alice_bearer], Err(Some(Ambiguous))),
        (&[], &[&alice_bearer, "Basic YTpi"], Err(Some(Ambiguous))),
        (&[&alice_cookie], &["Basic YTpi", "Basic YTpi"], Err(Some(Ambiguous))),
        // One value that is not a valid token.
        (&["__Host-hallpass="], &[], Err(Some(Malformed))),
        (&["__Host-hallpass=\"a.b.c\""], &[], Err(Some(Malformed))),
        (&[], &["Bearer"], Err(Some(Malformed))),
        (&["__Host-hallpass=broken"], &["Bearer broken"], Err(Some(Malformed))),
    ];
    for (cookies, authorization, expected) in table {
        assert_eq!(
            seen(&authenticator, cookies, authorization),
            expected,
            "{cookies:?} {authorization:?}"
        );
    }
}

#[test]
fn bearer_scheme_is_case_insensitive_and_exact() {
    let issuer = issuer();
    let alice = token(&issuer, "alice");
    let authenticator = RequestAuthenticator::new(issuer.verifier::<SiteRole>()).bearer();
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        assert_eq!(
            seen(&authenticator, &[], &[&format!("{scheme}{alice}")]),
            Ok("alice".into()),
            "{scheme}"
        );
    }
    for scheme in [
        "",
        "Bearer",
        "Bearer\t",
        "Bearer=",
        "Bear ",
        "Token ",
        " Bearer ",
        "Bearer\u{a0}",
        "DPoP ",
    ] {
        assert_eq!(
            seen(&authenticator, &[], &[&format!("{scheme}{alice}")]),
            Err(None),
            "{scheme}"
        );
    }
    for rest in [
        format!("{alice} {alice}"),
        format!("{alice},"),
        format!("\"{alice}\""),
        format!("token={alice}"),
    ] {
        let reason = seen(&authenticator, &[], &[&format!("Bearer {rest}")]).unwrap_err();
        assert!(reason.is_some(), "{rest}");
    }
}

#[test]
fn authorization_is_ignored_unless_bearer_is_on() {
    let issuer = issuer();
    let alice = token(&issuer, "alice");
    let authenticator = RequestAuthenticator::from(issuer.verifier::<SiteRole>());
    assert!(!authenticator.accepts_bearer() && authenticator.clone().bearer().accepts_bearer());
    let (cookie, bearer) = (format!("__Host-hallpass={alice}"), format!("Bearer {alice}"));
    assert_eq!(seen(&authenticator, &[], &[&bearer]), Err(None));
    assert_eq!(
        seen(&authenticator, &[&cookie], &["Bearer other", "Bearer third"]),
        Ok("alice".into())
    );
}

#[test]
fn access_cookie_name_comes_from_the_settings() {
    let issuer = issuer();
    let alice = token(&issuer, "alice");
    let settings = CookieSettings::builder().access_name("token").build().unwrap();
    let authenticator = RequestAuthenticator::new(issuer.verifier::<SiteRole>()).cookies(&settings);
    assert_eq!(seen(&authenticator, &[&format!("token={alice}")], &[]), Ok("alice".into()));
    assert_eq!(seen(&authenticator, &[&format!("__Host-hallpass={alice}")], &[]), Err(None));
    assert_eq!(
        seen(&authenticator, &[&format!("__Host-hallpass={alice}; token={alice}")], &[]),
        Ok("alice".into())
    );
}

#[test]
fn authenticator_keeps_the_verifiers_reason() {
    let revocations = RevocationList::new();
    let issuer = issuer();
    let authenticator =
        RequestAuthenticator::new(issuer.verifier::<SiteRole>().revocation(revocations.clone()));
    let cookie = format!("__Host-hallpass={}", token(&issuer, "alice"));
    assert_eq!(seen(&authenticator, &[&cookie], &[]), Ok("alice".into()));

    let late = authenticator.authenticate(
        [cookie.as_bytes()],
        [],
        NOW.saturating_add(Duration::from_secs(900)),
    );
    assert_eq!(late.reason(), Some(TokenErrorKind::Expired));
    revocations.end_session("s-alice", NOW.saturating_add(Duration::from_secs(900)));
    assert_eq!(seen(&authenticator, &[&cookie], &[]), Err(Some(TokenErrorKind::Revoked)));
    let long = format!("__Host-hallpass={}", "a".repeat(1 << 20));
    assert_eq!(seen(&authenticator, &[&long], &[]), Err(Some(TokenErrorKind::TooLong)));
    assert!(!format!("{authenticator:?}").contains("alice"));
}
