//! Reading, writing and hiding posts.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Redirect, Response};
use blog::{BlogRole, Draft, Hide, Home, NewPost, Post, PostView, Site, Viewer};
use hallpass::{Clock, Identity, SystemClock};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::fields::{Fields, Segment};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct Older {
    before: Option<i64>,
}

/// The front page, or an older page of posts.
pub(crate) async fn home(
    visit: Visit,
    State(site): State<Site>,
    older: Result<Query<Older>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Older { before }) = older.map_err(|_| Failure::NotFound)?;
    let page = site.posts.page(before).await.map_err(Failure::store)?;
    let home = Home { page: &page, first: before.is_none() };
    Ok(visit.answer(&home, || {
        json!({
            "posts": page.posts.iter().map(summary).collect::<Vec<_>>(),
            "older": page.older_than.map(|id| format!("/?before={id}")),
        })
    }))
}

/// One post.
pub(crate) async fn post(visit: Visit, State(site): State<Site>, Segment(slug): Segment) -> Result<Response, Failure> {
    let post = site.posts.by_slug(&slug).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    let view = PostView { post: &post, may_hide: visit.viewer.as_ref().is_some_and(Viewer::sees_hide) };
    Ok(visit.answer(&view, || {
        let mut json = summary(&post);
        json["body"] = post.body.clone().into();
        json
    }))
}

/// The form for a new post.
pub(crate) async fn new(visit: Visit) -> Response {
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
    State(site): State<Site>,
    Fields(DraftFields { title, body }): Fields<DraftFields>,
) -> Result<Response, Failure> {
    let draft = match Draft::parse(&title, &body) {
        Ok(draft) => draft,
        Err(errors) if visit.wants_json() => return Err(Failure::Draft(errors)),
        Err(errors) => {
            let form = visit.page(&NewPost { title: &title, body: &body, errors });
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, form).into_response());
        }
    };
    let now = SystemClock.now().as_secs();
    let slug = site.posts.publish(&draft, me.username(), now).await.map_err(Failure::store)?;
    let place = format!("/posts/{slug}");
    if visit.wants_json() {
        let json = axum::Json(json!({"slug": slug.as_str(), "url": place}));
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, place)], json).into_response());
    }
    Ok(Redirect::to(&place).into_response())
}

/// Hides a post.
pub(crate) async fn hide(State(site): State<Site>, Segment(slug): Segment) -> Result<Response, Failure> {
    match site.posts.hide(&slug).await.map_err(Failure::store)? {
        Hide::Hidden => Ok(Redirect::to("/").into_response()),
        Hide::NotFound => Err(Failure::NotFound),
    }
}

fn summary(post: &Post) -> Value {
    json!({
        "slug": post.slug,
        "title": post.title,
        "author": post.author,
        "published_at": blog::rfc3339(post.published_at),
    })
}
