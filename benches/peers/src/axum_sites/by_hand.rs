//! A handwritten guard: a cookie jar, `jsonwebtoken::decode` and a comparison of role names.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use axum_extra::extract::CookieJar;
use hallpass_benches::SECRET;
use http::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use crate::token::{Claims, validation};

struct Keys {
    key: DecodingKey,
    validation: Validation,
}

async fn authorize(
    State(keys): State<Arc<Keys>>,
    jar: CookieJar,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(cookie) = jar.get("__Host-hallpass") else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let Ok(token) = decode::<Claims>(cookie.value(), &keys.key, &keys.validation) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    if !token.claims.names_an_admin() {
        return StatusCode::FORBIDDEN.into_response();
    }
    request.extensions_mut().insert(token.claims);
    next.run(request).await
}

pub(crate) fn site() -> Router {
    let keys = Arc::new(Keys {
        key: DecodingKey::from_secret(&SECRET),
        validation: validation(Algorithm::HS256),
    });
    Router::new()
        .route("/admin", get(|| async { "hello" }))
        .layer(from_fn_with_state(keys, authorize))
}
