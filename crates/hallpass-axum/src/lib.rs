//! hallpass on axum: extractors, guards, and the login routes.
//!
//! - [`Identity<R>`](Identity) as a handler's argument requires a logged-in caller and rejects any
//!   other. `Option<Identity<R>>` is `None` without a token and with an invalid token;
//!   `Extension<Authentication>` contains the reason.
//! - [`Allowed<P>`](Allowed) requires a [`Permission`](hallpass_core::Permission) of the site:
//!   roles, a second factor, a recent login. A value of this type proves the permission.
//! - [`require_roles`](hallpass_tower::require_roles) and its siblings guard a route as a layer:
//!   `get(page).route_layer(require_roles([Admin]))`. `get(page.layer(…))` guards one of several
//!   handlers.
//!
//! Extractors and guards only reject. [`AuthLayer`](hallpass_tower::AuthLayer) around the router
//! authenticates the request and renders their rejections.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use hallpass_axum::Identity;
//! use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
//! use hallpass_tower::{AuthLayer, require_roles};
//! use http::Request;
//! use tower::ServiceExt;
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Guest,
//!     Admin,
//! }
//!
//! async fn home(me: Option<Identity<SiteRole>>) -> String {
//!     me.map_or("Hello, stranger".to_owned(), |me| format!("Hello, {}", me.username()))
//! }
//!
//! async fn report(me: Identity<SiteRole>) -> String {
//!     format!("{} may {:?}", me.username(), me.roles())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_764_000_000));
//! let app = Router::new()
//!     .route("/", get(home))
//!     .route("/report", get(report).route_layer(require_roles([SiteRole::Admin])))
//!     .layer(AuthLayer::new(Verifier::<SiteRole>::new(keys, "https://site.example", "site")));
//!
//! let get = |path| Request::get(path).body(Body::empty()).unwrap();
//! assert_eq!(app.clone().oneshot(get("/")).await.unwrap().status(), 200);
//! let refused = app.oneshot(get("/report")).await.unwrap();
//! assert_eq!(
//!     (refused.status().as_u16(), refused.headers()["location"].as_bytes()),
//!     (303, &b"/login?next=%2Freport"[..])
//! );
//! # }
//! ```
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `router`, `routes` | `mount`: the routes of a router with and without a path prefix | off |
//! | `router` | `GuardedRouter`: a router that accepts no route without a requirement | off, because it needs all of axum; the extractors need only axum-core |
//! | `routes` | `routes`: the login routes as a `Router`. `Rotation`: renewal of a session within a request, for `AuthLayer::refresh` | off, because a service that only verifies tokens needs no store, no argon2 and no tokio |
//! | `serve` | `serve`: a server over HTTP/1.1 with limits on request heads and idle connections | off, because it needs hyper and tokio |

#![forbid(unsafe_code)]

mod allowed;
#[cfg(feature = "router")]
mod guarded_router;
mod identity;
#[cfg(any(feature = "router", feature = "routes"))]
mod mount;
#[cfg(feature = "routes")]
mod routes;
#[cfg(feature = "serve")]
mod serve;

pub use allowed::Allowed;
#[cfg(feature = "router")]
pub use guarded_router::GuardedRouter;
#[cfg(feature = "routes")]
pub use hallpass_accounts::RequestRefresh as Rotation;
pub use identity::{Identity, Rejected};
#[cfg(any(feature = "router", feature = "routes"))]
pub use mount::mount;
#[cfg(feature = "routes")]
pub use routes::routes;
#[cfg(feature = "serve")]
pub use serve::{HEAD_TIMEOUT, serve, serve_until};
