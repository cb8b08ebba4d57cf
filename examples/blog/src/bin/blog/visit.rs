//! The client of a request: the identity, and the preferred format of the response.

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use blog::{BlogRole, Content, Data, Site, Viewer};
use hallpass::Identity;
use hallpass::axum::Rejected;
use hallpass::request::{Caller, PathPrefix};
use serde_json::Value;

/// The identity of the client, and whether it prefers JSON.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) viewer: Option<Viewer>,
    pub(crate) prefix: PathPrefix,
    json: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit
where
    Site: FromRef<S>,
{
    type Rejection = Rejected;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejected> {
        let me =
            <Identity<BlogRole> as OptionalFromRequestParts<S>>::from_request_parts(parts, state)
                .await?;
        let header = |name: &str| parts.headers.get(name).map(|value| value.as_bytes());
        let caller = Caller::new(parts.method.as_str(), parts.uri.path(), header);
        Ok(Self {
            viewer: me.map(|me| Viewer::new(me.username(), me.roles())),
            prefix: Site::from_ref(state).hallpass.prefix().clone(),
            json: caller.prefers_json(),
        })
    }
}

impl Visit {
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Renders the page in the blog's frame.
    pub(crate) fn page(&self, content: &impl Content) -> Response {
        let document = blog::document(content, self.viewer.as_ref(), self.prefix.as_str());
        (PERSONAL, Html(document)).into_response()
    }

    /// Redirects to one of the blog's own paths.
    pub(crate) fn see_other(&self, path: &str) -> Response {
        Redirect::to(&self.prefix.join(path)).into_response()
    }

    /// Renders the page as HTML, or its data as JSON.
    pub(crate) fn answer(&self, page: &impl Data) -> Response {
        if self.json {
            (PERSONAL, Json(page.json(self.prefix.as_str()))).into_response()
        } else {
            self.page(page)
        }
    }

    /// Returns a response with problem details (RFC 9457).
    pub(crate) fn problem(&self, problem: &Value) -> Response {
        (PERSONAL, [(CONTENT_TYPE, "application/problem+json")], problem.to_string())
            .into_response()
    }
}

/// Every page shows the name of the person who is logged in, so no cache may store it.
const PERSONAL: [(axum::http::HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (VARY, "accept, cookie")];
