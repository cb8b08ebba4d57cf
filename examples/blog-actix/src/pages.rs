//! The blog's own pages. Who may see them is said at the routes.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::{Data, Form, Path, Query},
};
use blog::{Admin, BlogRole, Draft, Hide, Home, NewPost, Person, PostView, Profile, Site, Viewer};
use hallpass::{
    Account, AccountId, Accounts, Administration, Clock, Role, Sessions, SystemClock, Username, actix::Identity,
};
use serde::Deserialize;

use crate::{failure::Failure, visit::Visit};

type Answer = Result<HttpResponse, Failure>;

#[derive(Deserialize)]
pub(crate) struct Older {
    before: Option<i64>,
}

/// The posts, the newest first.
pub(crate) async fn home(visit: Visit, site: Data<Site>, older: Query<Older>) -> Answer {
    let page = site.posts.page(older.before).await.map_err(Failure::store)?;
    Ok(visit.page(&Home { page: &page, first: older.before.is_none() }))
}

/// One post.
pub(crate) async fn post(visit: Visit, site: Data<Site>, slug: Path<String>) -> Answer {
    let post = site.posts.by_slug(&slug).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    Ok(visit.page(&PostView { post: &post, may_hide: visit.viewer.as_ref().is_some_and(Viewer::sees_hide) }))
}

/// The form for a new post.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    visit.page(&NewPost::default())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DraftFields {
    title: String,
    body: String,
}

/// Publishes, and leads to the post; shows the form again, with what was typed, where something is wrong with it.
pub(crate) async fn publish(
    visit: Visit,
    me: Identity<BlogRole>,
    site: Data<Site>,
    Form(DraftFields { title, body }): Form<DraftFields>,
) -> Answer {
    match Draft::parse(&title, &body) {
        Ok(draft) => {
            let now = SystemClock.now().as_secs();
            let slug = site.posts.publish(&draft, me.username(), now).await.map_err(Failure::store)?;
            Ok(see_other(&format!("/posts/{slug}")))
        }
        Err(errors) => {
            let form = NewPost { title: &title, body: &body, errors };
            Ok(visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &form))
        }
    }
}

/// Hides a post.
pub(crate) async fn hide(site: Data<Site>, slug: Path<String>) -> Answer {
    match site.posts.hide(&slug).await.map_err(Failure::store)? {
        Hide::Hidden => Ok(see_other("/")),
        Hide::NotFound => Err(Failure::NotFound),
    }
}

/// Name, roles, second factor and sessions. The token knows the first two; the rest is read, since this page is about it.
pub(crate) async fn profile(visit: Visit, me: Identity<BlogRole>, site: Data<Site>) -> Answer {
    let id = AccountId::new(me.user_id());
    let account = site.store.by_id(&id).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    let sessions = Sessions::list(&site.store, &id, SystemClock.now()).await.map_err(Failure::store)?;
    let roles: Vec<_> = me.roles().iter().map(Role::name).collect();
    let second_factor = account.second_factor().is_some();
    Ok(visit.page(&Profile { username: me.username(), roles: &roles, second_factor, sessions: sessions.len() }))
}

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}

/// Everyone with an account, a hundred at a time, by name.
pub(crate) async fn people(visit: Visit, site: Data<Site>, Query(After { after }): Query<After>) -> Answer {
    let after = after.and_then(|name| Username::parse(&name).ok());
    let mut accounts = Administration::list(&site.store, after.as_ref(), PAGE + 1).await.map_err(Failure::store)?;
    let more = accounts.len() > PAGE as usize;
    accounts.truncate(PAGE as usize);
    let people: Vec<_> = accounts.iter().map(person).collect();
    let roles: Vec<_> = BlogRole::ALL.iter().map(|role| role.name()).collect();
    Ok(visit.page(&Admin { people: &people, roles: &roles, more: people.last().filter(|_| more) }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleField {
    role: String,
}

/// Gives somebody a role, in the place of all others; whoever had another signs in again.
pub(crate) async fn set_role(site: Data<Site>, username: Path<String>, field: Form<RoleField>) -> Answer {
    let role = BlogRole::from_name(&field.role).ok_or(Failure::UnknownRole)?;
    let username = Username::parse(&username).map_err(|_| Failure::NotFound)?;
    let account = site.store.by_username(&username).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    site.hallpass.set_roles(account.id(), [role]).await.map_err(Failure::store)?;
    Ok(see_other("/admin"))
}

fn person(account: &Account) -> Person {
    Person {
        username: account.username().to_string(),
        roles: account.roles().to_vec(),
        second_factor: account.second_factor().is_some(),
        disabled: account.disabled(),
    }
}

fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}

/// People on a page.
const PAGE: u32 = 100;
