//! axum-gate: a cookie gate with a role. Its token is written by its own codec, because it accepts
//! no other token.

use std::sync::Arc;

use axum::{Router, routing::get};
use axum_gate::{
    accounts::Account,
    authz::AccessPolicy,
    codecs::{
        Codec,
        jwt::{JsonWebToken, JsonWebTokenOptions, JwtClaims, RegisteredClaims},
    },
    prelude::{CookieTemplate, Gate, Group, Role},
};
use hallpass_benches::{AUDIENCE, ISSUER, SECRET};
use jsonwebtoken10::{DecodingKey, EncodingKey, Validation};

use crate::token::now;

type Token = JwtClaims<Account<Role, Group>>;

const COOKIE: &str = "__Host-gate";

fn codec() -> JsonWebToken<Token> {
    let mut validation = Validation::default();
    validation.set_audience(&[AUDIENCE]);
    JsonWebToken::new_with_options(
        JsonWebTokenOptions::default()
            .with_encoding_key(EncodingKey::from_secret(&SECRET))
            .with_decoding_key(DecodingKey::from_secret(&SECRET))
            .with_validation(validation),
    )
}

pub(crate) fn cookie() -> String {
    let account = Account::<Role, Group>::new("9f3c2a1b", &[Role::Moderator, Role::Admin], &[]);
    let mut registered = RegisteredClaims::new(ISSUER, now().as_secs() + 12 * 3600);
    registered.subject = Some("alice".into());
    registered.audience = Some([AUDIENCE.to_owned()].into());
    registered.jwt_id = Some("0123456789abcdef0123456789abcdef".into());
    let token = codec().encode(&JwtClaims::new(account, registered)).unwrap();
    format!("theme=dark; {COOKIE}={}", String::from_utf8(token).unwrap())
}

pub(crate) fn site() -> Router {
    let gate = Gate::cookie::<_, Role, Group>(ISSUER, Arc::new(codec()))
        .with_policy(AccessPolicy::require_role(Role::Admin))
        .with_cookie_template(CookieTemplate::recommended().name(COOKIE));
    Router::new().route("/admin", get(|| async { "hello" })).layer(gate)
}
