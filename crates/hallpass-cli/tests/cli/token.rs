//! `hallpass token`.

use serde_json::{Value, json};

use hallpass_test_support::scratch::Scratch;

use crate::command::{Outcome, hallpass};

const NOW: &str = "1764000000";

/// Creates a key ring, and returns arguments with its file, the issuer and the audience.
fn site(directory: &Scratch, alg: &str) -> Vec<String> {
    let path = directory.argument(&format!("{alg}.json"));
    assert_eq!(
        hallpass(&["keys", "new", "--alg", alg, "--out", &path, "--now", NOW], b"").code,
        Some(0)
    );
    ["--keys", &path, "--issuer", "https://site.example", "--audience", "site"]
        .map(str::to_owned)
        .to_vec()
}

fn run(verb: &str, site: &[String], more: &[&str], input: &[u8]) -> Outcome {
    let mut arguments = vec!["token", verb];
    arguments.extend(site.iter().map(String::as_str));
    arguments.extend(more);
    hallpass(&arguments, input)
}

fn sign(site: &[String], more: &[&str]) -> String {
    let signed = run(
        "sign",
        site,
        &[&["--sub", "alice", "--user-id", "17", "--now", NOW], more].concat(),
        b"",
    );
    assert_eq!(signed.code, Some(0), "{}", signed.err);
    signed.out.trim_end().to_owned()
}

#[test]
fn signed_token_verifies_with_the_public_key_alone() {
    let directory = Scratch::new();
    for alg in ["EdDSA", "ES256", "ES384"] {
        let site = site(&directory, alg);
        let token = sign(&site, &["--roles", "admin,moderator", "--amr", "pwd,otp", "--gen", "3"]);
        let jwks = directory.file(
            &format!("{alg}-jwks.json"),
            &hallpass(&["keys", "jwks", "--keys", &site[1]], b"").out,
        );
        let public = [&["--keys".to_owned(), jwks], &site[2..]].concat();
        let verdicts =
            run("verify", &public, &["--now", NOW, "--alg", alg], token.as_bytes()).json();
        assert_eq!(verdicts[0]["ok"], true, "{alg}: {}", verdicts[0]);
        let claims = &verdicts[0]["claims"];
        assert_eq!(
            (&claims["sub"], &claims["user_id"], &claims["gen"]),
            (&json!("alice"), &json!("17"), &json!(3))
        );
        assert_eq!(claims["roles"], json!(["admin", "moderator"]));
        assert_eq!(claims["amr"], json!(["pwd", "otp"]));
    }
}

