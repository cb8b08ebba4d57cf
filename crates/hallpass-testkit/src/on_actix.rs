//! The kit on actix-web: the outer middleware, and requests for its `test` module.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::{Method, header},
    test::TestRequest,
};
use hallpass_core::Role;

use crate::{kit::Kit, route_answers::RouteAnswers, user::User};

impl<R: Role> Kit<R> {
    /// Sends a `GET` request to every route as each visitor, as a browser does, and records the
    /// statuses. It is the `Kit::answers` of actix-web. The visitors are one without a cookie, and
    /// one per role, without and with a second factor.
    ///
    /// ```
    /// use actix_web::{App, test, web};
    /// use hallpass::{Role, require_roles};
    /// use hallpass_testkit::Kit;
    ///
    /// #[derive(Role)]
    /// enum SiteRole {
    ///     Guest,
    ///     Admin,
    /// }
    ///
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let kit = Kit::<SiteRole>::new();
    /// let books = web::resource("/admin")
    ///     .wrap(require_roles([SiteRole::Admin]))
    ///     .to(|| async { "the books" });
    /// let app = test::init_service(App::new().wrap(kit.layer()).service(books)).await;
    ///
    /// let admin = kit.as_user(SiteRole::Admin).actix_get("/admin").to_request();
    /// assert_eq!(test::call_service(&app, admin).await.status(), 200);
    /// let guest = kit.as_user(SiteRole::Guest).actix_get("/admin").to_request();
    /// assert_eq!(test::call_service(&app, guest).await.status(), 403);
    /// # }
    /// ```
    ///
    /// # Panics
    /// The service returns an error, or a route is not a valid path.
    pub async fn actix_answers<S, B>(&self, app: &S, routes: &[&str]) -> RouteAnswers
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        RouteAnswers::collect(&self.visitors(), routes, async |user, route| {
            let answer = app.call(user.actix_get(route).to_request()).await;
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
    pub fn actix_get(&self, path: &str) -> TestRequest {
        self.actix_request(Method::GET, path).insert_header((header::ACCEPT, "text/html"))
    }

    /// Returns a request with this user's cookie and the host `site.example`. The test adds the
    /// other headers and the body.
    ///
    /// # Panics
    /// As [`actix_get`](Self::actix_get).
    pub fn actix_request(&self, method: Method, path: &str) -> TestRequest {
        let request = TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header((header::HOST, "site.example"));
        match self.cookie() {
            cookie if cookie.is_empty() => request,
            cookie => request.insert_header((header::COOKIE, cookie)),
        }
    }
}
