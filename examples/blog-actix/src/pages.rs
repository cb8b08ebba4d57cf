//! The handlers of the blog's own pages. `routes.rs` has the requirement of each page.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::{Data, Path, Query},
};
use blog::{
    After, BlogRole, Draft, DraftFields, Failure, Hide, Home, NewPost, Older, PostView, RoleField,
    Site, Viewer,
};
use hallpass::{Clock, Identity, SystemClock};
use serde_json::json;

use crate::{failure::Failed, fields::Fields, visit::Visit};

type Answer = Result<HttpResponse, Failed>;

/// Renders the posts, newest first.
pub(crate) async fn home(visit: Visit, site: Data<Site>, older: Query<Older>) -> Answer {
    let page = site.posts.page(older.before).await.map_err(Failure::store)?;
    Ok(visit.answer(&Home { page: &page, first: older.before.is_none() }))
}

/// Renders one post.
pub(crate) async fn post(visit: Visit, site: Data<Site>, slug: Path<String>) -> Answer {
    let post = site.posts.by_slug(&slug).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    Ok(visit.answer(&PostView {
        post: &post,
        may_hide: visit.viewer.as_ref().is_some_and(Viewer::sees_hide),
    }))
}

/// Renders the form for a new post.
pub(crate) async fn new(visit: Visit) -> HttpResponse {
    visit.page(&NewPost::default())
}

/// Publishes a post and redirects to it. If a field is invalid, renders the form again with the
/// text that was entered.
pub(crate) async fn publish(
    visit: Visit,
    me: Identity<BlogRole>,
    site: Data<Site>,
    Fields(DraftFields { title, body }): Fields<DraftFields>,
) -> Answer {
    let draft = match Draft::parse(&title, &body) {
        Ok(draft) => draft,
        Err(errors) if visit.wants_json() => return Err(Failure::Draft(errors).into()),
        Err(errors) => {
            let form = NewPost { title: &title, body: &body, errors };
            return Ok(visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &form));
        }
    };
    let now = SystemClock.now().as_secs();
    let slug = site.posts.publish(&draft, me.username(), now).await.map_err(Failure::store)?;
    let path = format!("/posts/{slug}");
    if visit.wants_json() {
        let place = visit.prefix.join(&path);
        let json = json!({"slug": slug.as_str(), "url": place});
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, place)).json(json));
    }
    Ok(visit.see_other(&path))
}

/// Hides a post.
pub(crate) async fn hide(visit: Visit, site: Data<Site>, slug: Path<String>) -> Answer {
    match site.posts.hide(&slug).await.map_err(Failure::store)? {
        Hide::Hidden => Ok(visit.see_other("/")),
        Hide::NotFound => Err(Failure::NotFound.into()),
    }
}

/// Renders name, roles, second factor and sessions.
pub(crate) async fn profile(visit: Visit, me: Identity<BlogRole>, site: Data<Site>) -> Answer {
    let viewer = Viewer::new(me.username(), me.roles());
    Ok(visit.answer(&site.profile(me.user_id(), viewer, me.session()).await?))
}

/// Renders a page of at most 100 accounts in the order of their names.
pub(crate) async fn people(
    visit: Visit,
    site: Data<Site>,
    Query(After { after }): Query<After>,
) -> Answer {
    Ok(visit.answer(&site.people(after.as_deref()).await?))
}

/// Replaces all roles of an account with one role. If the roles change, the person has to log in
/// again.
pub(crate) async fn set_role(
    visit: Visit,
    me: Identity<BlogRole>,
    site: Data<Site>,
    username: Path<String>,
    Fields(field): Fields<RoleField>,
) -> Answer {
    site.give_role(site.hallpass.commands_of(&me.into_inner()), &username, field.role()?).await?;
    if visit.wants_json() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(visit.see_other("/admin"))
}
