//! What an axum router takes from the handle.

use axum::Router;
use hallpass_axum::Rotation;
use hallpass_core::Role;
use hallpass_tower::{AuthLayer, OriginLayer};

use crate::hallpass::Hallpass;

impl<R: Role> Hallpass<R> {
    /// The outer layer: tells every route who asks, and words the refusals that come back. Goes around the router, after the
    /// last route.
    ///
    /// ```
    /// # use axum::response::{Html, IntoResponse};
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use hallpass::RejectionKind;
    ///
    /// let with_own_page = hallpass.layer().on_rejection(|rejection, request| match rejection.kind() {
    ///     RejectionKind::RoleMissing => Some(Html(format!("{} is not for you", request.uri())).into_response()), // the status stays 403
    ///     _ => None, // the default answer
    /// });
    /// # let _router: axum::Router = axum::Router::new().layer(with_own_page);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    #[must_use]
    pub fn layer(&self) -> AuthLayer<R> {
        AuthLayer::new(self.gate.clone())
            .clock(self.clock_of_the_site())
            .rejection_settings(self.rejection_settings())
            .refresh(Rotation::new(&self.accounts, &self.gate))
    }

    /// The origin check for the site's own forms: one line for every route of the router. Goes inside [`layer`](Self::layer), which
    /// words its refusals; the sign-in routes check for themselves. An origin that the site trusts is trusted here too.
    ///
    /// ```
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use axum::{Router, body::Body, http::Request, routing::post};
    /// use tower::ServiceExt;
    ///
    /// let site: Router = Router::new()
    ///     .route("/posts", post(|| async { "published" }))
    ///     .layer(hallpass.origin_layer())
    ///     .layer(hallpass.layer());
    /// let form_of = |site| Request::post("/posts").header("sec-fetch-site", site).body(Body::empty());
    /// assert_eq!(site.clone().oneshot(form_of("same-origin")?).await?.status(), 200);
    /// assert_eq!(site.oneshot(form_of("cross-site")?).await?.status(), 403);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    #[must_use]
    pub fn origin_layer(&self) -> OriginLayer {
        OriginLayer::new(self.accounts.settings().origin_check.clone())
    }

    /// The sign-in routes, to be merged into the router. Do not nest them: pages and cookies name their paths.
    ///
    /// Attempts are limited by address too where the site is served with `into_make_service_with_connect_info::<SocketAddr>()`;
    /// limits by account need nothing.
    pub fn routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        hallpass_axum::routes(&self.routes)
    }
}
