//! A hallpass site to which the routes of a Starlette site are migrated one by one. Each site
//! accepts the cookie of the other.
//!
//! `shared_with_starlette` has all settings of the migration and can be deleted after it.
//! `starlette_site.py` is the Starlette site. `migrate.py` starts both sites and checks that each
//! accepts the other's cookie.

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
    let secret = variable("SITE_SECRET")
        .ok_or("SITE_SECRET is not set; set it to the secret of the Starlette site")?;
    let store =
        SqliteStore::open(&variable("DATABASE_URL").unwrap_or("sqlite::memory:".into())).await?;
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
    let listener = TcpListener::bind(variable("SITE_ADDR").unwrap_or("127.0.0.1:0".into())).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(hallpass::axum::serve(listener, app).await?)
}

/// Returns the value of an environment variable. An empty variable counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Configures hallpass to accept the tokens that PyJWT makes: the shared secret as an HS256 key,
/// `typ: JWT`, no `kid`, and a number as `user_id`. All other checks stay strict.
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
        .lifetime(Duration::from_secs(900)) // as on the Starlette site; longer ones are rejected
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
