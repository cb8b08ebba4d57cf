//! axum-jwt-auth: an extractor of verified claims. It has no support for roles, so the handler
//! checks the role.

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::get};
use axum_jwt_auth::{CookieTokenExtractor, Decoder, LocalDecoder, define_cookie_extractor};
use hallpass_benches::{AUDIENCE, ISSUER, SECRET};
use http::StatusCode;
use jsonwebtoken10::{Algorithm, DecodingKey, Validation};

use crate::token::Claims;

define_cookie_extractor!(AccessCookie, "__Host-hallpass");

#[derive(Clone, FromRef)]
struct Site {
    decoder: Decoder<Claims>,
}

type Caller = axum_jwt_auth::Claims<Claims, CookieTokenExtractor<AccessCookie>>;

async fn page(caller: Caller) -> Result<&'static str, StatusCode> {
    if caller.claims.names_an_admin() { Ok("hello") } else { Err(StatusCode::FORBIDDEN) }
}

pub(crate) fn site() -> Router {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let decoder = LocalDecoder::builder()
        .keys(vec![DecodingKey::from_secret(&SECRET)])
        .validation(validation);
    let site = Site { decoder: Arc::new(decoder.build().unwrap()) };
    Router::new().route("/admin", get(page)).with_state(site)
}
