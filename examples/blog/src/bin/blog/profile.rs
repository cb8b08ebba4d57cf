//! The profile page of the person who is logged in.

use axum::extract::State;
use axum::response::Response;
use blog::{BlogRole, Site, Viewer};
use hallpass::Identity;

use crate::failure::Failed;
use crate::visit::Visit;

/// Renders name, roles, second factor and sessions.
pub(crate) async fn profile(
    visit: Visit,
    me: Identity<BlogRole>,
    State(site): State<Site>,
) -> Result<Response, Failed> {
    let viewer = Viewer::new(me.username(), me.roles());
    Ok(visit.answer(&site.profile(me.user_id(), viewer, me.session()).await?))
}
