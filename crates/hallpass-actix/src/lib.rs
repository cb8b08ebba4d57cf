//! hallpass on actix-web 4: who asks, may they, and the sign-in routes.
//!
//! [`AuthLayer`] wraps the app: it finds out who asks, and turns what the guards inside refuse into
//! an answer. A guard ([`require_login`], [`require_roles`], …) wraps a scope or a resource, or
//! routes by role as a [`Guard`](actix_web::guard::Guard). [`Identity`] is the extractor. None of
//! them decides anything: the decisions are `hallpass-core`'s, the same that the tower layers ask,
//! and `hallpass-conformance` holds both to one table of answers.
//!
//! Nothing on the path of a request allocates a future, looks anything up or awaits. Without
//! `routes` this crate depends on `hallpass-core` and actix-web alone, so a guarded route cannot
//! reach a store.
//!
//! | feature | what |
//! |---|---|
//! | `routes` | `routes`: the login endpoints, for `App::service`; `Rotation`: renewal within a request, for `AuthLayer::refresh` |
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
mod require;
#[cfg(feature = "routes")]
mod routes;

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
