//! The layers and routes of the handle, under the same names on axum and actix-web.

use std::{fmt, sync::Arc};

use hallpass_accounts::{RejectionEvents, RequestRefresh};
use hallpass_core::{Clock, RejectionSettings, Role, UnixTime};
use hallpass_web::Routes;

use crate::{
    background::Background,
    hallpass::Hallpass,
    layer::{AuthLayer, OriginLayer, SecurityHeadersLayer},
};

impl<R: Role> Hallpass<R> {
    /// Returns the outer layer: it rejects unsafe requests and WebSocket handshakes from other
    /// sites (CSRF), verifies the token of each request and renders the rejections of the guards
    /// inside. On axum, add it to the router after the last route, or use `protect`. On actix-web,
    /// pass it to the last call of `App::wrap`.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// # use axum::response::{Html, IntoResponse};
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use hallpass::RejectionKind;
    ///
    /// let with_own_page = hallpass.layer().on_rejection(|rejection, request| match rejection.kind() {
    ///     RejectionKind::RoleMissing => Some(Html(format!("{} is not for you", request.path())).into_response()), // the status stays 403
    ///     _ => None, // the default response
    /// });
    /// # let _router: axum::Router = axum::Router::new().layer(with_own_page);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// # }
    /// ```
    pub fn layer(&self) -> AuthLayer<R> {
        AuthLayer {
            #[cfg(feature = "axum")]
            tower: crate::layer::plain_layer(
                hallpass_tower::AuthLayer::new(self.authenticator.clone())
                    .clock(self.clock_of_the_site())
                    .origin_check(self.accounts.settings().origin_check.clone())
                    .rejection_settings(self.rejection_settings())
                    .refresh(RequestRefresh::new(&self.accounts, &self.authenticator))
                    .reports(RejectionEvents::new(&self.accounts))
                    .peer_of(crate::on_axum::peer),
            ),
            #[cfg(feature = "actix")]
            actix: hallpass_actix::AuthLayer::new(self.authenticator.clone())
                .clock(self.clock_of_the_site())
                .origin_check(self.accounts.settings().origin_check.clone())
                .rejection_settings(self.rejection_settings())
                .refresh(RequestRefresh::new(&self.accounts, &self.authenticator))
                .reports(RejectionEvents::new(&self.accounts)),
            ..AuthLayer::new(self.authenticator.clone())
        }
    }

    /// Returns the origin check (CSRF) as a layer of its own, with the trusted origins of the site.
    /// [`layer`](Self::layer) and the login routes have the check themselves. This layer is for the
    /// routes with cookies of a site whose layer is without it, because most of its routes accept
    /// bearer tokens only. It goes inside that layer, which renders its rejections.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use axum::{Router, body::Body, http::Request, routing::post};
    /// use tower::ServiceExt;
    ///
    /// let forms = Router::new().route("/posts", post(|| async { "published" })).layer(hallpass.origin_layer());
    /// let api = Router::new().route("/api/posts", post(|| async { "published" }));
    /// let site = hallpass.layer().insecure_without_csrf_check().protect(forms.merge(api));
    /// let from_evil = |path| Request::post(path).header("origin", "https://evil.example").body(Body::empty());
    /// assert_eq!(site.clone().oneshot(from_evil("/posts")?).await?.status(), 403);
    /// assert_eq!(site.oneshot(from_evil("/api/posts")?).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// # }
    /// ```
    pub fn origin_layer(&self) -> OriginLayer {
        OriginLayer::new(&self.accounts.settings().origin_check)
    }

    /// Returns a layer that adds the security headers to the site's own responses. Put it around
    /// everything else. `Strict-Transport-Security` is included if the
    /// [`public_origin`](crate::HallpassBuilder::public_origin) is `https`.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use tower::ServiceExt;
    ///
    /// let app = Router::new().route("/", get(|| async { "hello" }));
    /// let site = app.layer(hallpass.layer()).layer(hallpass.security_headers());
    /// let page = site.oneshot(Request::get("/").body(Body::empty())?).await?;
    /// assert_eq!(page.headers()["x-frame-options"], "DENY");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// # }
    /// ```
    pub fn security_headers(&self) -> SecurityHeadersLayer {
        SecurityHeadersLayer::new(self.accounts.settings().rejections.security().clone())
    }

    /// Returns the login routes: `.merge(hallpass.routes())` on axum, `.service(hallpass.routes())`
    /// on actix-web. They answer with and without the path prefix of the site. Do not nest or scope
    /// them at another path: pages and redirects contain their paths.
    ///
    /// On axum, rate limits per address require that the site is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`. Rate limits per account always apply.
    pub fn routes(&self) -> LoginRoutes<R> {
        LoginRoutes(self.routes.clone())
    }

    fn clock_of_the_site(&self) -> impl Clock + use<R> {
        ClockOfTheSite {
            clock: Arc::clone(&self.accounts.settings().clock),
            _background: Arc::clone(&self.background),
        }
    }

    fn rejection_settings(&self) -> RejectionSettings {
        self.accounts.settings().rejections.clone().for_authenticator(&self.authenticator)
    }
}

/// The login routes, for `Router::merge` of axum and `App::service` of actix-web.
#[must_use]
pub struct LoginRoutes<R>(pub(crate) Routes<R>);

impl<R> Clone for LoginRoutes<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> fmt::Debug for LoginRoutes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRoutes").finish_non_exhaustive()
    }
}

/// The site's clock. It keeps the background tasks running for as long as a layer exists, because a
/// router outlives the function that made the handle.
struct ClockOfTheSite {
    clock: Arc<dyn Clock>,
    _background: Arc<Background>,
}

impl Clock for ClockOfTheSite {
    fn now(&self) -> UnixTime {
        self.clock.now()
    }
}
