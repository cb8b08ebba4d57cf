//! The people page: all accounts with their roles.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use blog::{After, BlogRole, Failure, RoleField, Site};
use hallpass::Identity;

use crate::failure::Failed;
use crate::fields::{Fields, Segment};
use crate::visit::Visit;

/// Renders a page of at most 100 accounts in the order of their names.
pub(crate) async fn people(
    visit: Visit,
    State(site): State<Site>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failed> {
    let Query(After { after }) = after.map_err(|_| Failure::NotFound)?;
    Ok(visit.answer(&site.people(after.as_deref()).await?))
}

/// Replaces all roles of an account with one role. If the roles change, the person has to log in
/// again.
pub(crate) async fn set_role(
    visit: Visit,
    me: Identity<BlogRole>,
    State(site): State<Site>,
    Segment(username): Segment,
    Fields(field): Fields<RoleField>,
) -> Result<Response, Failed> {
    site.give_role(site.hallpass.commands_of(&me), &username, field.role()?).await?;
    if visit.wants_json() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(visit.see_other("/admin"))
}
