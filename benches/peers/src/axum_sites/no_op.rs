//! Two layers that do nothing in the places of hallpass's layer and guard, to measure axum's own
//! cost of two layers.

use axum::{Router, routing::get};
use tower::layer::util::Identity;

pub(crate) fn site() -> Router {
    Router::new()
        .route("/admin", get(|| async { "hello" }).route_layer(Identity::new()))
        .layer(Identity::new())
}
