//! `hallpass totp`, tested with RFC 6238 appendix B.

use serde_json::json;

use hallpass_test_support::scratch::Scratch;

use crate::command::hallpass;

/// Base32 of the RFC's secrets, "12345678901234567890" and its continuations.
const SHA1: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SHA256: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
const SHA512: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";

#[test]
fn codes_match_rfc_6238() {
    let rows = [
        (SHA1, "sha1", "59", "94287082"),
        (SHA256, "sha256", "1111111109", "68084774"),
        (SHA512, "sha512", "20000000000", "47863826"),
    ];
    for (secret, algorithm, now, code) in rows {
        let arguments = [
            "totp",
            "code",
            "--secret",
            "-",
            "--digits",
            "8",
            "--algorithm",
            algorithm,
            "--now",
            now,
        ];
        assert_eq!(
            hallpass(&arguments, secret.as_bytes()).out,
            format!("{code}\n"),
            "{algorithm} at {now}"
        );
    }
}

#[test]
fn verify_checks_the_code_and_returns_its_step() {
    let directory = Scratch::new();
    let secret = directory.file("secret", SHA1);
    let check = |code: &str, now: &str, skew: &str| {
        let arguments = [
            "--json", "totp", "verify", "--secret", &secret, "--digits", "8", "--skew", skew,
            "--now", now,
        ];
        let outcome = hallpass(&arguments, code.as_bytes());
        (outcome.code, outcome.json().remove(0))
    };
    assert_eq!(check("94287082\n", "59", "0"), (Some(0), json!({ "ok": true, "time_step": 1 })));
    assert_eq!(check("94287082", "60", "1"), (Some(0), json!({ "ok": true, "time_step": 1 })));
    assert_eq!(check("94287082", "60", "0"), (Some(1), json!({ "ok": false })));
    assert_eq!(check("94287083", "59", "1"), (Some(1), json!({ "ok": false })));
}

#[test]
fn link_of_a_new_secret_produces_its_codes() {
    let made =
        hallpass(&["--json", "totp", "new", "--issuer", "A site", "--account", "alice"], b"")
            .json()
            .remove(0);
    let (secret, uri) = (made["secret"].as_str().unwrap(), made["otpauth_uri"].as_str().unwrap());
    assert_eq!(secret.len(), 32, "160 bits in base32");
    let code = |input: &str| {
        hallpass(&["totp", "code", "--secret", "-", "--now", "59"], input.as_bytes()).out
    };
    assert_eq!(code(secret), code(uri));
    let other =
        hallpass(&["--json", "totp", "new", "--issuer", "A site", "--account", "alice"], b"")
            .json()
            .remove(0);
    assert_ne!(other["secret"], made["secret"]);
}

#[test]
fn secrets_of_80_bits_need_the_option() {
    let old = "GEZDGNBVGY3TQOJQ";
    for input in [old.to_owned(), format!("otpauth://totp/A:b?secret={old}&issuer=A")] {
        let refused = hallpass(&["totp", "code", "--secret", "-", "--now", "59"], input.as_bytes());
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{input}");
        let arguments = ["totp", "code", "--accept-80-bits", "--secret", "-", "--now", "59"];
        let code = hallpass(&arguments, input.as_bytes());
        assert_eq!((code.code, code.out.trim().len()), (Some(0), 6), "{input}");
    }
}

#[test]
fn a_colon_in_the_label_of_a_new_secret_is_rejected() {
    for (issuer, account) in [("A: site", "alice"), ("A site", "site:alice")] {
        let arguments = ["totp", "new", "--issuer", issuer, "--account", account];
        let refused = hallpass(&arguments, b"");
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{issuer} {account}");
        assert!(refused.err.contains("colon"), "{}", refused.err);
    }
}

#[test]
fn invalid_secrets_are_rejected() {
    for input in ["", "not base32!", "MFRGG"] {
        let refused = hallpass(&["totp", "code", "--secret", "-"], input.as_bytes());
        assert_eq!(
            (refused.code, refused.out.as_str(), refused.err.lines().count()),
            (Some(2), "", 1),
            "{input}"
        );
    }
}
