//! What an actix-web app takes from the handle.

use actix_web::web::ServiceConfig;
use hallpass_actix::{Auth, Rotation, SameOrigin};
use hallpass_core::Role;

use crate::hallpass::Hallpass;

impl<R: Role> Hallpass<R> {
    /// The middleware around the app: tells every route who asks, and words the refusals that come back. `App::wrap` it last, so
    /// that it is outermost.
    ///
    /// ```
    /// # use actix_web::{App, test, web};
    /// # use hallpass::{Hallpass, Role};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
    /// use hallpass::actix::{public, require_roles};
    ///
    /// let app = App::new()
    ///     .service(web::resource("/").wrap(public()).to(async || "the front page"))
    ///     .service(web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(async || "the office"))
    ///     .configure(hallpass.actix_routes())
    ///     .wrap(hallpass.middleware().deny_unguarded_routes());
    /// let app = test::init_service(app).await;
    /// for (path, status) in [("/", 200), ("/admin", 303), ("/login", 200)] {
    ///     let answer = test::call_service(&app, test::TestRequest::with_uri(path).to_request()).await;
    ///     assert_eq!(answer.status().as_u16(), status, "{path}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn middleware(&self) -> Auth<R> {
        Auth::new(self.gate.clone())
            .clock(self.clock_of_the_site())
            .rejection_settings(self.rejection_settings())
            .refresh(Rotation::new(&self.accounts, &self.gate))
    }

    /// The origin check for the site's own forms. Goes inside [`middleware`](Self::middleware), which words its refusals; the
    /// sign-in routes check for themselves. An origin that the site trusts is trusted here too.
    #[must_use]
    pub fn origin_middleware(&self) -> SameOrigin {
        SameOrigin::new(self.accounts.settings().origin_check.clone())
    }

    /// The sign-in routes, for `App::configure`. Do not scope them: pages and cookies name their paths.
    pub fn actix_routes(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<R> {
        hallpass_actix::routes(&self.routes)
    }
}
