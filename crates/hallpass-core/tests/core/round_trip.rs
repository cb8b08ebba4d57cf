//! Issued tokens verify to the same claims, with every algorithm.

use std::time::Duration;

use hallpass_core::{
    Claims, EnrolmentPending, IssueError, KeyRing, LoggedIn, Methods, MfaPending, RoleSet,
    TokenErrorKind, UnixTime, Verifier,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::site::{AUDIENCE, ISSUER, NOW, SIGNING, SiteRole, alice, issuer, ring};

#[test]
fn every_algorithm_signs_what_it_verifies() {
    for algorithm in SIGNING {
        let issuer = issuer(ring(algorithm));
        let token = issuer.issue(&alice(), NOW).unwrap();
        let identity =
            issuer.verifier::<SiteRole>().verify(token.as_str().as_bytes(), NOW).unwrap();
        assert_eq!(identity.username(), "alice", "{algorithm}");
        assert_eq!(identity.user_id(), "17");
        assert_eq!(identity.roles(), RoleSet::from([SiteRole::Admin]));
        assert_eq!(identity.generation(), 3);
        assert_eq!(identity.session(), Some("s-1"));
        assert_eq!(identity.issued_at(), Some(NOW));
        assert_eq!(identity.authenticated_at(), Some(NOW));
        assert_eq!(identity.expires_at(), NOW.saturating_add(Duration::from_secs(900)));
        assert!(identity.methods().includes_second_factor());
    }
}

#[test]
fn claims_are_written_in_the_contract_order() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let token = issuer.issue(&alice(), NOW).unwrap();
    let verifier = issuer.verifier::<SiteRole>();
    let read = |claims: &Claims<'_>, json: &str| (claims.roles::<SiteRole>(), json.to_owned());
    let (roles, json) = verifier.claims(token.as_str().as_bytes(), NOW, read).unwrap();
    assert_eq!(roles, RoleSet::from(SiteRole::Admin));
    assert_eq!(
        json,
        concat!(
            r#"{"iss":"https://site.example","aud":"site","sub":"alice","user_id":"17","role":"admin","iat":1764000000,"#,
            r#""exp":1764000900,"auth_time":1764000000,"amr":["pwd","otp"],"sid":"s-1","gen":3}"#
        )
    );
}

#[test]
fn one_changed_bit_rejects_the_token() {
    for algorithm in SIGNING {
        let issuer = issuer(ring(algorithm));
        let verifier = issuer.verifier::<SiteRole>();
        let token = issuer.issue(&alice(), NOW).unwrap();
        let token = token.as_str().as_bytes();
        for place in 0..token.len() {
            let mut forged = token.to_vec();
            forged[place] ^= 1;
            assert!(verifier.verify(&forged, NOW).is_err(), "{algorithm}: byte {place}");
        }
        for length in 0..token.len() {
            assert!(
                verifier.verify(&token[..length], NOW).is_err(),
                "{algorithm}: cut to {length}"
            );
        }
    }
}

#[test]
fn each_token_kind_is_accepted_only_as_its_kind() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let pending = issuer.issue(&Claims::<MfaPending>::new("17", 3, NOW), NOW).unwrap();
    let bytes = pending.as_str().as_bytes();
    let opened = issuer.verify::<MfaPending>(bytes, NOW).unwrap();
    assert_eq!(
        (opened.user_id(), opened.generation(), opened.authenticated_at()),
        ("17", 3, Some(NOW))
    );
    assert_eq!(
        (opened.username(), opened.session(), opened.roles::<SiteRole>()),
        ("17", None, RoleSet::EMPTY)
    );
    assert_eq!(pending.expires_at(), NOW.saturating_add(Duration::from_secs(300)));
    let late = issuer.verify::<MfaPending>(bytes, pending.expires_at());
    assert_eq!(late.unwrap_err().kind(), TokenErrorKind::Expired);

    let enrolment = issuer
        .issue(&Claims::<EnrolmentPending>::new("17", 3, NOW).with_session("e-1"), NOW)
        .unwrap();
    let opened = issuer.verify::<EnrolmentPending>(enrolment.as_str().as_bytes(), NOW).unwrap();
    assert_eq!((opened.user_id(), opened.generation(), opened.session()), ("17", 3, Some("e-1")));
    assert_eq!(enrolment.expires_at(), NOW.saturating_add(Duration::from_secs(900)));

    for other in [bytes, enrolment.as_str().as_bytes()] {
        let verifier = issuer.verifier::<SiteRole>().accept_type("hallpass-enrolment+jwt");
        assert_eq!(
            verifier.verify(other, NOW).unwrap_err().kind(),
            TokenErrorKind::Type,
            "no other kind is an access token"
        );
        assert_eq!(issuer.verify::<MfaPending>(other, NOW).is_ok(), other == bytes);
        assert_eq!(
            issuer.verify::<EnrolmentPending>(other, NOW).is_ok(),
            other == enrolment.as_str().as_bytes()
        );
    }

    let lenient =
        issuer.verifier::<SiteRole>().accept_type("hallpass-pending+jwt").insecure_accept_untyped();
    assert_eq!(lenient.verify(bytes, NOW).unwrap_err().kind(), TokenErrorKind::Type);
    let access = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(
        issuer.verify::<MfaPending>(access.as_str().as_bytes(), NOW).unwrap_err().kind(),
        TokenErrorKind::Type
    );
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Tenant {
    tenant: String,
    seats: Vec<u32>,
}

