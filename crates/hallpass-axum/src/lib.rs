//! hallpass on axum: extractors, guards, and the sign-in routes.
//!
//! - [`Identity<R>`](Identity) in a handler's arguments asks for a signed-in caller, and refuses any other;
//!   `Option<Identity<R>>` asks for nobody: no token and a bad one are `None`, and `Extension<Authentication>` beside it tells which.
//! - [`Allowed<P>`](Allowed) asks for a [`Permission`](hallpass_core::Permission) that the site names: roles, a second factor, freshness. It is the proof that it was there.
//! - [`require_roles`](hallpass_tower::require_roles) and its siblings guard a route as a layer: `get(page).route_layer(require_roles([Admin]))`;
//!   `get(page.layer(…))` guards one handler of several.
//!
//! All of them only say no. [`AuthLayer`](hallpass_tower::AuthLayer) around the router says who asks, and how "no" looks.
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `signin` | `sign_in_routes`: the sign-in endpoints as a `Router` | off, because a service that only verifies tokens needs no store, no argon2 and no tokio |

#![forbid(unsafe_code)]

mod allowed;
mod denied;
mod identity;
#[cfg(feature = "signin")]
mod sign_in_routes;

pub use allowed::Allowed;
pub use denied::Denied;
pub use identity::Identity;
#[cfg(feature = "signin")]
pub use sign_in_routes::sign_in_routes;
