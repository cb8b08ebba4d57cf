//! The people's page: who has an account, and which role.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use blog::{Admin, BlogRole, Person, Site};
use hallpass::{Account, Accounts, Administration, Role, Username};
use serde::Deserialize;
use serde_json::json;

use crate::failure::Failure;
use crate::fields::{Fields, Segment};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}

/// Everyone with an account, a hundred at a time, by name.
pub(crate) async fn people(
    visit: Visit,
    State(site): State<Site>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(After { after }) = after.map_err(|_| Failure::NotFound)?;
    let after = after.and_then(|name| Username::parse(&name).ok());
    let mut accounts = site.store.list(after.as_ref(), PAGE + 1).await.map_err(Failure::store)?;
    let more = accounts.len() > PAGE as usize;
    accounts.truncate(PAGE as usize);
    let people: Vec<_> = accounts.iter().map(person).collect();
    let roles: Vec<_> = BlogRole::ALL.iter().map(|role| role.name()).collect();
    let page = Admin { people: &people, roles: &roles, more: people.last().filter(|_| more) };
    Ok(visit.answer(&page, || {
        let users = accounts.iter().zip(&people).map(|(account, person)| {
            json!({
                "id": account.id().as_str(),
                "username": person.username,
                "roles": person.roles,
                "second_factor": person.second_factor,
                "disabled": person.disabled,
            })
        });
        json!({"users": users.collect::<Vec<_>>()})
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleField {
    role: String,
}

/// Gives somebody a role, in the place of all others; whoever had another signs in again.
pub(crate) async fn set_role(
    visit: Visit,
    State(site): State<Site>,
    Segment(username): Segment,
    Fields(RoleField { role }): Fields<RoleField>,
) -> Result<Response, Failure> {
    let role = BlogRole::from_name(&role).ok_or(Failure::Field("role", "Choose one of guest, moderator and admin."))?;
    let username = Username::parse(&username).map_err(|_| Failure::NotFound)?;
    let account = site.store.by_username(&username).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    site.hallpass.set_roles(account.id(), [role]).await.map_err(Failure::store)?;
    if visit.wants_json() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Redirect::to("/admin").into_response())
}

fn person(account: &Account) -> Person {
    Person {
        username: account.username().to_string(),
        roles: account.roles().to_vec(),
        second_factor: account.second_factor().is_some(),
        disabled: account.disabled(),
    }
}

/// Rows on one page.
const PAGE: u32 = 100;
