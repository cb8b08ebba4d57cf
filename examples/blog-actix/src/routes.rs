//! Every address of the blog, and what it asks of whoever comes. A route without its requirement cannot be written here.

use std::time::Duration;

use actix_web::{
    HttpResponse, Route, guard,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::{self, Data, FormConfig},
};
use blog::{BlogRole, Site};
use hallpass::actix::{StatedRoutes, everyone, require_any_role, require_login, require_roles};

use crate::{failure::Failure, pages};

/// The whole site.
pub(crate) fn routes(hallpass: &hallpass::Hallpass<BlogRole>, site: &mut StatedRoutes<'_>) {
    let admin = || require_roles([BlogRole::Admin]);
    let recent_admin = || admin().and_second_factor().and_recent(TEN_MINUTES);
    let moderator = require_any_role([BlogRole::Moderator, BlogRole::Admin]);
    site.route("/", everyone(), get().to(pages::home));
    site.route("/posts/new", admin(), get().to(pages::new));
    site.route("/posts", admin(), web::post().to(pages::publish));
    site.route("/posts/{slug}", everyone(), get().to(pages::post));
    site.route("/posts/{slug}/hide", moderator, web::post().to(pages::hide));
    site.route("/profile", require_login(), get().to(pages::profile));
    site.route("/admin", recent_admin(), get().to(pages::people));
    site.route("/admin/users/{username}/role", recent_admin(), web::post().to(pages::set_role));
    site.route("/healthz", everyone(), get().to(async || "ok\n"));
    site.route("/readyz", everyone(), get().to(readyz));
    site.route("/style.css", everyone(), get().to(async || asset("text/css; charset=utf-8", blog::style_sheet())));
    site.route("/favicon.svg", everyone(), get().to(async || asset("image/svg+xml", blog::FAVICON)));
    site.configure("(sign-in)", &everyone(), hallpass.actix_sign_in_routes());
    site.default_service(everyone(), web::to(async || Err::<HttpResponse, _>(Failure::NotFound)));
}

/// `GET`, and `HEAD`, which actix-web answers only where it is told to.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// How forms are read.
pub(crate) fn forms() -> FormConfig {
    FormConfig::default().limit(POST_LIMIT).error_handler(|_, _| Failure::Malformed.into())
}

/// 503 while this process does not know what was revoked.
async fn readyz(site: Data<Site>) -> HttpResponse {
    if site.hallpass.is_ready() {
        HttpResponse::Ok().body("ready\n")
    } else {
        HttpResponse::ServiceUnavailable().body("not ready\n")
    }
}

fn asset(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(content)
}

/// How fresh a sign-in must be for giving roles.
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Bytes of a post, as the blog on axum takes it.
const POST_LIMIT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass::actix::route_table;

    #[tokio::test]
    async fn every_route_asks_what_the_contract_says() {
        let store = hallpass::SqliteStore::open("sqlite::memory:").await.unwrap();
        let keys = hallpass::KeyRing::generate_hs256([7; 32], hallpass::UnixTime::from_secs(0));
        let hallpass = hallpass::Hallpass::builder(store).keys(keys).build().unwrap();
        assert_eq!(
            route_table(|site| routes(&hallpass, site)).render::<BlogRole>(),
            "\
route                         signed out  guest  moderator  admin  asks
/                             yes         yes    yes        yes    everyone
/posts/new                    -           -      -          yes    all of admin
/posts                        -           -      -          yes    all of admin
/posts/{slug}                 yes         yes    yes        yes    everyone
/posts/{slug}/hide            -           -      yes        yes    any of moderator, admin
/profile                      -           yes    yes        yes    login
/admin                        -           -      -          yes    all of admin; second factor; within 600 s
/admin/users/{username}/role  -           -      -          yes    all of admin; second factor; within 600 s
/healthz                      yes         yes    yes        yes    everyone
/readyz                       yes         yes    yes        yes    everyone
/style.css                    yes         yes    yes        yes    everyone
/favicon.svg                  yes         yes    yes        yes    everyone
(sign-in)                     yes         yes    yes        yes    everyone
(anything else)               yes         yes    yes        yes    everyone
"
        );
    }
}
