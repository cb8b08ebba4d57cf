//! Test support for a site on hallpass: users by role, a clock that the test controls, stores that
//! count their calls, and the response of every route for every role.
//!
//! A [`Kit`] is an issuer of tokens, a verifier of them and a frozen clock. A test of a handler
//! needs no login, no database and no password hash, and still uses the real layer: the cookie is
//! signed, found and verified as in production.
//!
//! The crate deliberately does not mock. It has no fake identity that bypasses the layer, because a
//! test with a fake identity cannot find a route without its guard.
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
//! | to | use |
//! |---|---|
//! | send requests as a user with these roles | [`Kit::as_user`], [`User`] |
//! | change the time | [`Kit::clock`], [`FrozenClock`] |
//! | check that a route calls no store | `Kit::watch`, [`Kit::assert_no_store_calls`], [`Kit::forbid_store_calls`] |
//! | check every route with every role | `Kit::answers`, [`RouteAnswers`], [`assert_snapshot`] |
//! | enter one-time codes | [`Kit::authenticator`], [`Authenticator`] |
//! | log in through the site's own routes | [`Kit::keys`] and [`Kit::clock`], passed to the site's own builder |
//! | check your own store | `test_store!` and the module `store_suite` |
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `axum` | `Kit::layer`, `Kit::answers`, and `User::get` and its siblings for tower's `oneshot` and axum-test | on, because most sites use axum |
//! | `actix` | `Kit::layer`, `Kit::actix_answers`, and `User::actix_get` for actix-web's `test` | off, because it needs actix-web |
//! | `stores` | `Kit::watch`, around any store of hallpass-accounts | on, because a site has a store; without it a service that only verifies has no argon2 in its tests |
//! | `store-suite` | `test_store!`: the checks that the stores of hallpass-sqlx pass on SQLite and PostgreSQL | off, because a site on those stores needs no check of its own |

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
