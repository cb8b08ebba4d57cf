//! hallpass as tower layers over `http` 1.x: authentication and guards.
//!
//! [`AuthLayer`] wraps the whole service. It verifies the token of each request without a store,
//! and inserts an [`Authentication`](hallpass_core::Authentication) into the request's extensions.
//! For an invalid token this is an anonymous one, so that open routes stay open. [`require_roles`]
//! and its siblings wrap a route. They only reject: a rejected request gets a response without a
//! body that carries a [`Rejected`]. `AuthLayer` renders it as the page, redirect, problem+json
//! document or gRPC status that fits the caller.
//!
//! `AuthLayer` also protects from CSRF: it rejects unsafe requests and WebSocket handshakes that
//! another site made the browser send. [`OriginLayer`] is this check as a layer of its own.
//!
//! The layers depend on no framework, runtime or store. They box no future and no body, except to
//! renew a session. A rejected request does not reach the route's service, so a WebSocket is
//! rejected before the upgrade.
//!
//! ```
//! use hallpass_core::{KeyRing, Role, UnixTime, Verifier};
//! use hallpass_tower::{AuthLayer, require_roles};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Guest,
//!     Admin,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let random = [7; 32];
//! // The bytes come from the operating system; a service that only verifies reads a JWK Set.
//! let keys = KeyRing::generate_hs256(random, UnixTime::from_secs(1_764_000_000));
//! let site = ServiceBuilder::new()
//!     .layer(AuthLayer::new(Verifier::<SiteRole>::new(keys, "https://site.example", "site")))
//!     .layer(require_roles([SiteRole::Admin]))
//!     .service(service_fn(|_: Request<String>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new("the books".to_owned()))
//!     }));
//!
//! let request =
//!     Request::get("/books").header("accept", "application/json").body(String::new());
//! let response = site.oneshot(request.unwrap()).await.unwrap();
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["content-type"], "application/problem+json");
//! # }
//! ```
//!
//! For tonic and other bodies that are not made from a `String`, set the constructor:
//! `.body_with(tonic::body::Body::new)`.

#![forbid(unsafe_code)]

mod auth;
mod origin;
mod refresh;
mod rejection;
mod require;
mod security_headers;

pub use auth::{AuthFuture, AuthLayer, AuthService, FromText, TextBody};
pub use origin::{OriginLayer, OriginService};
pub use refresh::RefreshFuture;
pub use rejection::{DefaultPage, GuardFuture, OnRejection, Rejected, RejectedRequest};
pub use require::{
    RequireFuture, RequireLayer, RequireService, public, require_any_role, require_at_least,
    require_login, require_roles,
};
pub use security_headers::{SecurityHeadersFuture, SecurityHeadersLayer, SecurityHeadersService};
