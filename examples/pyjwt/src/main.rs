//! A Rust service that accepts the cookie of a Python site. The site signs the cookie with PyJWT.
//!
//! PyJWT writes `typ: JWT` and no `kid`. Two settings of the verifier accept this; all other checks
//! stay strict. Starlette sites usually write `sub`, `role`, `user_id` and `exp`, with a number as
//! `user_id`, which a third setting accepts. The site has to add `iss` and `aud`, because otherwise
//! a token of another service could be accepted.
//!
//! `interop.py` starts the service and checks both directions, including tokens that must be
//! rejected.

use std::error::Error;
use std::io::{self, Write};

use axum::extract::State;
use axum::routing::get;
use axum::{Router, serve};
use hallpass_axum::Identity;
use hallpass_core::{
    Algorithm, Claims, Clock, Issuer, Key, KeyId, KeyRing, Keys, LoggedIn, Role, SystemClock,
    Verifier,
};
use hallpass_tower::{AuthLayer, require_login, require_roles};
use tokio::net::TcpListener;

#[derive(Role)]
enum SiteRole {
    Guest,
    Admin,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("SITE_SECRET").ok().filter(|secret| !secret.is_empty());
    let secret = secret
        .ok_or("SITE_SECRET is not set; set it to the secret that signs the site's tokens")?;
    let shared = KeyId::parse("shared")?;
    let keys = Keys::from(KeyRing::signing_with(Key::hmac(
        shared.clone(),
        Algorithm::Hs256,
        secret.as_bytes(),
    )?)?);

    let verifier = Verifier::<SiteRole>::new(keys.clone(), ISSUER, AUDIENCE)
        .accept_type("JWT")
        .key_without_kid(shared)
        .accept_integer_user_id();
    let app = Router::new()
        .route("/profile", get(profile).route_layer(require_login()))
        .route("/admin", get(profile).route_layer(require_roles([SiteRole::Admin])))
        .route("/token", get(token))
        .with_state(Issuer::new(keys, ISSUER, AUDIENCE))
        .layer(AuthLayer::new(verifier));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    serve(listener, app).await?;
    Ok(())
}

async fn profile(me: Identity<SiteRole>) -> String {
    format!("{} {} {:?}", me.username(), me.user_id(), me.roles())
}

/// Issues a token without authentication, for `interop.py`. A site issues such a token at login.
async fn token(State(issuer): State<Issuer>) -> Result<String, String> {
    let now = SystemClock.now();
    let ann = LoggedIn::insecure_new(
        Claims::new("7", 0, now).with_username("ann").with_session("a-session"),
        [SiteRole::Guest, SiteRole::Admin],
    );
    let token = issuer.issue(&ann, now).map_err(|error| error.to_string())?;
    Ok(token.as_str().to_owned())
}

const ISSUER: &str = "https://site.example";
const AUDIENCE: &str = "site";
