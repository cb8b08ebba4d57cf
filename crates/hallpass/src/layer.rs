//! The layers around a whole site, for axum and actix-web, and a site's own pages for rejections.

use std::{fmt, sync::Arc};

use hallpass_core::{
    Authentication, Clock, OriginCheck, Rejection, RequestAuthenticator, Role, SecurityHeaders,
};

/// The outer layer: rejects unsafe requests from other sites (CSRF), verifies the token of each
/// request, refreshes an expired session, and renders the rejections of the guards inside.
///
/// With the feature `axum` it is a tower layer, and `protect` puts it around a router. With the
/// feature `actix` it is middleware for `App::wrap`. It must be the last `wrap` call, which is the
/// outermost middleware. It is cheap to clone.
///
/// `R` is the site's role enum. `P` renders the site's own pages. `T` makes a response body from
/// text (tower only).
#[must_use]
pub struct AuthLayer<R: Role, P = DefaultPage, T = FromText> {
    #[cfg(feature = "axum")]
    pub(crate) tower: hallpass_tower::AuthLayer<R, TowerPage<P>, T>,
    #[cfg(feature = "actix")]
    pub(crate) actix: hallpass_actix::AuthLayer<R>,
    pub(crate) page: Arc<P>,
    #[cfg(not(feature = "axum"))]
    pub(crate) text_body: std::marker::PhantomData<T>,
}

impl<R: Role> AuthLayer<R> {
    /// Returns a layer that verifies tokens with this verifier or [`RequestAuthenticator`], for a
    /// service that only verifies tokens.
    ///
    /// In a site, use `hallpass.layer()`, which has all settings of the site.
    pub fn new(authenticator: impl Into<RequestAuthenticator<R>>) -> Self {
        let authenticator = authenticator.into();
        Self {
            #[cfg(feature = "axum")]
            tower: plain_layer(hallpass_tower::AuthLayer::new(authenticator.clone())),
            #[cfg(feature = "actix")]
            actix: hallpass_actix::AuthLayer::new(authenticator),
            page: Arc::new(DefaultPage),
            #[cfg(not(feature = "axum"))]
            text_body: std::marker::PhantomData,
        }
    }
}

impl<R: Role, P, T: Clone> AuthLayer<R, P, T> {
    /// Sets the clock. Defaults to the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        #[cfg(feature = "axum")]
        {
            self.tower = self.tower.clock(Arc::clone(&clock));
        }
        #[cfg(feature = "actix")]
        {
            self.actix = self.actix.clock(clock);
        }
        self
    }

    /// Removes the origin check: another site can then send forms with the visitor's cookie (CSRF).
    /// It is for a service that accepts no cookie, such as an API for bearer tokens only. The login
    /// routes keep their check. To accept another origin, use
    /// [`trust_origin`](crate::HallpassBuilder::trust_origin) instead.
    pub fn insecure_without_csrf_check(mut self) -> Self {
        #[cfg(feature = "axum")]
        {
            self.tower = self.tower.insecure_without_csrf_check();
        }
        #[cfg(feature = "actix")]
        {
            self.actix = self.actix.insecure_without_csrf_check();
        }
        self
    }

    /// Renders the site's own page for a rejection. `None` leaves it to the default response.
    ///
    /// The page is an axum `Response` or an actix-web `HttpResponse`. The closure is called only if
    /// the client accepts a page. A client that prefers JSON, uses gRPC or requests an upgrade
    /// receives another form of response. A page with a success status is sent with the status of
    /// the rejection. Defaults to a plain page.
    pub fn on_rejection<Q, A>(self, page: A) -> AuthLayer<R, A, T>
    where
        A: Fn(Rejection, &RejectedRequest<'_>) -> Option<Q>,
    {
        let page = Arc::new(page);
        AuthLayer {
            #[cfg(feature = "axum")]
            tower: self.tower.rejection_page(TowerPage(Arc::clone(&page))),
            #[cfg(feature = "actix")]
            actix: self.actix,
            page,
            #[cfg(not(feature = "axum"))]
            text_body: self.text_body,
        }
    }

    /// Rejects the response of every route without a guard, fallbacks included: a forgotten guard
    /// results in a 500 and an error in the log instead of an open route. A deliberately open route
    /// has the guard [`public`](crate::public). Defaults to off.
    ///
    /// The handler of the route has already run when its response is rejected. A `GuardedRouter`
    /// does not accept a route without a guard in the first place.
    pub fn deny_unguarded_routes(mut self) -> Self {
        #[cfg(feature = "axum")]
        {
            self.tower = self.tower.deny_unguarded_routes();
        }
        #[cfg(feature = "actix")]
        {
            self.actix = self.actix.deny_unguarded_routes();
        }
        self
    }
}

impl<R: Role, P, T> Clone for AuthLayer<R, P, T> {
    fn clone(&self) -> Self {
        Self {
            #[cfg(feature = "axum")]
            tower: self.tower.clone(),
            #[cfg(feature = "actix")]
            actix: self.actix.clone(),
            page: Arc::clone(&self.page),
            #[cfg(not(feature = "axum"))]
            text_body: self.text_body,
        }
    }
}

impl<R: Role, P, T> fmt::Debug for AuthLayer<R, P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").finish_non_exhaustive()
    }
}

