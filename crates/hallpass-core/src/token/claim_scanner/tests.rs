//! The scanner against the reader: if the scanner returns claims, the reader returns the same
//! claims.

use proptest::prelude::*;

use super::*;
use crate::token::{claim_reader::ClaimReader, claim_writer};

const ISSUER: &str = "https://site.example";
const AUDIENCE: &str = "site";

fn role_bit(name: &str) -> u64 {
    ["guest", "moderator", "admin"]
        .iter()
        .position(|known| *known == name)
        .map_or(0, |place| 1 << place)
}

fn scanned(text: &str) -> Option<Claims<'_, ()>> {
    scan(text, &claim_writer::opening(ISSUER, AUDIENCE), role_bit)
}

fn read(text: &str) -> Result<Claims<'_, ()>, crate::token::error::TokenErrorKind> {
    ClaimReader {
        issuer: ISSUER,
        audience: AUDIENCE,
        role_bit,
        integer_user_id: false,
        user_id_from_sub: false,
    }
    .read(text)
}

/// Compares all claims except the site's own, which neither the scanner nor the reader reads.
impl PartialEq for Claims<'_, ()> {
    fn eq(&self, other: &Self) -> bool {
        let strings = |it: &Self| {
            [Some(it.username()), Some(it.user_id()), it.session()].map(|it| it.map(str::to_owned))
        };
        strings(self) == strings(other)
            && (self.roles, self.generation, self.epoch)
                == (other.roles, other.generation, other.epoch)
            && (self.methods, self.times) == (other.methods, other.times)
    }
}

fn written(roles: &[&'static str], methods: Methods, session: Option<&str>) -> String {
    let [logged_in, now, expires_at] =
        [1_763_999_000, 1_764_000_000, 1_764_000_900].map(UnixTime::from_secs);
    let claims = Claims::<()>::new("17", 3, logged_in).with_username("alice").with_session(session);
    let claims = claims.with_methods(methods);
    let opening = claim_writer::opening(ISSUER, AUDIENCE);
    claim_writer::write(&claims, roles.iter().copied(), [now, expires_at], &opening, "")
}

#[test]
fn scanner_reads_every_written_claims_set() {
    for roles in [&[][..], &["admin"], &["guest", "admin"], &["guest", "moderator", "admin"]] {
        for methods in
            [Methods::NONE, Methods::PASSWORD, Methods::PASSWORD | Methods::ONE_TIME_CODE]
        {
            for session in [None, Some("s-1")] {
                let text = written(roles, methods, session);
                let claims = scanned(&text).expect(&text);
                assert_eq!(Ok(claims), read(&text), "{text}");
            }
        }
    }
}

#[test]
fn scanner_returns_none_for_another_layout() {
    let text = written(&["admin"], Methods::PASSWORD, Some("s-1"));
    for (from, to) in [
        ("alice", "al\\u0069ce"),
        ("\"gen\":3", "\"gen\": 3"),
        ("\"gen\":3", "\"gen\":03"),
        ("\"gen\":3", "\"gen\":4294967296"),
        ("\"gen\":3", "\"gen\":3,\"x\":1"),
        ("\"sub\":\"alice\"", "\"sub\":\"\""),
        ("1764000900", "253402300800"),
        ("1764000900", "1764000900.0"),
        ("1764000900", "9999999999999999999999"),
        ("\"role\":\"admin\"", "\"roles\":[]"),
        ("}", "} "),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(text, other);
        assert_eq!(scanned(&other), None, "{other}");
    }
}

proptest! {
    /// Up to three small edits of a written claims set, with the pieces of such a set.
    #[test]
    fn the_scanner_agrees_with_the_reader(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(PIECES)), 0..4),
        roles in prop::sample::select(ROLES),
    ) {
        let mut text = written(roles, Methods::PASSWORD, Some("s-1"));
        for (place, length, piece) in edits {
            let begin = place.index(text.len());
            let end = (begin + length).min(text.len());
            if text.is_char_boundary(begin) && text.is_char_boundary(end) {
                text.replace_range(begin..end, piece);
            }
        }
        if let Some(claims) = scanned(&text) {
            prop_assert_eq!(Ok(claims), read(&text), "{}", text);
        }
    }
}

const ROLES: &[&[&str]] = &[&[], &["admin"], &["guest", "admin"]];

const PIECES: &[&str] = &[
    "",
    "\"",
    "\\",
    ",",
    ":",
    "[",
    "]",
    "{",
    "}",
    " ",
    "0",
    "1",
    "9",
    "00",
    "-",
    ".",
    "e",
    "\u{7f}",
    "\n",
    "é",
    "\u{0}",
    "null",
    "true",
    "\"role\":\"admin\"",
    "\"roles\":[\"admin\"]",
    ",\"role\":\"guest\"",
    ",\"gen\":9",
    "\"sub\":\"bob\"",
    "\"exp\":",
    "\"iat\":1,",
    "\"amr\":[\"otp\"]",
    "\",\"user_id\":\"1",
    "\\u0022",
    "18446744073709551616",
    "253402300799",
    "253402300800",
];
