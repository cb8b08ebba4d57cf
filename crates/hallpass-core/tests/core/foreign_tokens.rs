//! Tokens of another issuer: access tokens of RFC 9068, tokens without `user_id`, and the other
//! tokens of an OpenID provider, which must not pass.

use hallpass_core::{Identity, TokenError, TokenErrorKind, Verifier};
use serde_json::{Value, json};

use crate::site::{AUDIENCE, HEADER, ISSUER, NOW, SiteRole, token, verifier};

const AT_JWT: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#;

/// The claims of RFC 9068 section 2.2.
fn access_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "5f0a552e67", "client_id": "s6BhdRkqt3",
        "iat": 1_764_000_000, "exp": 1_764_000_900, "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
        "scope": "openid profile", "roles": ["admin", "other"], "acr": "1",
    })
}

fn verdict(
    verifier: &Verifier<SiteRole>,
    header: &str,
    claims: &Value,
) -> Result<Identity<SiteRole>, TokenErrorKind> {
    verifier.verify(&token(header, &claims.to_string()), NOW).map_err(TokenError::kind)
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = access_claims();
    claims[name] = value;
    claims
}

#[test]
fn rfc_9068_token_is_accepted_only_with_its_setting() {
    let claims = access_claims();
    let foreign = verifier().accept_rfc9068();
    for typ in ["at+jwt", "application/at+jwt"] {
        let header = AT_JWT.replace("at+jwt", typ);
        let identity = verdict(&foreign, &header, &claims).unwrap();
        assert_eq!((identity.user_id(), identity.username()), ("5f0a552e67", "5f0a552e67"));
        assert!(identity.roles().contains(SiteRole::Admin));
        assert_eq!(verdict(&verifier(), &header, &claims).unwrap_err(), TokenErrorKind::Type);
        let of_type = verifier().accept_type(typ);
        assert_eq!(verdict(&of_type, &header, &claims).unwrap_err(), TokenErrorKind::Claims);
        let from_sub = verifier().user_id_from_sub();
        assert_eq!(verdict(&from_sub, &header, &claims).unwrap_err(), TokenErrorKind::Type);
        assert!(verdict(&from_sub.accept_type(typ), &header, &claims).is_ok());
    }
}

#[test]
fn other_tokens_of_the_provider_are_rejected_by_their_type() {
    let foreign = verifier().accept_rfc9068();
    for typ in [
        Some("JWT"),
        Some("jwt"),
        Some("AT+JWT"),
        Some("at+jwt "),
        Some("logout+jwt"),
        Some(""),
        Some("dpop+jwt"),
        Some("secevent+jwt"),
        Some("hallpass-pending+jwt"),
        Some("hallpass-enrolment+jwt"),
        Some("token-introspection+jwt"),
        None,
    ] {
        let header = match typ {
            Some(typ) => AT_JWT.replace("at+jwt", typ),
            None => AT_JWT.replace(r#""typ":"at+jwt","#, ""),
        };
        let verdict = verdict(&foreign, &header, &access_claims());
        assert_eq!(verdict.map(drop), Err(TokenErrorKind::Type), "{typ:?}");
    }
}

/// A provider that writes `JWT` into every kind: the claims show the kind.
#[test]
fn id_and_logout_tokens_of_an_untyped_provider_are_rejected() {
    let header = AT_JWT.replace("at+jwt", "JWT");
    let foreign = verifier().accept_type("JWT").user_id_from_sub();
    assert!(verdict(&foreign, &header, &access_claims()).is_ok());
    for (name, value) in [
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        ("c_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        ("s_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
        ("nonce", json!(null)),
    ] {
        for verifier in [foreign.clone(), verifier().accept_rfc9068().accept_type("JWT")] {
            let verdict = verdict(&verifier, &header, &with(name, value.clone()));
            assert_eq!(verdict.map(drop), Err(TokenErrorKind::Type), "{name}");
        }
    }
    // These are own claims of a site on hallpass.
    let mut own = with("nonce", json!("x"));
    own["user_id"] = json!("17");
    assert!(verdict(&verifier(), HEADER, &own).is_ok());
}

#[test]
fn user_id_is_taken_from_sub_only_where_it_is_absent() {
    let foreign = verifier().accept_rfc9068();
    let user_id = |claims: &Value| {
        verdict(&foreign, AT_JWT, claims).map(|identity| identity.user_id().to_owned())
    };
    assert_eq!(user_id(&with("user_id", json!("17"))), Ok("17".to_owned()));
    for wrong in [json!(null), json!(17), json!(""), json!(["17"]), json!({}), json!(true)] {
        assert_eq!(
            user_id(&with("user_id", wrong.clone())),
            Err(TokenErrorKind::Claims),
            "{wrong}"
        );
        assert_eq!(user_id(&with("sub", wrong.clone())), Err(TokenErrorKind::Claims), "{wrong}");
    }
    for required in ["iss", "aud", "sub", "exp"] {
        let mut claims = access_claims();
        claims.as_object_mut().unwrap().remove(required);
        assert_eq!(user_id(&claims), Err(TokenErrorKind::Claims), "{required}");
    }
    assert_eq!(user_id(&with("iss", json!("https://other.example"))), Err(TokenErrorKind::Issuer));
    assert_eq!(
        user_id(&with("aud", json!(["orders", "s6BhdRkqt3"]))),
        Err(TokenErrorKind::Audience)
    );
    assert!(user_id(&with("aud", json!(["orders", AUDIENCE]))).is_ok());
    // A token of hallpass itself has a `user_id`, so the setting does not change it.
    let own = r#"{"iss":"https://site.example","aud":"site","sub":"alice","user_id":"17","exp":1764000900}"#;
    let own: Value = serde_json::from_str(own).unwrap();
    assert_eq!(verdict(&foreign, HEADER, &own).unwrap().user_id(), "17");
}
