//! The writer of claims: one order, no white space.
//!
//! The order is the one that [the scanner](crate::token::claim_scanner) expects: `iss`, `aud`,
//! `sub`, `user_id`, `role` or `roles`, `iat`, `exp`, `auth_time`, `amr`, `sid`, `gen`, and then an
//! application's own claims.

use std::fmt::Write;

use crate::{time::unix_time::UnixTime, token::claims::Claims};

/// Names that an application's own claims cannot have: those of hallpass, and those of RFC 7519
/// section 4.1.
pub(crate) const RESERVED: [&str; 16] = [
    "iss",
    "aud",
    "sub",
    "user_id",
    "role",
    "roles",
    "iat",
    "exp",
    "nbf",
    "jti",
    "auth_time",
    "amr",
    "sid",
    "gen",
    "ep",
    "act",
];

/// Returns the beginning of every claims set of this issuer and audience, up to the first character
/// of `sub`.
pub(crate) fn opening(issuer: &str, audience: &str) -> String {
    let mut json = String::from(r#"{"iss":"#);
    push_text(&mut json, issuer);
    json.push_str(r#","aud":"#);
    push_text(&mut json, audience);
    json.push_str(r#","sub":""#);
    json
}

/// Returns the claims set of a token that is issued at `now`. `own` is empty, or members in JSON
/// without the braces.
pub(crate) fn write<K>(
    claims: &Claims<'_, K>,
    role_names: impl Iterator<Item = &'static str>,
    [now, expires_at]: [UnixTime; 2],
    opening: &str,
    own: &str,
) -> String {
    let mut json = String::with_capacity(opening.len() + own.len() + 256);
    json.push_str(opening);
    push_escaped(&mut json, claims.username());
    json.push_str(r#"","user_id":"#);
    push_text(&mut json, claims.user_id());
    push_roles(&mut json, role_names);
    push_number(&mut json, "iat", now.as_secs());
    push_number(&mut json, "exp", expires_at.as_secs());
    push_number(&mut json, "auth_time", claims.authenticated_at().unwrap_or(now).as_secs());
    if !claims.methods().is_empty() {
        json.push_str(r#","amr":["#);
        push_list(&mut json, claims.methods().names());
    }
    if let Some(session) = claims.session() {
        json.push_str(r#","sid":"#);
        push_text(&mut json, session);
    }
    push_number(&mut json, "gen", claims.generation().into());
    if claims.epoch() > 0 {
        push_number(&mut json, "ep", claims.epoch());
    }
    if !own.is_empty() {
        json.push(',');
        json.push_str(own);
    }
    json.push('}');
    json
}

/// Writes `role` for one role, as a Starlette site with the same scheme reads and writes it,
/// `roles` for several, and nothing if there is no role.
fn push_roles(json: &mut String, names: impl Iterator<Item = &'static str>) {
    let mut names = names.peekable();
    let Some(first) = names.next() else { return };
    if names.peek().is_none() {
        json.push_str(r#","role":"#);
        push_text(json, first);
    } else {
        json.push_str(r#","roles":["#);
        push_list(json, std::iter::once(first).chain(names));
    }
}

/// Writes texts and the closing bracket.
fn push_list(json: &mut String, texts: impl Iterator<Item = &'static str>) {
    for (place, text) in texts.enumerate() {
        if place > 0 {
            json.push(',');
        }
        push_text(json, text);
    }
    json.push(']');
}

fn push_number(json: &mut String, name: &str, number: u64) {
    // Writing into a `String` does not fail.
    let _ = write!(json, r#","{name}":{number}"#);
}

fn push_text(json: &mut String, text: &str) {
    json.push('"');
    push_escaped(json, text);
    json.push('"');
}

/// Escapes quotation mark, reverse solidus and the control characters, and no other character (RFC
/// 8259 section 7).
fn push_escaped(json: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\0'..='\u{1f}' => {
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
}