/// Rejects unsafe requests that another site made the browser send (CSRF).
///
/// The [`AuthLayer`] and the login routes have this check themselves. This layer is for the routes
/// with cookies of a site whose `AuthLayer` is
/// [without it](AuthLayer::insecure_without_csrf_check). It goes inside the `AuthLayer`, which
/// renders its rejections.
#[derive(Clone, Debug)]
#[must_use]
pub struct OriginLayer {
    #[cfg(feature = "axum")]
    pub(crate) tower: hallpass_tower::OriginLayer,
    #[cfg(feature = "actix")]
    pub(crate) actix: hallpass_actix::OriginLayer,
}

impl OriginLayer {
    pub(crate) fn new(check: &OriginCheck) -> Self {
        Self {
            #[cfg(feature = "axum")]
            tower: hallpass_tower::OriginLayer::new(check.clone()),
            #[cfg(feature = "actix")]
            actix: hallpass_actix::OriginLayer::new(check.clone()),
        }
    }
}

/// Adds the security headers to the site's own responses: `Content-Security-Policy`,
/// `X-Frame-Options`, `Strict-Transport-Security` and others. A header that a response already has
/// is kept.
///
/// The responses of hallpass have these headers without this layer.
#[derive(Clone, Debug)]
#[must_use]
pub struct SecurityHeadersLayer {
    headers: SecurityHeaders,
}

impl SecurityHeadersLayer {
    pub(crate) fn new(headers: SecurityHeaders) -> Self {
        Self { headers }
    }

    /// Replaces the content security policy of the site's own pages. The pages of hallpass keep
    /// their own. Defaults to the policy of hallpass's pages: style sheets, scripts, images and
    /// forms of the site itself, nothing inline, and no frames.
    pub fn content_security_policy(self, policy: impl Into<String>) -> Self {
        Self { headers: self.headers.content_security_policy(policy.into()) }
    }

    #[cfg(feature = "axum")]
    pub(crate) fn tower(&self) -> hallpass_tower::SecurityHeadersLayer {
        hallpass_tower::SecurityHeadersLayer::new(&self.headers)
    }

    #[cfg(feature = "actix")]
    pub(crate) fn actix(&self) -> hallpass_actix::SecurityHeadersLayer {
        hallpass_actix::SecurityHeadersLayer::new(&self.headers)
    }
}

/// A rejected request, for a site's own page. It is the same type on axum and actix-web.
#[derive(Clone, Copy)]
pub struct RejectedRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    pub(crate) authentication: &'a Authentication,
    #[cfg(feature = "actix")]
    pub(crate) actix: Option<&'a actix_web::HttpRequest>,
}

impl<'a> RejectedRequest<'a> {
    /// Returns the method: `GET`.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// Returns the path and the query as the [`AuthLayer`] received them: `/books?page=2`.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// Returns the path: `/books`.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// Returns the first header of this name, if its value is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        (self.header)(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Returns the caller: anonymous, or logged in without what the route requires.
    #[must_use]
    pub fn authentication(&self) -> &'a Authentication {
        self.authentication
    }

    /// Returns the request of actix-web, for example to read its app data. Returns `None` on axum.
    #[cfg(feature = "actix")]
    #[must_use]
    pub fn actix(&self) -> Option<&'a actix_web::HttpRequest> {
        self.actix
    }
}

/// Omits the headers and the query, because they may contain tokens.
impl fmt::Debug for RejectedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedRequest")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

/// Renders a page of type `Q` for a rejected request, or returns `None` for the default response.
/// The closure of [`AuthLayer::on_rejection`] implements this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render pages of `{Q}` for rejected requests: it does not \
            implement `RejectionPage`",
    label = "`RejectionPage` is not implemented for this type",
    note = "the closure that `.on_rejection(…)` takes must return `Option<{Q}>`",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait RejectionPage<Q> {
    /// Returns the page, or `None` for the default response.
    fn page(&self, rejection: Rejection, request: &RejectedRequest<'_>) -> Option<Q>;
}

#[diagnostic::do_not_recommend]
impl<Q, A: Fn(Rejection, &RejectedRequest<'_>) -> Option<Q>> RejectionPage<Q> for A {
    fn page(&self, rejection: Rejection, request: &RejectedRequest<'_>) -> Option<Q> {
        self(rejection, request)
    }
}

/// Renders no page: every rejection has the default response.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPage;

impl<Q> RejectionPage<Q> for DefaultPage {
    fn page(&self, _: Rejection, _: &RejectedRequest<'_>) -> Option<Q> {
        None
    }
}

/// Makes response bodies from a `String`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromText;

/// Adapts a [`RejectionPage`] to hallpass-tower.
#[cfg(feature = "axum")]
pub struct TowerPage<P>(pub(crate) Arc<P>);

#[cfg(feature = "axum")]
impl<P> Clone for TowerPage<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Returns the layer with default rejection pages and bodies from text.
#[cfg(feature = "axum")]
pub(crate) fn plain_layer<R: Role>(
    layer: hallpass_tower::AuthLayer<R>,
) -> hallpass_tower::AuthLayer<R, TowerPage<DefaultPage>, FromText> {
    layer.rejection_page(TowerPage(Arc::new(DefaultPage))).text_body(FromText)
}
