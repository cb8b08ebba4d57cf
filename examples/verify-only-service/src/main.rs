//! Another service than the one that signs people in: it holds the site's public key and nothing
//! else.
//!
//! It cannot sign a token, it has no store and asks nobody, and neither argon2 nor a database
//! driver nor a template engine is built for it (`tests/tree.rs` reads its dependencies).
//! `README.md` shows how the keys are made.

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

/// What `https://site.example/.well-known/jwks.json` answers: public, so it may stand in a repository.
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
        .route("/", get(|| async { "Bring a pass to /report" }))
        .route("/report", get(report).route_layer(require_roles([SiteRole::Admin])))
        .layer(AuthLayer::new(RequestAuthenticator::new(verifier).bearer()))
}

async fn report(me: Identity<SiteRole>) -> String {
    format!("The report, for {}", me.username())
}

#[cfg(test)]
mod tests;
