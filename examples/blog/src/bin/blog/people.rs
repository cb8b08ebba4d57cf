//! The people's page: who has an account, and which role.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use blog::{Admin, After, BlogRole, Failure, Person, RoleField, Site};
use hallpass::{Accounts, Administration, Role, Username};

use crate::failure::Failed;
use crate::fields::{Fields, Segment};
use crate::visit::Visit;

/// Everyone with an account, a hundred at a time, by name.
pub(crate) async fn people(
    visit: Visit,
    State(site): State<Site>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failed> {
    let Query(After { after }) = after.map_err(|_| Failure::NotFound)?;
    let after = after.and_then(|name| Username::parse(&name).ok());
    let mut accounts = site.store.list(after.as_ref(), PAGE + 1).await.map_err(Failure::store)?;
    let more = accounts.len() > PAGE as usize;
    accounts.truncate(PAGE as usize);
    let people: Vec<_> = accounts.iter().map(Person::from).collect();
    let roles: Vec<_> = BlogRole::ALL.iter().map(|role| role.name()).collect();
    Ok(visit.answer(&Admin { people: &people, roles: &roles, more: people.last().filter(|_| more) }))
}

/// Gives somebody a role, in the place of all others; whoever had another signs in again.
pub(crate) async fn set_role(
    visit: Visit,
    State(site): State<Site>,
    Segment(username): Segment,
    Fields(field): Fields<RoleField>,
) -> Result<Response, Failed> {
    let role = field.role()?;
    let username = Username::parse(&username).map_err(|_| Failure::NotFound)?;
    let account = site.store.by_username(&username).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    site.hallpass.set_roles(account.id(), [role]).await.map_err(Failure::store)?;
    if visit.wants_json() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Redirect::to("/admin").into_response())
}

/// Rows on one page.
const PAGE: u32 = 100;
