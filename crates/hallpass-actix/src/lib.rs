//! hallpass on actix-web 4: authentication, guards, and the login routes.
//!
//! [`AuthLayer`] wraps the app. It rejects unsafe requests and WebSocket handshakes from other
//! sites (CSRF), authenticates each request and renders the rejections of the guards inside it. A
//! guard ([`require_login`], [`require_roles`], …) wraps a scope or a resource, or selects a route
//! as a [`Guard`](actix_web::guard::Guard). [`Identity`] and [`Allowed`] are extractors. All
//! decisions are made in `hallpass-core`, as they are for the tower layers, and
//! `hallpass-conformance` runs one table of requests against both.
//!
//! No future is boxed or awaited per request, except to renew a session. Without the feature
//! `routes` this crate depends on no store, so a guarded route cannot reach one.
//!
//! | feature | what it adds |
//! |---|---|
//! | `routes` | `routes`: the login routes, for `App::service`. `Rotation`: renewal of a session within a request, for `AuthLayer::refresh` |
//!
//! ```
//! use actix_web::{App, http::StatusCode, test, web};
//! use hallpass_actix::{AuthLayer, Identity, require_roles};
//! use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Guest,
//!     Admin,
//! }
//!
//! async fn home(me: Option<Identity<SiteRole>>) -> String {
//!     me.map_or("hello, stranger".into(), |me| format!("hello, {}", me.username()))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! # let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_800_000_000));
//! let auth = AuthLayer::new(Verifier::<SiteRole>::new(keys, "https://site.example", "site"));
//! let app = test::init_service(
//!     App::new().wrap(auth).route("/", web::get().to(home)).service(
//!         web::resource("/admin")
//!             .wrap(require_roles([SiteRole::Admin]))
//!             .to(|| async { "secret" }),
//!     ),
//! )
//! .await;
//! let open = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
//! assert_eq!(test::read_body(open).await, "hello, stranger");
//! let guarded =
//!     test::TestRequest::get().uri("/admin").insert_header(("accept", "application/json"));
//! assert_eq!(
//!     test::call_service(&app, guarded.to_request()).await.status(),
//!     StatusCode::UNAUTHORIZED
//! );
//! # }
//! ```

#![forbid(unsafe_code)]

mod around;
mod auth;
mod authentication;
mod guarded_router;
mod identity;
mod origin;
mod prefix;
mod require;
#[cfg(feature = "routes")]
mod routes;
mod security_headers;

pub use around::{AroundFuture, AroundService};
pub use auth::AuthLayer;
pub use authentication::Rejected;
pub use guarded_router::GuardedRouter;
#[cfg(feature = "routes")]
pub use hallpass_accounts::RequestRefresh as Rotation;
pub use identity::{Allowed, Identity};
pub use origin::OriginLayer;
pub use require::{
    RequireLayer, public, require_any_role, require_at_least, require_login, require_roles,
};
#[cfg(feature = "routes")]
pub use routes::{LoginRoutes, routes};
pub use security_headers::SecurityHeadersLayer;
