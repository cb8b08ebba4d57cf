//! Login with an existing users table on PostgreSQL: uuid ids, e-mail addresses as names, and
//! bcrypt hashes.
//!
//! `users.rs` maps the table. Sessions, second factors, rate limits and revocations are in the
//! tables of hallpass in the same database, on the site's own pool of connections.

#![forbid(unsafe_code)]

mod users;

use std::{
    error::Error,
    io::{self, Write},
};

use axum::{Router, routing::get};
use hallpass::flow::{ForeignHash, ForeignMatch};
use hallpass::store::Usernames;
use hallpass::{Hallpass, Identity, PasswordHasherSettings, Role, require_login, require_roles};
use sqlx::PgPool;
use tokio::net::TcpListener;

#[derive(Role)]
enum SiteRole {
    #[role(default)]
    Member,
    Editor,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = PgPool::connect(&variable("DATABASE_URL").ok_or("DATABASE_URL is not set")?).await?;
    sqlx::raw_sql(include_str!("../sql/users.sql")).execute(&pool).await?;
    let hallpass = Hallpass::<SiteRole>::builder(users::store(pool.clone()))
        .key_file("users-keys.json")
        .site_name("the site")
        .usernames(Usernames::Email)
        .password_hasher(PasswordHasherSettings::default().read_also(Bcrypt))
        .everything()
        .start()
        .await?;
    sqlx::raw_sql(include_str!("../sql/triggers.sql")).execute(&pool).await?;
    let address = variable("SITE_ADDR").unwrap_or("127.0.0.1:3003".into());
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(hallpass::axum::serve(listener, app(&hallpass)).await?)
}

/// Returns the value of an environment variable. An empty variable counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn app(hallpass: &Hallpass<SiteRole>) -> Router {
    let hello =
        |me: Identity<SiteRole>| async move { format!("{} may {:?}", me.username(), me.roles()) };
    Router::new()
        .route("/profile", get(hello).route_layer(require_login()))
        .route("/editors", get(hello).route_layer(require_roles([SiteRole::Editor])))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}

/// Checks the bcrypt hashes of the table. The next login replaces each of them by argon2id.
struct Bcrypt;

/// The cost of the site's hashes. Each step doubles the time of a check.
const COST: &str = "10";

/// A hash of this cost, which is checked at each login without such a hash: the time of a login
/// then does not show which accounts exist.
const DECOY: &str = "$2b$10$NaCl4importNaCl4imporOBFzQXiRqXEs1Gmt6fvOBbX1//74YQni";

impl ForeignHash for Bcrypt {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        if !stored.starts_with("$2") {
            return None;
        }
        if stored.split('$').nth(2) != Some(COST) {
            return Some(ForeignMatch::Unusable);
        }
        Some(match bcrypt::verify(password, stored) {
            Ok(true) => ForeignMatch::Right,
            Ok(false) => ForeignMatch::Wrong,
            Err(_) => ForeignMatch::Unusable,
        })
    }

    fn decoy(&self) -> &str {
        DECOY
    }
}
