//! Login with an existing users table: `customers`, which has its own columns.
//!
//! `users.rs` reads the table with two methods. Sessions, second factors, rate limits and
//! revocations are in the tables of hallpass in the same database.

#![forbid(unsafe_code)]

mod users;

use std::{
    error::Error,
    io::{self, Write},
};

use axum::{Router, routing::get};
use hallpass::flow::Password;
use hallpass::store::{
    ActivityStore, AdministrationStore, BrowserStore, PasswordStore, RateLimitStore,
    RefreshTokenStore, RevocationLog, SiteStore, TwoFactorStore,
};
use hallpass::{Hallpass, HallpassBuilder, HashCost, Identity, Role, require_login, require_roles};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tokio::net::TcpListener;

#[derive(Role)]
enum SiteRole {
    Customer,
    Staff,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pool = application().await?;
    let hallpass = accounts(users::store(pool)).key_file("shop-keys.json").start().await?;
    let listener =
        TcpListener::bind(std::env::var("SHOP_ADDR").unwrap_or("127.0.0.1:3002".into())).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(hallpass::axum::serve(listener, app(&hallpass)).await?)
}

fn accounts<S>(customers: S) -> HallpassBuilder<SiteRole, S>
where
    S: PasswordStore
        + TwoFactorStore
        + RefreshTokenStore
        + AdministrationStore
        + RateLimitStore
        + RevocationLog
        + SiteStore
        + BrowserStore
        + ActivityStore,
{
    Hallpass::builder(customers).site_name("the shop").passwords().everything_but_accounts()
}

fn app(hallpass: &Hallpass<SiteRole>) -> Router {
    let hello =
        |me: Identity<SiteRole>| async move { format!("{} may {:?}", me.username(), me.roles()) };
    Router::new()
        .route("/profile", get(hello).route_layer(require_login()))
        .route("/stock", get(hello).route_layer(require_roles([SiteRole::Staff])))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}

/// Creates the table of the existing application, with two customers. `grace` is staff.
async fn application() -> Result<SqlitePool, Box<dyn Error>> {
    let pool = SqlitePoolOptions::new();
    // A database in memory ends with its connection.
    let pool = pool.max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect("sqlite::memory:").await?;
    table(&pool).await?;
    Ok(pool)
}

async fn table(pool: &SqlitePool) -> Result<(), Box<dyn Error>> {
    sqlx::query(
        "CREATE TABLE customers (
            number INTEGER PRIMARY KEY,
            login TEXT NOT NULL UNIQUE,
            pwhash TEXT NOT NULL,
            is_staff INTEGER NOT NULL DEFAULT 0,
            blocked INTEGER NOT NULL DEFAULT 0
        )",
    )
    .execute(pool)
    .await?;
    for (login, is_staff, salt) in [("ada", false, [1; 16]), ("grace", true, [2; 16])] {
        let hash = hallpass::flow::hash_password(
            &Password::typed("correct horse battery"),
            salt,
            HashCost::default(),
        )?;
        sqlx::query("INSERT INTO customers (login, pwhash, is_staff) VALUES (?, ?, ?)")
            .bind(login)
            .bind(hash)
            .bind(is_staff)
            .execute(pool)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
