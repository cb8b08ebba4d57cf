//! The kit on tower and axum: the outer layer, and requests for `oneshot`.

use axum_core::body::Body;
use hallpass_core::Role;
use http::{Method, Request, Response, header, request};
use tower_service::Service;

use crate::{kit::Kit, route_answers::RouteAnswers, user::User};

impl<R: Role> Kit<R> {
    /// Sends a `GET` request to every route as each visitor, as a browser does, and records the
    /// statuses. The visitors are one without a cookie, and one per role, without and with a second
    /// factor.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use hallpass::{Role, require_login, require_roles};
    /// # use hallpass_testkit::Kit;
    /// #[derive(Role)]
    /// enum SiteRole {
    ///     Guest,
    ///     Admin,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let kit = Kit::<SiteRole>::new();
    /// let page = || async { "a page" };
    /// let app: Router = Router::new()
    ///     .route("/", get(page))
    ///     .route("/profile", get(page).route_layer(require_login()))
    ///     .route(
    ///         "/admin",
    ///         get(page).route_layer(require_roles([SiteRole::Admin]).and_second_factor()),
    ///     )
    ///     .layer(kit.layer());
    /// assert_eq!(
    ///     kit.answers(&app, &["/", "/profile", "/admin"]).await.to_string(),
    ///     "\
    /// route     logged out  guest  admin
    /// /         200         200    200
    /// /profile  303         200    200
    /// /admin    303         403    403→200
    /// "
    /// );
    /// # }
    /// ```
    ///
    /// # Panics
    /// The service returns an error, or a route is not a valid path.
    pub async fn answers<S, B>(&self, site: &S, routes: &[&str]) -> RouteAnswers
    where
        S: Service<Request<Body>, Response = Response<B>, Error: std::fmt::Debug> + Clone,
    {
        RouteAnswers::collect(&self.visitors(), routes, async |user, route| {
            let mut site = site.clone();
            let ready = std::future::poll_fn(|cx| site.poll_ready(cx)).await;
            let answer = match ready {
                Ok(()) => site.call(user.get(route)).await,
                Err(error) => Err(error),
            };
            answer.unwrap_or_else(|error| panic!("{route}: {error:?}")).status().as_u16()
        })
        .await
    }
}

impl<R: Role> User<R> {
    /// Returns a `GET` request for this path and query, as this user's browser sends it.
    ///
    /// # Panics
    /// `path` is not a valid path, or as [`cookie`](Self::cookie).
    #[must_use]
    pub fn get(&self, path: &str) -> Request<Body> {
        finish(self.request(Method::GET, path).header(header::ACCEPT, "text/html"), Body::empty())
    }

    /// Returns a `GET` request for this path and query, from a client that prefers JSON.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    #[must_use]
    pub fn get_json(&self, path: &str) -> Request<Body> {
        finish(
            self.request(Method::GET, path).header(header::ACCEPT, "application/json"),
            Body::empty(),
        )
    }

    /// Returns a `POST` request with a form, as this user's browser sends it from a page of the
    /// site. `form` is the body, in the encoding `application/x-www-form-urlencoded`.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    #[must_use]
    pub fn post_form(&self, path: &str, form: &str) -> Request<Body> {
        let request = self.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        finish(request.header(header::ACCEPT, "text/html"), Body::from(form.to_owned()))
    }

    /// Returns a request builder with this user's cookie and the host `site.example`. The test adds
    /// the other headers and the body. For a path that is not valid, the builder's `body` returns
    /// an error.
    ///
    /// # Panics
    /// As [`cookie`](Self::cookie).
    pub fn request(&self, method: Method, path: &str) -> request::Builder {
        let request =
            Request::builder().method(method).uri(path).header(header::HOST, "site.example");
        match self.cookie() {
            cookie if cookie.is_empty() => request,
            cookie => request.header(header::COOKIE, cookie),
        }
    }
}

fn finish(request: request::Builder, body: Body) -> Request<Body> {
    request.body(body).unwrap_or_else(|error| panic!("not a valid request: {error}"))
}
