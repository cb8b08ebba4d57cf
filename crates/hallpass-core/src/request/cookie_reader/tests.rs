use proptest::{collection::vec, prelude::*};
use serde::Deserialize;

use super::*;

const NAME: &str = "__Host-hallpass";

/// A row of the table. Each character of its strings is one byte, so that a string can hold bytes
/// that are not text.
#[derive(Deserialize)]
struct Row {
    why: String,
    headers: Vec<String>,
    found: Option<String>,
    #[serde(default)]
    duplicate: bool,
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

#[test]
fn cookie_corpus_gets_the_expected_results() {
    let rows: Vec<Row> = include_str!("../../../tests/tables/cookies.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 128);
    for row in rows {
        let headers: Vec<_> = row.headers.iter().map(|header| bytes(header)).collect();
        let expected = if row.duplicate {
            Err(DuplicateCookie(()))
        } else {
            Ok(row.found.as_deref().map(bytes))
        };
        let found = find_cookie(headers.iter().map(Vec::as_slice), NAME);
        assert_eq!(found.map(|v| v.map(<[u8]>::to_vec)), expected, "{}", row.why);
    }
}

/// A simple model of the reader: join the headers, split, strip, compare.
fn model(headers: &[Vec<u8>], name: &str) -> Result<Option<Vec<u8>>, ()> {
    let stripped = |bytes: &[u8]| {
        let ours = |byte: &u8| matches!(byte, b' ' | b'\t');
        let from = bytes.iter().position(|b| !ours(b)).unwrap_or(bytes.len());
        let to = bytes.iter().rposition(|b| !ours(b)).map_or(from, |at| at + 1);
        bytes[from..to].to_vec()
    };
    let mut values = Vec::new();
    for crumb in headers.join(&b';').split(|byte| *byte == b';') {
        if let Some(at) = crumb.iter().position(|byte| *byte == b'=')
            && stripped(&crumb[..at]) == name.as_bytes()
        {
            values.push(stripped(&crumb[at + 1..]));
        }
    }
    match values.len() {
        0 | 1 => Ok(values.pop()),
        _ => Err(()),
    }
}

proptest! {
    #[test]
    fn find_cookie_agrees_with_a_simple_model(
        headers in vec(vec(prop_oneof![
            3 => Just(b"n".to_vec()), 3 => Just(b"n=".to_vec()), 3 => Just(b";".to_vec()), 2 => Just(b" ".to_vec()),
            1 => Just(b"\t".to_vec()), 1 => Just(b"=".to_vec()), 1 => Just(b"\"".to_vec()), 1 => Just(b"%6E".to_vec()),
            1 => vec(any::<u8>(), 0..3),
        ], 0..12), 0..3)
    ) {
        let headers: Vec<Vec<u8>> = headers.into_iter().map(|parts| parts.concat()).collect();
        let found = find_cookie(headers.iter().map(Vec::as_slice), "n");
        prop_assert_eq!(found.map(|v| v.map(<[u8]>::to_vec)).map_err(|_| ()), model(&headers, "n"));
    }

    #[test]
    fn find_cookie_never_panics_and_returns_header_bytes(header in vec(any::<u8>(), 0..200)) {
        if let Ok(Some(value)) = find_cookie([header.as_slice()], "n") {
            prop_assert!(value.is_empty() || header.windows(value.len()).any(|part| part == value));
            prop_assert!(!value.contains(&b';'));
        }
    }
}
