//! Sends each token of core's attack corpus as a browser would. A token that the verifier rejects
//! never reaches a guarded route. The response reveals no failed check except expiry and
//! revocation.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use std::{convert::Infallible, future::ready};

use hallpass_core::{KeyRing, Verifier};
use hallpass_test_support::tokens::{SiteRole, StoppedClock, cookie};
use hallpass_tower::{AuthLayer, require_roles};
use http::{HeaderValue, Request, Response};
use serde_json::Value;
use tower::{Service, ServiceBuilder, service_fn};

#[tokio::test]
async fn each_attack_token_gets_the_expected_status() {
    let keys =
        KeyRing::from_json(include_str!("../../hallpass-core/tests/tables/attack_keys.json"))
            .unwrap();
    let verifier = Verifier::<SiteRole>::new(keys, "https://site.example", "site");
    let mut site = ServiceBuilder::new()
        .layer(AuthLayer::new(verifier).clock(StoppedClock))
        .layer(require_roles([SiteRole::Admin]))
        .service(service_fn(|_: Request<()>| {
            ready(Ok::<_, Infallible>(Response::new("in".to_owned())))
        }));

    let mut sent = 0;
    for line in include_str!("../../hallpass-core/tests/tables/attacks.jsonl").lines() {
        let attack: Value = serde_json::from_str(line).unwrap();
        let [what, token, expect] =
            ["what", "token", "expect"].map(|field| attack[field].as_str().unwrap());
        // `;` ends a cookie's value, and white space around a value is not part of it (RFC 6265
        // section 5.4), so the server would receive another token.
        let (Ok(header), true) =
            (HeaderValue::from_str(&cookie(token)), token.trim() == token && !token.contains(';'))
        else {
            continue;
        };
        let request = Request::get("/")
            .header("accept", "application/json")
            .header("cookie", header)
            .body(())
            .unwrap();
        let response = site.call(request).await.unwrap();
        let (status, shown) = match expect {
            "ok" => (200, "in"),
            "ok-without-role" => (403, "urn:hallpass:problem:role-missing"),
            "expired" => (401, "urn:hallpass:problem:expired"),
            "revoked" => (401, "urn:hallpass:problem:revoked"),
            _ => (401, "urn:hallpass:problem:signed-out"),
        };
        assert_eq!(response.status().as_u16(), status, "{what}: {expect}");
        assert!(response.body().contains(shown), "{what}: {}", response.body());
        sent += 1;
    }
    assert!(sent > 600, "{sent}");
}
