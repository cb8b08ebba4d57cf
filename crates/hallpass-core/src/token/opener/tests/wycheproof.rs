//! Project Wycheproof's signed and encrypted tokens and its keys, against the opener (their
//! payloads are not claims sets). Its bare signatures are in `keys/key/tests/wycheproof.rs`.
//!
//! The files are not part of this repository: `WYCHEPROOF_DIR` names a folder that contains them.
//! Every deviation is listed here with its reason. The counts are asserted, so that a smaller file
//! or a missing check fails the test.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::*;

fn groups(file: &str) -> Vec<Value> {
    let directory = PathBuf::from(
        std::env::var_os("WYCHEPROOF_DIR")
            .expect("WYCHEPROOF_DIR must name the folder of the vectors"),
    );
    let text = fs::read_to_string(directory.join(file)).expect(file);
    let mut file: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(file["testGroups"].take()).unwrap()
}

/// Thirty-two zero bytes.
const ZERO_SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The number of cases of a file, the number of accepted ones, and the cases whose result differs
/// from the file.
#[derive(PartialEq, Eq, Debug, Default)]
struct Verdicts {
    cases: usize,
    accepted: usize,
    accepted_although_invalid: Vec<u64>,
    refused_although_valid: Vec<u64>,
}

impl Verdicts {
    fn of(file: &str, accepts: impl Fn(&Value, &Value) -> bool) -> Self {
        let mut verdicts = Self::default();
        for group in groups(file) {
            for case in group["tests"].as_array().unwrap() {
                verdicts.cases += 1;
                let accepted = accepts(&group, case);
                let valid = case["result"] == "valid";
                verdicts.accepted += usize::from(accepted);
                let id = case["tcId"].as_u64().unwrap();
                match (accepted, valid) {
                    (true, false) => verdicts.accepted_although_invalid.push(id),
                    (false, true) => verdicts.refused_although_valid.push(id),
                    _ => {}
                }
            }
        }
        verdicts
    }
}

/// Returns the key ring of a set of keys, or `None` if it is refused.
fn ring_of(group: &Value) -> Option<KeyRing> {
    let key = if group["public"].is_null() { &group["private"] } else { &group["public"] };
    if key["k"] == ZERO_SECRET {
        // A ring correctly refuses this secret. The cases with it test base64, so the key is
        // created without the check.
        let id = KeyId::parse(key["kid"].as_str().unwrap()).unwrap();
        return KeyRing::signing_with(Key::of_derived_secret(id, &[0; 32])).ok();
    }
    let set =
        if key["keys"].is_array() { key.clone() } else { serde_json::json!({ "keys": [key] }) };
    KeyRing::from_json(&set.to_string()).ok()
}

fn opens(group: &Value, case: &Value) -> bool {
    let Some(ring) = ring_of(group) else { return false };
    let id = ring.keys().next().unwrap().key().id().to_string();
    case["jws"].as_str().is_some_and(|token| open(&ring, &lenient(&id), token).is_ok())
}

#[test]
#[ignore = "reads the Wycheproof files: set WYCHEPROOF_DIR"]
fn json_web_signatures() {
    let verdicts = Verdicts::of("json_web_signature_test.json", opens);
    // Both have exactly the bytes of the valid case 357: the padding that they are named for is
    // missing.
    assert_eq!(verdicts.accepted_although_invalid, [367, 370]);
    // RS384 and other algorithms that hallpass does not have.
    let not_offered =
        [264, 265, 266, 267, 268, 269, 270, 271, 320, 321, 322, 323, 325, 326, 327, 328, 347, 351];
    let key_of_another_algorithm = [346, 350]; // a PS256 key and a PS384 token
    // A `?` inside, which the revision of RFC 8725 (3.14) refuses.
    let foreign_character = [372, 373];
    let mut expected = [&not_offered[..], &key_of_another_algorithm, &foreign_character].concat();
    expected.sort_unstable();
    assert_eq!(verdicts.refused_although_valid, expected);
    assert_eq!((verdicts.cases, verdicts.accepted), (401, 26));
}

#[test]
#[ignore = "reads the Wycheproof files: set WYCHEPROOF_DIR"]
fn json_web_keys() {
    let verdicts = Verdicts::of("json_web_key_test.json", opens);
    // A ring may hold secrets together with public keys. Each key is bound to its algorithm, so the
    // mixture is safe. `KeyRing::from_jwks` ignores secrets in a set that must be public.
    assert_eq!(verdicts.accepted_although_invalid, [1]);
    assert!(verdicts.refused_although_valid.is_empty());
    assert_eq!((verdicts.cases, verdicts.accepted), (26, 6));
}

#[test]
#[ignore = "reads the Wycheproof files: set WYCHEPROOF_DIR"]
fn json_web_crypto() {
    let verdicts = Verdicts::of("json_web_crypto_test.json", opens);
    assert_eq!(verdicts.accepted_although_invalid, [47]); // the same as case 1 of `json_web_keys`
    // Encrypted tokens, which hallpass does not have.
    assert_eq!(verdicts.refused_although_valid, [50, 67]);
    assert_eq!((verdicts.cases, verdicts.accepted), (83, 5));
}
