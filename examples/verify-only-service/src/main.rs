//! A service that verifies the tokens of another site with the site's public key.
//!
//! The service cannot sign a token, has no store and sends no request to the site. Its build does
//! not include argon2, a database driver or a template engine (`tests/tree.rs` checks its
//! dependencies). `README.md` shows how to make the keys.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{self, Write},
};

use axum::{Router, routing::get};
use hallpass_axum::Identity;
use hallpass_core::{KeyRing, RequestAuthenticator, Role, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use tokio::net::TcpListener;

#[derive(Role)]
enum SiteRole {
    Guest,
    Admin,
}

/// The response of `https://site.example/.well-known/jwks.json`. It is public and can be committed.
const JWKS: &str = include_str!("../jwks.json");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener =
        TcpListener::bind(std::env::var("REPORT_ADDR").unwrap_or("127.0.0.1:3001".into())).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, app(KeyRing::from_jwks(JWKS)?)).await?)
}

fn app(public_keys: KeyRing) -> Router {
    let verifier = Verifier::<SiteRole>::new(public_keys, "https://site.example", "site");
    Router::new()
        .route("/", get(|| async { "Send a bearer token to /report" }))
        .route("/report", get(report).route_layer(require_roles([SiteRole::Admin])))
        .layer(AuthLayer::new(RequestAuthenticator::new(verifier).bearer()))
}

async fn report(me: Identity<SiteRole>) -> String {
    format!("The report, for {}", me.username())
}

#[cfg(test)]
mod tests;
