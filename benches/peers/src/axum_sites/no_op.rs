//! Two layers that do nothing, where hallpass has its layer and its guard: what axum itself charges for their places.

use axum::{Router, routing::get};
use tower::layer::util::Identity;

pub(crate) fn site() -> Router {
    Router::new().route("/admin", get(|| async { "hello" }).route_layer(Identity::new())).layer(Identity::new())
}