#[test]
fn verify_prints_one_verdict_per_line_for_any_content() {
    let directory = Scratch::new();
    let site = site(&directory, "HS256");
    let token = sign(&site, &["--roles", "admin"]);
    let mut input = Vec::new();
    for line in
        [token.as_bytes(), b"", b"\xff\xfe", b"a.b.c", &vec![b'x'; 1 << 20], token.as_bytes()]
    {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    let outcome = run("verify", &site, &["--now", NOW], &input);
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
    let kinds: Vec<Value> = outcome
        .json()
        .iter()
        .map(|verdict| verdict.get("kind").cloned().unwrap_or_default())
        .collect();
    assert_eq!(
        kinds,
        [
            json!(null),
            json!("malformed"),
            json!("malformed"),
            json!("malformed"),
            json!("too-long"),
            json!(null)
        ]
    );
    assert_eq!(run("verify", &site, &["--now", NOW, "--fail"], &input).code, Some(1));
    assert_eq!(run("verify", &site, &["--now", NOW, "--fail"], token.as_bytes()).code, Some(0));
    let empty = run("verify", &site, &["--now", NOW, "--fail"], b"");
    assert_eq!(empty.code, Some(2), "no token was verified");
    assert!(empty.err.contains("standard input has no token"), "{}", empty.err);
    assert_eq!(run("verify", &site, &["--now", NOW], b"").code, Some(0));
}

#[test]
fn each_verify_option_rejects_other_tokens() {
    let directory = Scratch::new();
    let site = site(&directory, "HS256");
    let token = sign(&site, &["--roles", "admin"]);
    let kind = |site: &[String], more: &[&str]| {
        let verdict = run("verify", site, more, token.as_bytes()).json().remove(0);
        verdict.get("kind").and_then(Value::as_str).unwrap_or("ok").to_owned()
    };
    let named = |issuer: &str, audience: &str| {
        [&site[..2], &["--issuer", issuer, "--audience", audience].map(str::to_owned)].concat()
    };
    assert_eq!(kind(&site, &["--now", NOW]), "ok");
    assert_eq!(kind(&site, &["--now", "1764000899"]), "ok");
    assert_eq!(kind(&site, &["--now", "1764000900"]), "expired");
    assert_eq!(kind(&site, &["--now", "1763999940"]), "ok");
    assert_eq!(kind(&site, &["--now", "1763999939"]), "not-yet-valid");
    assert_eq!(kind(&site, &["--now", NOW, "--max-lifetime", "899"]), "lifetime-too-long");
    assert_eq!(kind(&site, &["--now", NOW, "--require", "sid,gen"]), "ok");
    assert_eq!(kind(&site, &["--now", NOW, "--require", "sid,email"]), "claims");
    assert_eq!(kind(&named("https://other.example", "site"), &["--now", NOW]), "issuer");
    assert_eq!(kind(&named("https://site.example", "other"), &["--now", NOW]), "audience");
    assert_eq!(kind(&site, &["--now", NOW, "--alg", "HS256"]), "ok");
}

#[test]
fn unknown_roles_are_not_shown() {
    let directory = Scratch::new();
    let site = site(&directory, "HS256");
    let claims = |roles: &str| {
        let token = sign(&site, &["--roles", roles]);
        run("verify", &site, &["--now", NOW, "--roles", "guest,admin"], token.as_bytes())
            .json()
            .remove(0)["claims"]
            .clone()
    };
    assert_eq!(claims("admin")["role"], "admin");
    assert_eq!(claims("Admin").get("role"), None);
    assert_eq!(claims("admin,root")["roles"], json!(["admin"]));
}

#[test]
fn own_claims_never_replace_the_reserved_claims() {
    let directory = Scratch::new();
    let site = site(&directory, "HS256");
    let own = directory.file("own.json", r#"{"tenant":"blue"}"#);
    let token = sign(&site, &["--claims", &own]);
    let verdict = run("verify", &site, &["--now", NOW], token.as_bytes()).json().remove(0);
    assert_eq!(verdict["claims"]["tenant"], "blue");

    let forged = directory.file("forged.json", r#"{"role":"admin"}"#);
    let refused = run("sign", &site, &["--sub", "eve", "--user-id", "6", "--claims", &forged], b"");
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
}

#[test]
fn inspect_output_is_marked_as_not_verified() {
    let directory = Scratch::new();
    let token = sign(&site(&directory, "HS256"), &[]);
    let shown = hallpass(&["token", "inspect"], format!("{token}\nnonsense\n").as_bytes()).json();
    assert_eq!(
        (&shown[0]["verified"], &shown[0]["claims"]["sub"]),
        (&json!(false), &json!("alice"))
    );
    assert_eq!(shown[0]["header"]["typ"], "hallpass+jwt");
    assert_eq!(shown[1], json!({ "verified": false, "kind": "malformed" }));
}

#[test]
fn key_errors_are_one_line_without_secrets() {
    let directory = Scratch::new();
    let names = ["--issuer", "i", "--audience", "a"];
    for (content, word) in [
        ("{", "JSON"),
        (r#"{"keys":[]}"#, "no usable key"),
        (r#"{"keys":[{"kty":"oct","kid":"k","k":"c2hvcnQ"}]}"#, "32"),
    ] {
        let path = directory.file("bad.json", content);
        let refused =
            hallpass(&[&["token", "verify", "--keys", &path], &names[..]].concat(), b"x\n");
        assert_eq!(
            (refused.code, refused.err.lines().count()),
            (Some(2), 1),
            "{content}: {}",
            refused.err
        );
        assert!(refused.err.contains(word), "{content}: {}", refused.err);
        assert!(!refused.err.contains("c2hvcnQ"), "a secret in an error: {}", refused.err);
    }
    let missing =
        hallpass(&[&["token", "verify", "--keys", "no-such-file"], &names[..]].concat(), b"");
    assert_eq!((missing.code, missing.err.lines().count()), (Some(2), 1), "{}", missing.err);
}