#[test]
fn application_claims_are_read_with_ours() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let own = Tenant { tenant: "acme \"north\"".to_owned(), seats: vec![1, 2] };
    let token = issuer.issue_with(&alice(), &own, NOW).unwrap();
    let verifier = issuer.verifier::<SiteRole>().with_claims::<Tenant>();
    let identity = verifier.verify(token.as_str().as_bytes(), NOW).unwrap();
    assert_eq!(identity.claims::<Tenant>(), Some(&own));
    assert_eq!(identity.claims::<String>(), None);

    let plain = issuer.issue(&alice(), NOW).unwrap();
    assert_eq!(
        verifier.verify(plain.as_str().as_bytes(), NOW).unwrap_err().kind(),
        TokenErrorKind::Claims
    );
    let without = issuer.verifier::<SiteRole>().verify(token.as_str().as_bytes(), NOW).unwrap();
    assert_eq!(without.claims::<Tenant>(), None);
}

#[test]
fn own_claims_cannot_use_reserved_names() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let refused = |own: serde_json::Value| issuer.issue_with(&alice(), &own, NOW).unwrap_err();
    assert_eq!(refused(serde_json::json!({"role": "admin"})), IssueError::ReservedClaim("role"));
    assert_eq!(refused(serde_json::json!({"nbf": 0})), IssueError::ReservedClaim("nbf"));
    assert_eq!(refused(serde_json::json!(["role"])), IssueError::OwnClaimsNotAnObject);
    assert!(matches!(
        refused(serde_json::json!({"x": "y".repeat(4000)})),
        IssueError::TooLong { .. }
    ));
}

#[test]
fn own_claims_that_a_verifier_rejects_are_not_signed() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let verifier = issuer.verifier::<SiteRole>();
    let accepted = |own: &serde_json::Value| match issuer.issue_with(&alice(), own, NOW) {
        Ok(token) => {
            assert!(
                verifier.verify(token.as_str().as_bytes(), NOW).is_ok(),
                "signed and then rejected: {own}"
            );
            true
        }
        Err(error) => {
            assert_eq!(error, IssueError::OwnClaimsUnreadable);
            let shown = error.to_string();
            assert!(shown.contains("16 levels") && shown.contains("256 members"), "{shown}");
            false
        }
    };
    let nested =
        |depth: usize| (0..depth).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let depths: Vec<bool> =
        (0..40).map(|depth| accepted(&serde_json::json!({"deep": nested(depth)}))).collect();
    assert_eq!((depths[0], depths[39]), (true, false));
    let wide = |members: usize| (0..members).map(|at| (format!("m{at}"), at.into())).collect();
    let widths: Vec<bool> =
        (0..270).map(|members| accepted(&serde_json::Value::Object(wide(members)))).collect();
    assert_eq!((widths[0], widths[269]), (true, false));
}

proptest! {
    /// The token has the account's name unchanged, or it is not issued.
    #[test]
    fn any_account_name_round_trips_or_is_not_issued(
        username in "\\PC{0,40}|.{0,40}", user_id in ".{0,40}", session in ".{0,40}", generation: u32, bits in 0_usize..8, issued in 0_u64..253_402_200_000,
    ) {
        let now = UnixTime::from_secs(issued);
        let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
        let roles: RoleSet<SiteRole> = [SiteRole::Guest, SiteRole::Moderator, SiteRole::Admin].into_iter()
            .enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, role)| role).collect();
        let claims = Claims::new(&user_id, generation, now).with_username(&username).with_session(&*session).with_methods(Methods::NONE);
        let who = LoggedIn::insecure_new(claims, roles);
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte >= 0x20 && byte != 0x7f);
        match issuer.issue(&who, now) {
            Ok(token) => {
                let identity = Verifier::<SiteRole>::new(issuer.keys().clone(), ISSUER, AUDIENCE).verify(token.as_str().as_bytes(), now).unwrap();
                prop_assert_eq!(identity.username(), username);
                prop_assert_eq!(identity.user_id(), user_id);
                prop_assert_eq!(identity.session(), Some(&*session));
                prop_assert_eq!(identity.generation(), generation);
                prop_assert_eq!(identity.roles(), roles);
            }
            Err(error) => {
                prop_assert_eq!(error, IssueError::NotPlain);
                prop_assert!(!(plain(&username) && plain(&user_id) && plain(&session)));
            }
        }
    }
}

#[test]
fn debug_shows_no_token() {
    let issuer = issuer(KeyRing::generate_hs256([1; 32], NOW));
    let token = issuer.issue(&alice(), NOW).unwrap();
    let pending = issuer.issue(&Claims::<MfaPending>::new("17", 3, NOW), NOW).unwrap();
    let identity = issuer.verifier::<SiteRole>().verify(token.as_str().as_bytes(), NOW).unwrap();
    let shown = format!("{token:?}{pending:?}{identity:?}{issuer:?}{:?}", alice());
    let secret = issuer.keys().current().to_json();
    let secret = secret.split("\"k\":\"").nth(1).unwrap().split('"').next().unwrap();
    for hidden in token.as_str().split('.').chain(pending.as_str().split('.')).chain([secret]) {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
