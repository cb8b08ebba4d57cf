//! The pages that show, publish and hide posts.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use blog::{
    BlogRole, Draft, DraftFields, Failure, Hide, Home, NewPost, Older, PostView, Site, Viewer,
};
use hallpass::{Clock, Identity, SystemClock};
use serde_json::json;

use crate::failure::Failed;
use crate::fields::{Fields, Segment};
use crate::visit::Visit;

/// Renders the front page or an older page of posts.
pub(crate) async fn home(
    visit: Visit,
    State(site): State<Site>,
    older: Result<Query<Older>, QueryRejection>,
) -> Result<Response, Failed> {
    let Query(Older { before }) = older.map_err(|_| Failure::NotFound)?;
    let page = site.posts.page(before).await.map_err(Failure::store)?;
    Ok(visit.answer(&Home { page: &page, first: before.is_none() }))
}

/// Renders one post.
pub(crate) async fn post(
    visit: Visit,
    State(site): State<Site>,
    Segment(slug): Segment,
) -> Result<Response, Failed> {
    let post = site.posts.by_slug(&slug).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    Ok(visit.answer(&PostView {
        post: &post,
        may_hide: visit.viewer.as_ref().is_some_and(Viewer::sees_hide),
    }))
}

/// Renders the form for a new post.
pub(crate) async fn new(visit: Visit) -> Response {
    visit.page(&NewPost::default())
}

/// Publishes a post and redirects to it. If a field is invalid, renders the form again with the
/// text that was entered.
pub(crate) async fn publish(
    visit: Visit,
    me: Identity<BlogRole>,
    State(site): State<Site>,
    Fields(DraftFields { title, body }): Fields<DraftFields>,
) -> Result<Response, Failed> {
    let draft = match Draft::parse(&title, &body) {
        Ok(draft) => draft,
        Err(errors) if visit.wants_json() => return Err(Failure::Draft(errors).into()),
        Err(errors) => {
            let form = visit.page(&NewPost { title: &title, body: &body, errors });
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, form).into_response());
        }
    };
    let now = SystemClock.now().as_secs();
    let slug = site.posts.publish(&draft, me.username(), now).await.map_err(Failure::store)?;
    let path = format!("/posts/{slug}");
    if visit.wants_json() {
        let place = visit.prefix.join(&path);
        let json = axum::Json(json!({"slug": slug.as_str(), "url": place}));
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, place)], json).into_response());
    }
    Ok(visit.see_other(&path))
}

/// Hides a post.
pub(crate) async fn hide(
    visit: Visit,
    State(site): State<Site>,
    Segment(slug): Segment,
) -> Result<Response, Failed> {
    match site.posts.hide(&slug).await.map_err(Failure::store)? {
        Hide::Hidden => Ok(visit.see_other("/")),
        Hide::NotFound => Err(Failure::NotFound.into()),
    }
}
