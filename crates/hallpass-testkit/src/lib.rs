//! Tests of a site on hallpass: identities by role, a frozen clock, stores that count, every route
//! under every role.
//!
//! A [`Kit`] is an issuer of tokens, a verifier of them and a clock that stands still, so a test of
//! a handler needs no sign-in, no database and no password hash, and still goes through the real
//! layer: the cookie is signed, found, verified and judged as in production.
//!
//! What it deliberately does not do: mock. There is no fake identity to be put past the layer,
//! because a test that does so cannot see a route without its guard.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, routing::get};
//! use hallpass::{AuthLayer, Identity, Role, require_roles};
//! use hallpass_testkit::Kit;
//! use tower::ServiceExt;
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Guest,
//!     Admin,
//! }
//!
//! fn app(layer: AuthLayer<SiteRole>) -> Router {
//!     let books =
//!         |me: Identity<SiteRole>| async move { format!("the books, {}", me.username()) };
//!     Router::new()
//!         .route("/admin", get(books).route_layer(require_roles([SiteRole::Admin])))
//!         .layer(layer)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kit = Kit::<SiteRole>::new();
//! let response = app(kit.layer()).oneshot(kit.as_user(SiteRole::Admin).get("/admin")).await?;
//! assert_eq!(response.status(), 200);
//! let refused = app(kit.layer()).oneshot(kit.as_user(SiteRole::Guest).get("/admin")).await?;
//! assert_eq!(refused.status(), 403);
//! kit.assert_no_store_calls();
//! # Ok(()) }
//! # main().unwrap();
//! # }
//! ```
//!
//! | to | there is |
//! |---|---|
//! | be somebody with these roles | [`Kit::as_user`], [`User`] |
//! | let time pass | [`Kit::clock`], [`FrozenClock`] |
//! | show that a route asks no store | `Kit::watch`, [`Kit::assert_no_store_calls`], [`Kit::forbid_store_calls`] |
//! | see every route under every role | `Kit::answers`, [`RouteAnswers`], [`assert_snapshot`] |
//! | hold the telephone | [`Kit::authenticator`], [`Authenticator`] |
//! | sign in for real | [`Kit::keys`] and [`Kit::clock`], given to the site's own builder |
//! | hold a store of one's own to the contract | `test_store!` and the module `store_suite` |
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `axum` | `Kit::layer`, `Kit::answers`, and `User::get` and its siblings for tower's `oneshot` and axum-test | on, because most sites here are on axum |
//! | `actix` | `Kit::layer`, `Kit::actix_answers`, and `User::actix_get` for actix-web's `test` | off, because it brings actix-web |
//! | `stores` | `Kit::watch`, around any store of hallpass-accounts | on, because a site has a store; a service that only verifies turns it off and has no argon2 in its tests |
//! | `store-suite` | `test_store!`: the checks that the stores of hallpass-sqlx pass on SQLite and PostgreSQL | off, because a site on those has no store to check |

#![forbid(unsafe_code)]

mod authenticator;
mod frozen_clock;
mod kit;
#[cfg(feature = "actix")]
mod on_actix;
#[cfg(feature = "axum")]
mod on_axum;
mod route_answers;
#[cfg(feature = "store-suite")]
pub mod store_suite;
mod user;
#[cfg(feature = "stores")]
mod watched;

pub use authenticator::Authenticator;
pub use frozen_clock::FrozenClock;
pub use kit::Kit;
pub use route_answers::{RouteAnswers, assert_snapshot};
pub use user::User;
#[cfg(feature = "stores")]
pub use watched::Watched;
