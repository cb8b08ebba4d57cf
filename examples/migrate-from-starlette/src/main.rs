//! The site that routes move to, one by one: it reads the cookie of the Starlette site, and the
//! Starlette site reads its.
//!
//! Everything that is special to the migration stands in `shared_with_starlette`, to be deleted on
//! the day after. `starlette_site.py` is the other side, `migrate.py` starts both and shows each
//! direction.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use axum::{Router, routing::get};
use hallpass::keys::{Algorithm, Key, KeyId, KeyRing};
use hallpass::store::{AccountStore, SqliteStore};
use hallpass::{
    Hallpass, HallpassBuilder, Identity, Role, VerifierSettings, require_login, require_roles,
};
use tokio::net::TcpListener;

#[derive(Role)]
enum SiteRole {
    Guest,
    Admin,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("SITE_SECRET")
        .map_err(|_| "SITE_SECRET is not set: write the Starlette site's secret")?;
    let store =
        SqliteStore::open(&std::env::var("DATABASE_URL").unwrap_or("sqlite::memory:".into()))
            .await?;
    let hallpass = shared_with_starlette(Hallpass::<SiteRole>::builder(store), &secret)?
        .default_roles([SiteRole::Guest])
        .registration()
        .passwords()
        .sessions()
        .start()
        .await?;

    let app = Router::new()
        .route("/profile", get(hello).route_layer(require_login()))
        .route("/admin", get(hello).route_layer(require_roles([SiteRole::Admin])))
        .merge(hallpass.routes())
        .layer(hallpass.layer());
    let listener =
        TcpListener::bind(std::env::var("SITE_ADDR").unwrap_or("127.0.0.1:0".into())).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, app).await?)
}

/// What PyJWT writes, taken on purpose and nothing beyond it: the shared secret as an HS256 key,
/// `typ: JWT`, no `kid`, and a number as `user_id`.
fn shared_with_starlette<S: AccountStore>(
    site: HallpassBuilder<SiteRole, S>,
    secret: &str,
) -> Result<HallpassBuilder<SiteRole, S>, Box<dyn Error>> {
    let name = KeyId::parse("shared-with-starlette")?;
    let keys =
        KeyRing::signing_with(Key::hmac(name.clone(), Algorithm::Hs256, secret.as_bytes())?)?;
    Ok(site
        .keys(keys)
        .issuer("https://site.example")
        .audience("site")
        .lifetime(Duration::from_secs(900)) // the Starlette site's; a longer-lived token is refused
        .verifier(
            VerifierSettings::default()
                .accept_type("JWT")
                .key_without_kid(name)
                .accept_integer_user_id(),
        ))
}

async fn hello(me: Identity<SiteRole>) -> String {
    format!("hallpass: {} may {:?}", me.username(), me.roles())
}
