//! Verifies one token with the verifier of the middleware.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use hallpass_core::{Algorithm, KeyId, KeyRing, Role, TokenErrorKind, UnixTime, Verifier};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{input, named_role::NamedRole, report::CommandError};

#[derive(clap::Args)]
pub(crate) struct Names {
    /// The issuer (`iss`)
    #[arg(long)]
    pub(crate) issuer: String,
    /// The audience (`aud`)
    #[arg(long)]
    pub(crate) audience: String,
}

#[derive(clap::Args)]
pub(crate) struct Verify {
    /// A file with a key ring or a JWK Set
    #[arg(long)]
    pub(crate) keys: PathBuf,
    #[command(flatten)]
    pub(crate) names: Names,
    /// The only algorithm to accept; keys without an algorithm are bound to it
    #[arg(long, value_parser = input::algorithm)]
    pub(crate) alg: Option<Algorithm>,
    /// Another `typ` to accept in addition to hallpass+jwt, such as JWT
    #[arg(long)]
    pub(crate) typ: Vec<String>,
    /// The key to try on tokens without a `kid`
    #[arg(long, value_parser = input::key_id)]
    pub(crate) key_without_kid: Option<KeyId>,
    /// Accept a `user_id` that is a number
    #[arg(long)]
    pub(crate) integer_user_id: bool,
    /// The roles of the site, separated by commas; other roles grant nothing and are not shown
    #[arg(long, value_delimiter = ',')]
    pub(crate) roles: Option<Vec<String>>,
    /// Required claims, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) require: Vec<String>,
    /// Maximum lifetime of a token, in seconds; unbounded by default
    #[arg(long, value_parser = input::span, default_value = "18446744073709551615", hide_default_value = true)]
    pub(crate) max_lifetime: Duration,
    /// Unix time in seconds, instead of the current time
    #[arg(long)]
    pub(crate) now: Option<u64>,
    /// Exit with 1 if any token was rejected, and with 2 if there was no token
    #[arg(long)]
    pub(crate) fail: bool,
}

pub(crate) struct Judge {
    verifier: Verifier<NamedRole>,
    /// Whether the command line names the roles.
    roles_named: bool,
    require: BTreeSet<String>,
    now: Option<u64>,
}

impl Judge {
    pub(crate) fn new(options: Verify) -> Result<Self, CommandError> {
        let text = input::secret(&options.keys, "the keys")?;
        let mut verifier =
            Verifier::new(ring(&text, options.alg)?, options.names.issuer, options.names.audience);
        for typ in &options.typ {
            verifier = verifier.accept_type(typ);
        }
        if let Some(id) = options.key_without_kid {
            verifier = verifier.key_without_kid(id);
        }
        if options.integer_user_id {
            verifier = verifier.accept_integer_user_id();
        }
        verifier = verifier.max_lifetime(options.max_lifetime);
        let roles_named = options.roles.is_some();
        NamedRole::name_all(options.roles.unwrap_or_default())?;
        Ok(Self {
            verifier,
            roles_named,
            require: options.require.into_iter().collect(),
            now: options.now,
        })
    }

    pub(crate) fn verdict(&self, token: &[u8]) -> Value {
        match self.claims(token, input::moment(self.now)) {
            Ok(claims) => json!({ "ok": true, "claims": claims }),
            Err(kind) => json!({ "ok": false, "kind": kind.as_str() }),
        }
    }

    fn claims(&self, token: &[u8], now: UnixTime) -> Result<Map<String, Value>, TokenErrorKind> {
        let read = self.verifier.claims(token, now, |_, json| serde_json::from_str(json));
        let read = read.map_err(|error| error.kind())?;
        let mut shown: Map<String, Value> = read.map_err(|_| TokenErrorKind::Claims)?;
        if self.require.iter().any(|name| !shown.contains_key(name)) {
            return Err(TokenErrorKind::Claims);
        }
        if self.roles_named {
            leave_out_unknown_roles(&mut shown);
        }
        Ok(shown)
    }
}

/// Removes unknown roles. They grant nothing, so they are not shown.
fn leave_out_unknown_roles(claims: &mut Map<String, Value>) {
    let known = |role: &Value| role.as_str().and_then(NamedRole::from_name).is_some();
    if claims.get("role").is_some_and(|role| !known(role)) {
        claims.remove("role");
    }
    if let Some(Value::Array(roles)) = claims.get_mut("roles") {
        roles.retain(known);
    }
}

/// Reads a key ring's file or a JWK Set. With `algorithm`, only its keys are used, and a key
/// without an algorithm is bound to it.
fn ring(text: &str, algorithm: Option<Algorithm>) -> Result<KeyRing, CommandError> {
    let not_json = |error: serde_json::Error| CommandError::NotJson {
        line: error.line(),
        column: error.column(),
    };
    let mut set: Value = serde_json::from_str(text).map_err(not_json)?;
    let is_public = is_public(&set);
    if let (Some(algorithm), Some(Value::Array(keys))) = (algorithm, set.get_mut("keys")) {
        keys.retain_mut(|key| bind(key, algorithm));
    }
    let text = Zeroizing::new(set.to_string());
    Ok(if is_public { KeyRing::from_jwks(&text)? } else { KeyRing::from_json(&text)? })
}

/// Returns whether this is a public JWK Set. A key ring's file has an active key or secret keys.
fn is_public(set: &Value) -> bool {
    let secret = |key: &Value| key.get("d").is_some() || key.get("k").is_some();
    set.get("active").is_none()
        && !set.get("keys").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(secret))
}

/// Returns whether the key has this algorithm, after binding a key without one.
fn bind(key: &mut Value, algorithm: Algorithm) -> bool {
    let Value::Object(key) = key else { return true };
    if key.get("use").is_some_and(|usage| usage == "enc") {
        return true;
    }
    key.entry("alg").or_insert_with(|| algorithm.as_str().into()) == algorithm.as_str()
}

/// Returns header and claims without any check.
pub(crate) fn inspect(token: &[u8]) -> Value {
    let mut segments = token.split(|byte| *byte == b'.');
    let header = segments.next().and_then(decoded);
    let claims = segments.next().and_then(decoded);
    match (header, claims) {
        (Some(header), Some(claims)) => {
            json!({ "verified": false, "header": header, "claims": claims })
        }
        _ => json!({ "verified": false, "kind": TokenErrorKind::Malformed.as_str() }),
    }
}

fn decoded(segment: &[u8]) -> Option<Value> {
    let json = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(segment).ok()?;
    serde_json::from_slice(&json).ok()
}
