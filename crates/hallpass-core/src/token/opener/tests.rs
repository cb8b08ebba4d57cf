//! The signed examples of the RFCs, and the rejections of the opener.

use serde::Deserialize;

use super::*;

#[cfg(feature = "asymmetric")]
mod wycheproof;

/// RFC 7515 (A.1, A.3), RFC 7520 (4.1, 4.4) and RFC 8037 (A.4): one JSON object per line. RFC
/// 7520's other examples use algorithms, serialisations and detached contents that hallpass does
/// not have.
const EXAMPLES: &str = include_str!("../../../tests/tables/rfc_jws.jsonl");

#[derive(Deserialize)]
struct Example {
    source: String,
    key: serde_json::Value,
    token: String,
    payload: String,
}

const NOW: UnixTime = UnixTime::from_secs(0);

fn strict() -> TokenOpener {
    TokenOpener::new(TokenType::Access, "")
}

/// Returns an opener for a token without a `typ`, with or without a `kid`.
fn lenient(key_without_kid: &str) -> TokenOpener {
    let mut opener = strict();
    opener.accept_untyped();
    opener.accept_type("JWT");
    opener.set_key_without_kid(KeyId::parse(key_without_kid).unwrap());
    opener
}

fn open(ring: &KeyRing, opener: &TokenOpener, token: &str) -> Result<Vec<u8>, TokenErrorKind> {
    let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD];
    opener.open(ring, token.as_bytes(), NOW, &mut buffer).map(|(payload, _)| payload.to_vec())
}

fn ring(key: &serde_json::Value) -> KeyRing {
    KeyRing::from_json(&serde_json::json!({ "keys": [key] }).to_string()).unwrap()
}

#[test]
fn rfc_examples_verify_and_other_spellings_do_not() {
    let examples: Vec<Example> =
        EXAMPLES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(examples.len(), 5);
    for Example { source, key, token, payload } in examples {
        if cfg!(not(feature = "asymmetric")) && key["kty"] != "oct" {
            continue;
        }
        let ring = ring(&key);
        let opener = lenient(key["kid"].as_str().unwrap());
        assert_eq!(open(&ring, &opener, &token), Ok(payload.into_bytes()), "{source}");
        assert_eq!(open(&ring, &strict(), &token), Err(TokenErrorKind::Type), "{source}");
        for place in 0..token.len() {
            for other in ["", "=", " ", "\n", "."] {
                let forged = format!(
                    "{}{other}{}",
                    &token[..place],
                    &token[place + usize::from(other.is_empty())..]
                );
                assert!(open(&ring, &opener, &forged).is_err(), "{source}: {other:?} at {place}");
            }
        }
    }
}

/// RFC 7515, A.5.
#[test]
fn unsecured_jws_example_is_rejected() {
    let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    let ring = KeyRing::generate_hs256([1; 32], NOW);
    let id = ring.active().unwrap().id().as_str();
    assert_eq!(open(&ring, &lenient(id), token), Err(TokenErrorKind::Algorithm));
}

#[test]
fn key_is_not_accepted_from_its_accept_until() {
    let old = KeyRing::generate_hs256([1; 32], NOW);
    let mut token = String::from(old.active().unwrap().header(TokenType::Access));
    token.push_str("e30");
    let signature = old.active().unwrap().sign(SigningInput::Whole(token.as_bytes())).unwrap();
    token.push('.');
    base64url::encode_append(&signature, &mut token);

    let ring = old.rotated([2; 32], NOW, std::time::Duration::from_secs(900)).unwrap();
    let opener = strict();
    let at = |seconds| {
        let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD];
        opener
            .open(&ring, token.as_bytes(), UnixTime::from_secs(seconds), &mut buffer)
            .map(|(payload, _)| payload.len())
    };
    assert_eq!(at(899), Ok(2));
    assert_eq!(at(900), Err(TokenErrorKind::UnknownKey));
}

/// A smaller buffer would reject tokens of the site. A larger one would use more stack at every
/// request.
#[test]
fn payload_buffer_fits_the_longest_token_exactly() {
    let mut buffer = [MaybeUninit::uninit(); LONGEST_PAYLOAD + 1];
    let payload = base64url::decode_into(&[b'A'; MAX_TOKEN_BYTES], &mut buffer).unwrap();
    assert_eq!(payload.len(), LONGEST_PAYLOAD);
}
