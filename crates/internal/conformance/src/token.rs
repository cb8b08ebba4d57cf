//! The tokens of the table, by name. This module writes and signs the tokens itself (RFC 7515). It
//! uses no code of hallpass for that.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{NOW, site::SECRET};

/// The name of the cookie with the token.
pub const COOKIE: &str = "__Host-hallpass";

const HEADER: &str = r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1"}"#;

/// Returns the token with this name, if there is one.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn token(name: &str) -> Option<String> {
    let alice = || Claims::of("alice", r#""admin""#);
    let guest = || Claims::of("gus", r#""guest""#);
    let role = |json: &str| Claims::of("alice", json).signed();
    let roles = |json: &str| alice().without("role").set("roles", json).signed();
    let with = |claim: &str, json: String| alice().set(claim, &json).signed();
    let without = |claim: &str| alice().without(claim).signed();
    let headed = |header: &str| sign(header, &alice().json(), SECRET);
    Some(match name {
        // User.
        "admin" => alice().signed(),
        "moderator" => Claims::of("mia", r#""moderator""#).signed(),
        "guest" => guest().signed(),
        "both" => {
            Claims::of("zoe", "").without("role").set("roles", r#"["moderator","admin"]"#).signed()
        }
        "no-role" => Claims::of("ned", "").without("role").signed(),
        "two-factor" => Claims::of("ada", r#""admin""#).set("amr", r#"["pwd","otp"]"#).signed(),
        // Roles.
        "role-unknown" => role(r#""superuser""#),
        "role-upper-case" => role(r#""Admin""#),
        "role-trailing-space" => role(r#""admin ""#),
        "role-leading-space" => role(r#"" admin""#),
        "role-zero-width" => role("\"ad\u{200b}min\""),
        "role-cyrillic" => role("\"\u{430}dmin\""),
        "role-escaped" => role(r#""\u0061dmin""#),
        "role-comma" => role(r#""guest,admin""#),
        "role-number" => role("2"),
        "role-array" => role(r#"["admin"]"#),
        "role-object" => role(r#"{"name":"admin"}"#),
        "roles-string" => roles(r#""admin""#),
        "roles-empty" => roles("[]"),
        "roles-number-inside" => roles(r#"["admin",2]"#),
        "roles-unknown-and-admin" => roles(r#"["superuser","admin"]"#),
        "role-and-roles" => alice().set("roles", r#"["admin"]"#).signed(),
        "role-twice" => guest().and("role", r#""admin""#).signed(),
        // Time.
        "expired" => with("exp", (NOW - 60).to_string()),
        "exp-now" => with("exp", NOW.to_string()),
        "exp-next" => with("exp", (NOW + 1).to_string()),
        "exp-missing" => without("exp"),
        "exp-string" => with("exp", format!("\"{}\"", NOW + 600)),
        "exp-null" => with("exp", "null".into()),
        "exp-negative" => with("exp", "-1".into()),
        "exp-huge" => with("exp", "18446744073709551616".into()),
        "exp-twice" => alice()
            .set("exp", &(NOW - 60).to_string())
            .and("exp", &(NOW + 600).to_string())
            .signed(),
        "nbf-later" => with("nbf", (NOW + 3600).to_string()),
        "nbf-earlier" => with("nbf", (NOW - 3600).to_string()),
        "nbf-string" => with("nbf", format!("\"{}\"", NOW - 3600)),
        "auth-600" => with("auth_time", (NOW - 600).to_string()),
        "auth-601" => with("auth_time", (NOW - 601).to_string()),
        "auth-missing" => without("auth_time"),
        "auth-string" => with("auth_time", format!("\"{NOW}\"")),
        "two-factor-stale" => alice()
            .set("amr", r#"["pwd","otp"]"#)
            .set("auth_time", &(NOW - 601).to_string())
            .signed(),
        "two-factor-guest-stale" => guest()
            .set("amr", r#"["pwd","otp"]"#)
            .set("auth_time", &(NOW - 601).to_string())
            .signed(),
        // Methods.
        "amr-hardware" => with("amr", r#"["hwk"]"#.into()),
        "amr-unknown" => with("amr", r#"["geo"]"#.into()),
        "amr-missing" => without("amr"),
        "amr-empty" => with("amr", "[]".into()),
        "amr-pwd-twice" => with("amr", r#"["pwd","pwd"]"#.into()),
        "amr-string" => with("amr", r#""otp""#.into()),
        // Issuer, audience and subject.
        "iss-other" => with("iss", r#""https://evil.example""#.into()),
        "iss-missing" => without("iss"),
        "iss-slash" => with("iss", r#""https://site.example/""#.into()),
        "aud-other" => with("aud", r#""other""#.into()),
        "aud-missing" => without("aud"),
        "aud-empty" => with("aud", "[]".into()),
        "sub-missing" => without("sub"),
        "sub-number" => with("sub", "7".into()),
        "user-id-missing" => without("user_id"),
        "user-id-number" => with("user_id", "7".into()),
        // Claims as a whole.
        "claim-unknown" => alice().and("x", r#"{"y":[1,2,null]}"#).signed(),
        "claims-spaced" => {
            sign(HEADER, &alice().json().replace(',', " ,\n ").replace("\":", "\" : "), SECRET)
        }
        "claims-reordered" => alice().reversed().signed(),
        "claims-array" => sign(HEADER, &format!("[{}]", alice().json()), SECRET),
        "claims-broken" => sign(HEADER, r#"{"sub":"alice""#, SECRET),
        "claims-trailing" => sign(HEADER, &(alice().json() + "x"), SECRET),
        // Signature and key.
        "tampered" => {
            let (guest, admin) = (guest().signed(), alice().signed());
            let (head_and_claims, _) = admin.rsplit_once('.')?;
            let (_, signature) = guest.rsplit_once('.')?;
            format!("{head_and_claims}.{signature}")
        }
        "signature-cut" => alice().signed().split_at(alice().signed().len() - 1).0.to_owned(),
        "signature-empty" => format!("{}.", alice().signed().rsplit_once('.')?.0),
        "signature-spare-bits" => spare_bits(alice().signed()),
        "signature-padded" => alice().signed() + "=",
        "key-other" => sign(HEADER, &alice().json(), b"another secret of thirty-two bytes"),
        "kid-unknown" => headed(r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k2"}"#),
        "kid-missing" => headed(r#"{"alg":"HS256","typ":"hallpass+jwt"}"#),
        "kid-path" => headed(r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"../../dev/null"}"#),
        "alg-none" => {
            unsigned(r#"{"alg":"none","typ":"hallpass+jwt","kid":"k1"}"#, &alice().json())
        }
        "alg-none-capital" => {
            unsigned(r#"{"alg":"None","typ":"hallpass+jwt","kid":"k1"}"#, &alice().json())
        }
        "alg-hs512" => headed(r#"{"alg":"HS512","typ":"hallpass+jwt","kid":"k1"}"#),
        "alg-lower-case" => headed(r#"{"alg":"hs256","typ":"hallpass+jwt","kid":"k1"}"#),
        "alg-missing" => headed(r#"{"typ":"hallpass+jwt","kid":"k1"}"#),
        "crit" => headed(r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1","crit":["exp"]}"#),
        "b64" => {
            headed(r#"{"alg":"HS256","typ":"hallpass+jwt","kid":"k1","b64":false,"crit":["b64"]}"#)
        }
        "jwk" => {
            let key = BASE64.encode_to_string(b"another secret of thirty-two bytes");
            let header = format!(
                r#"{{"alg":"HS256","typ":"hallpass+jwt","jwk":{{"kty":"oct","k":"{key}"}}}}"#
            );
            sign(&header, &alice().json(), b"another secret of thirty-two bytes")
        }
        "typ-jwt" => headed(r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#),
        "typ-missing" => headed(r#"{"alg":"HS256","kid":"k1"}"#),
        "pending" => headed(r#"{"alg":"HS256","typ":"hallpass-pending+jwt","kid":"k1"}"#),
        "parts-two" => alice().signed().rsplit_once('.')?.0.to_owned(),
        "parts-four" => alice().signed() + ".x",
        "long" => alice().and("x", &format!("\"{}\"", "a".repeat(4096))).signed(),
        "admin-dot-encoded" => alice().signed().replacen('.', "%2E", 1),
        "admin-upper-case" => alice().signed().to_uppercase(),
        // Revocation.
        "gen-string" => with("gen", r#""3""#.into()),
        "gen-missing" => without("gen"),
        "revoked" => rex().set("gen", "4").signed(),
        "revoked-renewed" => rex().set("gen", "5").signed(),
        "revoked-without-generation" => rex().without("gen").signed(),
        "revoked-expired" => rex().set("gen", "4").set("exp", &(NOW - 60).to_string()).signed(),
        "ended" => with("sid", r#""s-ended""#.into()),
        "ended-other-session" => with("sid", r#""s-other""#.into()),
        _ => return begun(name),
    })
}

/// Returns the token whose `iat`, `nbf` or `auth_time` is ahead of [`NOW`] or behind it, by the
/// name `iat-ahead-60`.
fn begun(name: &str) -> Option<String> {
    let (claim, rest) = name.split_once('-')?;
    let (direction, seconds) = rest.split_once('-')?;
    let seconds: u64 = seconds.parse().ok()?;
    let time = match direction {
        "ahead" => NOW + seconds,
        "behind" => NOW - seconds,
        _ => return None,
    };
    let claim = match claim {
        "iat" | "nbf" => claim,
        "auth" => "auth_time",
        _ => return None,
    };
    Some(Claims::of("alice", r#""admin""#).set(claim, &time.to_string()).signed())
}

fn rex() -> Claims {
    Claims::of("rex", r#""admin""#)
}

/// Claims in the order in which they are written. The values are JSON text.
struct Claims(Vec<(String, String)>);

impl Claims {
    /// Returns the claims that hallpass would write for a user with this role.
    fn of(name: &str, role: &str) -> Self {
        let claims = [
            ("iss", r#""https://site.example""#.to_owned()),
            ("aud", r#""site""#.to_owned()),
            ("sub", format!("\"{name}\"")),
            ("user_id", format!("\"u-{name}\"")),
            ("role", role.to_owned()),
            ("iat", (NOW - 60).to_string()),
            ("exp", (NOW + 840).to_string()),
            ("auth_time", (NOW - 60).to_string()),
            ("amr", r#"["pwd"]"#.to_owned()),
            ("sid", format!("\"s-{name}\"")),
            ("gen", "3".to_owned()),
        ];
        Self(claims.map(|(claim, json)| (claim.to_owned(), json)).into())
    }

    fn set(mut self, claim: &str, json: &str) -> Self {
        match self.0.iter_mut().find(|(name, _)| name == claim) {
            Some((_, value)) => json.clone_into(value),
            None => return self.and(claim, json),
        }
        self
    }

    fn and(mut self, claim: &str, json: &str) -> Self {
        self.0.push((claim.to_owned(), json.to_owned()));
        self
    }

    fn without(mut self, claim: &str) -> Self {
        self.0.retain(|(name, _)| name != claim);
        self
    }

    fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    fn json(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(claim, json)| format!("\"{claim}\":{json}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn signed(&self) -> String {
        sign(HEADER, &self.json(), SECRET)
    }
}

fn sign(header: &str, claims: &str, secret: &[u8]) -> String {
    let input = unsigned(header, claims);
    let input = input.trim_end_matches('.');
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC accepts keys of any length");
    mac.update(input.as_bytes());
    format!("{input}.{}", BASE64.encode_to_string(mac.finalize().into_bytes()))
}

fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}.", BASE64.encode_to_string(header), BASE64.encode_to_string(claims))
}

/// Sets one of the two bits of the last character that no byte of a 32-byte signature uses. The
/// result is another encoding of the same bytes (RFC 4648 section 3.5).
fn spare_bits(mut token: String) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = token.pop().expect("the token has a signature");
    let place = ALPHABET.find(last).expect("the character is base64url");
    token.extend(ALPHABET.chars().nth(place | 1));
    token
}
