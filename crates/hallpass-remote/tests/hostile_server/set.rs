//! The sets, as bodies of a correct response.

use hallpass_core::{Algorithm, KeyRing, UnixTime};

use crate::{Row, Verdict, behaviour::Behaviour};

/// Keys that are ignored, and that must not make the rest of a set unusable.
pub(crate) const UNUSABLE: [&str; 8] = [
    r#"{"kty":"EC","crv":"P-521","kid":"x","x":"AA","y":"AA"}"#,
    r#"{"kty":"AKP","alg":"ML-DSA-44","kid":"x","pub":"AA"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","kid":"x","x":"AA"}"#,
    r#"{"kty":"oct","kid":"x","k":"AA"}"#,
    r#"{"kty":"RSA","kid":"x","n":"AA","e":"AQAB"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","kid":"a b","x":"AA"}"#,
    r#"{"kid":7}"#,
    "null",
];

/// The public Ed25519 key of this seed, as a JWK.
pub(crate) fn key(kid: &str, seed: u8) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}"#, point(seed))
}

pub(crate) fn of(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn member(seed: u8, name: &str) -> String {
    let ring = KeyRing::generate(Algorithm::EdDsa, [seed; 32], UnixTime::from_secs(0)).unwrap();
    let set: serde_json::Value = serde_json::from_str(&ring.to_json()).unwrap();
    set["keys"][0][name].as_str().unwrap().to_owned()
}

fn point(seed: u8) -> String {
    member(seed, "x")
}

/// A modulus of this many bytes, each `0xff`.
fn modulus(bytes: usize) -> String {
    "_".repeat(bytes / 3 * 4) + ["", "_w", "__8"][bytes % 3]
}

/// A set of a key that is ignored, and a usable one.
fn ignored(name: &'static str, unusable: impl Into<String>) -> Row {
    let keys = [unusable.into(), key("new", 2)];
    Row { name, behaviour: Behaviour::json(of(&keys)), verdict: Verdict::Ignored }
}

fn kept(name: &'static str, body: impl Into<Vec<u8>>) -> Row {
    Row::kept(name, Behaviour::json(body))
}

pub(crate) fn rows() -> Vec<Row> {
    let of_rsa = |n: &str, rest: &str| format!(r#"{{"kty":"RSA","kid":"x","n":"{n}",{rest}}}"#);
    let of_okp = |x: &str, rest: &str| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"x","x":"{x}"{rest}}}"#)
    };
    let whole = modulus(256);
    let (deep, nested) = ("[".repeat(10_000), "]".repeat(10_000));
    let many =
        |count: u8| of(&(0..count).map(|seed| key(&seed.to_string(), seed)).collect::<Vec<_>>());
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(of(&[key("new", 2)]).encode_utf16().flat_map(u16::to_le_bytes));
    let private = of_okp(&point(3), &format!(r#","d":"{}""#, member(3, "d")));
    let mut rows = vec![
        Row::used("one key", Behaviour::json(of(&[key("new", 2)])), &["new"]),
        Row::used(
            "two keys",
            Behaviour::json(of(&[key("new", 2), key("newer", 3)])),
            &["new", "newer"],
        ),
        Row::used(
            "other members of the set and of a key",
            Behaviour::json(format!(
                r#"{{"more":{{"keys":[]}},"keys":[{}]}}"#,
                key("new", 2).replace("{\"kty\"", "{\"x5c\":[\"MII\"],\"ext\":true,\"kty\"")
            )),
            &["new"],
        ),
        Row::used(
            "the same key twice",
            Behaviour::json(of(&[key("new", 2), key("new", 2)])),
            &["new"],
        ),
        Row::used(
            "128 keys of different names, of which one is usable",
            Behaviour::json(of(&(0..127)
                .map(|_| "{}".to_owned())
                .chain([key("new", 2)])
                .collect::<Vec<_>>())),
            &["new"],
        ),
        Row::used(
            "a member of a key with 10,000 levels",
            Behaviour::json(of(&[
                key("new", 2).replace('}', &format!(",\"more\":{deep}{nested}}}"))
            ])),
            &["new"],
        ),
        ignored("a type of a later standard", UNUSABLE[1]),
        ignored("curve P-521", UNUSABLE[0]),
        ignored("curve secp256k1", r#"{"kty":"EC","crv":"secp256k1","kid":"x","x":"AA","y":"AA"}"#),
        ignored("curve X25519", r#"{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}"#),
        ignored(
            "an algorithm that hallpass does not have",
            of_rsa(&whole, r#""e":"AQAB","alg":"RS512""#),
        ),
        ignored("`alg` is `none`", of_okp(&point(3), r#","alg":"none""#)),
        ignored("`alg` of another type", of_okp(&point(3), r#","alg":"ES256""#)),
        ignored(
            "an RSA key with the `alg` of a secret",
            of_rsa(&whole, r#""e":"AQAB","alg":"HS256""#),
        ),
        ignored("`use` is `enc`", of_okp(&point(3), r#","use":"enc""#)),
        ignored("`use` is another word", of_okp(&point(3), r#","use":"sign""#)),
        ignored("`key_ops` without `verify`", of_okp(&point(3), r#","key_ops":["sign"]"#)),
        ignored(
            "`use` is `sig`, but `key_ops` are others",
            of_okp(&point(3), r#","use":"sig","key_ops":["wrapKey"]"#),
        ),
        ignored(
            "a symmetric key",
            r#"{"kty":"oct","kid":"x","alg":"HS256","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM"}"#,
        ),
        ignored("a symmetric key without its secret", r#"{"kty":"oct","kid":"x","alg":"HS256"}"#),
        ignored("a private key", private.clone()),
        ignored("a private RSA key", of_rsa(&whole, r#""e":"AQAB","d":"AQAB""#)),
        ignored("a factor of an RSA modulus", of_rsa(&whole, r#""e":"AQAB","p":"AQAB""#)),
        ignored("an RSA modulus of 1024 bits", of_rsa(&modulus(128), r#""e":"AQAB""#)),
        ignored("an RSA modulus of 16,384 bits", of_rsa(&modulus(2_048), r#""e":"AQAB""#)),
        ignored("an RSA modulus of 1,000,000 bits", of_rsa(&modulus(125_000), r#""e":"AQAB""#)),
        ignored("an even RSA modulus", of_rsa(&format!("{}_g", modulus(255)), r#""e":"AQAB""#)),
        ignored("an RSA exponent of 1", of_rsa(&whole, r#""e":"AQ""#)),
        ignored("an RSA exponent of 2,048 bits", of_rsa(&whole, &format!(r#""e":"{whole}""#))),
        ignored(
            "an Ed25519 key that is not a point",
            of_okp("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""),
        ),
        ignored(
            "an Ed25519 key of small order",
            of_okp("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""),
        ),
        ignored(
            "an Ed25519 key of another length",
            of_okp("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""),
        ),
        ignored(
            "an EC key that is not on its curve",
            r#"{"kty":"EC","crv":"P-256","kid":"x","x":"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        ),
        ignored("a number that is not base64url", of_okp("not base64url", "")),
        ignored("a `kid` with a space", key("a b", 3)),
        ignored("a `kid` of 129 characters", key(&"a".repeat(129), 3)),
        ignored("an empty `kid`", key("", 3)),
        ignored("a `kid` that is a number", key("x", 3).replace("\"x\",", "7,")),
        ignored("a repeated member of a key", of_okp(&point(3), r#","kid":"y""#)),
        ignored("null, a number, a text and an array as keys", r#"null,7,"key",["OKP"]"#),
        ignored("a key of 10,000 levels", format!("{deep}{nested}")),
        ignored("different keys of one name", format!("{},{}", key("x", 3), key("x", 4))),
        ignored(
            "a key and its private half under another name",
            format!("{private},{}", key("y", 3)),
        ),
        kept("129 keys", many(129)),
        kept("100,000 elements", format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(100_000))),
        kept("no usable key", format!(r#"{{"keys":[{}]}}"#, UNUSABLE.join(","))),
        kept("an empty set", r#"{"keys":[]}"#),
        kept("an object without `keys`", "{}"),
        kept("`keys` is an object", r#"{"keys":{}}"#),
        kept("`keys` twice", format!(r#"{{"keys":[],"keys":[{}]}}"#, key("new", 2))),
        kept("an array of keys", format!("[{}]", key("new", 2))),
        kept("one key without a set", key("new", 2)),
        kept("a set and more text", of(&[key("new", 2)]) + "{}"),
        kept("an HTML page", "<!doctype html><title>Log in</title>"),
        kept(
            "a PEM file",
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n",
        ),
        kept("an empty body", ""),
        kept("10,000 levels instead of a set", format!("{deep}{nested}")),
        kept("a byte order mark", format!("\u{feff}{}", of(&[key("new", 2)]))),
        kept("UTF-16", utf16),
    ];
    let mut not_utf8 = of(&[key("new", 2)]).into_bytes();
    not_utf8.splice(1..1, *b"\"more\":\"\xff\",");
    rows.push(kept("bytes that are not UTF-8", not_utf8));
    rows
}
