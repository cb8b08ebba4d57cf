//! Sends each token of core's attack corpus through axum and actix-web, in a cookie, as a browser
//! does. A token that the verifier rejects must not reach a guarded route. The tests of
//! hallpass-tower send the corpus through the bare layers.

use actix_web::{App, test::init_service, web};
use axum::{Router, body::Body, routing::get};
use hallpass_conformance::{COOKIE, Sent, SiteRole, json_request};
use hallpass_core::{Clock, KeyRing, UnixTime, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use serde_json::Value;
use tower::ServiceExt;

use crate::{actix_stack, tower_stack};

const CORPUS: &str = include_str!("../../../../hallpass-core/tests/tables/attacks.jsonl");
const KEYS: &str = include_str!("../../../../hallpass-core/tests/tables/attack_keys.json");

/// The time for which the corpus is written.
#[derive(Clone, Copy)]
struct Then;

impl Clock for Then {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(1_764_000_000)
    }
}

fn verifier() -> Verifier<SiteRole> {
    Verifier::new(
        KeyRing::from_json(KEYS).expect("the keys of the corpus are valid"),
        "https://site.example",
        "site",
    )
}

/// Returns the requests, each with its description and its expected status.
fn attacks() -> Vec<(String, Sent, u16)> {
    let attacks = CORPUS.lines().filter_map(|line| {
        let attack: Value = serde_json::from_str(line).expect("the line is JSON");
        let [what, token, expect] = ["what", "token", "expect"]
            .map(|field| attack[field].as_str().expect("the field is text").to_owned());
        // A token cannot be sent in a cookie if it contains a character that ends the value, or if
        // it begins or ends with white space.
        let sendable = token.bytes().all(|byte| (0x20..0x7f).contains(&byte))
            && token.trim() == token
            && !token.contains(';');
        let status = match expect.as_str() {
            "ok" => 200,
            "ok-without-role" => 403,
            _ => 401,
        };
        let mut sent = json_request("GET", "/");
        sent.headers.push(("cookie".to_owned(), format!("{COOKIE}={token}").into()));
        sendable.then_some((what, sent, status))
    });
    let attacks: Vec<_> = attacks.collect();
    assert!(attacks.len() > 600, "{}", attacks.len());
    attacks
}

#[actix_web::test]
async fn over_actix() {
    let guarded =
        web::resource("/").wrap(hallpass_actix::require_roles([SiteRole::Admin])).to(async || "in");
    let app = init_service(
        App::new().service(guarded).wrap(hallpass_actix::AuthLayer::new(verifier()).clock(Then)),
    )
    .await;
    for (what, sent, status) in attacks() {
        let answer =
            actix_web::test::call_service(&app, actix_stack::request(&sent).to_request()).await;
        assert_eq!(answer.status().as_u16(), status, "{what}");
    }
}

#[tokio::test]
async fn over_axum() {
    let guarded = get(async || "in").route_layer(require_roles([SiteRole::Admin]));
    let app: Router =
        Router::new().route("/", guarded).layer(AuthLayer::new(verifier()).clock(Then));
    for (what, sent, status) in attacks() {
        let answer = app
            .clone()
            .oneshot(tower_stack::request(&sent, Body::empty()))
            .await
            .expect("infallible");
        assert_eq!(answer.status().as_u16(), status, "{what}");
    }
}
