//! The attack corpus: every token with its expected result, through the verifier and through the
//! authenticator.
//!
//! `tests/tables/attacks.jsonl` has one token per line: `group`, `what` (the attack), `token`, and
//! `expect` (the result): `ok`, `ok-without-role`, or the kind of the error. The adapters' tests
//! read the same file. The time is 1764000000 in Unix seconds, the keys are those of
//! `attack_keys.json`, the issuer is `https://site.example` and the audience is `site`. Unless the
//! row differs, a token grants `admin` and has a lifetime of 900 seconds.

use std::collections::BTreeMap;

use hallpass_core::{
    Authentication, Identity, KeyRing, RequestAuthenticator, TokenErrorKind, Verifier,
};
use serde::Deserialize;

use crate::site::{AUDIENCE, ISSUER, NOW, SiteRole};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    group: String,
    what: String,
    token: String,
    expect: String,
}

fn attacks() -> Vec<Attack> {
    let lines = include_str!("../tables/attacks.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verifier() -> Verifier<SiteRole> {
    let ring = KeyRing::from_json(include_str!("../tables/attack_keys.json")).unwrap();
    Verifier::new(ring, ISSUER, AUDIENCE)
}

fn verdict(result: Result<Identity<SiteRole>, TokenErrorKind>) -> &'static str {
    match result {
        Ok(identity) if identity.roles().contains(SiteRole::Admin) => "ok",
        Ok(identity) if identity.roles().is_empty() => "ok-without-role",
        Ok(_) => "ok with another role",
        Err(kind) => kind.as_str(),
    }
}

#[test]
fn every_attack_gets_its_expected_result() {
    let (attacks, verifier) = (attacks(), verifier());
    let mut groups = BTreeMap::<&str, usize>::new();
    let mut wrong = Vec::new();
    for Attack { group, what, token, expect } in &attacks {
        *groups.entry(group).or_default() += 1;
        let verdict = verdict(verifier.verify(token.as_bytes(), NOW).map_err(|error| error.kind()));
        if verdict != expect {
            wrong.push(format!("{group}: {what}: {verdict}, not {expect}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(attacks.len() >= 300, "{}", attacks.len());
    println!("{} tokens: {groups:?}", attacks.len());
}

#[test]
fn authenticator_agrees_with_the_verifier_on_attacks() {
    let authenticator = RequestAuthenticator::new(verifier()).bearer();
    // White space around a field's value and between scheme and token is not part of the token (RFC
    // 9110, sections 5.5 and 11.4).
    let whole = |attack: &Attack| attack.token.trim() == attack.token;
    for Attack { group, what, token, expect } in attacks().into_iter().filter(whole) {
        let header = format!("Bearer {token}");
        let caller: Authentication = authenticator.authenticate([], [header.as_bytes()], NOW);
        let logged_in = expect.starts_with("ok");
        assert_eq!(caller.identity::<SiteRole>().is_some(), logged_in, "{group}: {what}");
    }
}
