//! Sends each token of hallpass-core's attack corpus through the command. The verdicts equal those
//! of the middleware.

use serde::Deserialize;
use serde_json::Value;

use crate::command::hallpass;

#[derive(Deserialize)]
struct Attack {
    group: String,
    what: String,
    token: String,
    expect: String,
}

#[test]
fn attacks_get_the_verdicts_of_the_middleware() {
    let tables = concat!(env!("CARGO_MANIFEST_DIR"), "/../hallpass-core/tests/tables");
    let corpus = std::fs::read_to_string(format!("{tables}/attacks.jsonl")).unwrap();
    let attacks: Vec<Attack> =
        corpus.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A line feed ends the line, and a carriage return before it is removed, so such tokens cannot
    // be sent whole.
    let (broken, whole): (Vec<_>, Vec<_>) =
        attacks.iter().partition(|attack| attack.token.contains(['\n', '\r']));
    assert!(
        whole.len() >= 300 && broken.len() <= 12,
        "{} whole, {} broken",
        whole.len(),
        broken.len()
    );
    assert!(broken.iter().all(|attack| !attack.expect.starts_with("ok")));

    let input: String = whole.iter().map(|attack| format!("{}\n", attack.token)).collect();
    let keys = format!("{tables}/attack_keys.json");
    let arguments = [
        &[
            "token",
            "verify",
            "--keys",
            &keys,
            "--issuer",
            "https://site.example",
            "--audience",
            "site",
        ][..],
        &["--now", "1764000000", "--max-lifetime", "86400", "--roles", "guest,moderator,admin"],
    ];
    let outcome = hallpass(&arguments.concat(), input.as_bytes());
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
    let verdicts = outcome.json();
    assert_eq!(verdicts.len(), whole.len());
    for (Attack { group, what, expect, .. }, verdict) in whole.into_iter().zip(&verdicts) {
        assert_eq!(word(verdict), expect, "{group}: {what}: {verdict}");
    }
}

/// Returns a verdict in the terms of the corpus.
fn word(verdict: &Value) -> &str {
    match &verdict["claims"] {
        _ if verdict["ok"] != true => verdict["kind"].as_str().unwrap_or("no kind"),
        claims if claims["role"] == "admin" => "ok",
        claims
            if claims["roles"]
                .as_array()
                .is_some_and(|roles| roles.iter().any(|role| role == "admin")) =>
        {
            "ok"
        }
        claims
            if claims.get("role").is_none()
                && claims["roles"].as_array().is_none_or(Vec::is_empty) =>
        {
            "ok-without-role"
        }
        _ => "ok with another role",
    }
}
