//! All routes of the blog, and the requirement of each route. [`GuardedRouter`] accepts no route
//! without a requirement.

use std::time::Duration;

use actix_web::{
    HttpResponse, Route,
    dev::HttpServiceFactory,
    guard,
    http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    web::{self, Data, FormConfig, JsonConfig, PathConfig, QueryConfig, ServiceConfig},
};
use blog::{BlogRole, Failure, Site};
use hallpass::flow::Readiness;
use hallpass::{
    RequireLayer, actix::GuardedRouter, public, require_any_role, require_login, require_roles,
};

use crate::{
    failure::Failed,
    fields::{form_failure, json_failure, not_found},
    pages,
};

/// Returns the router of the whole site.
pub(crate) fn site(hallpass: &hallpass::Hallpass<BlogRole>) -> GuardedRouter {
    let admin = || require_roles([BlogRole::Admin]);
    let recent_admin = || admin().and_second_factor().and_recent(TEN_MINUTES);
    let moderator = require_any_role([BlogRole::Moderator, BlogRole::Admin]);
    let site = GuardedRouter::new();
    let site = read(site, "/", public(), web::to(pages::home));
    let site = read(site, "/posts/new", admin(), web::to(pages::new));
    let site = write(site, "/posts", admin(), POST_LIMIT, web::to(pages::publish));
    let site = read(site, "/posts/{slug}", public(), web::to(pages::post));
    let site = write(site, "/posts/{slug}/hide", moderator, FORM_LIMIT, web::to(pages::hide));
    let site = read(site, "/profile", require_login(), web::to(pages::profile));
    let site = read(site, "/admin", recent_admin(), web::to(pages::people));
    let site = write(
        site,
        "/admin/users/{username}/role",
        recent_admin(),
        FORM_LIMIT,
        web::to(pages::set_role),
    );
    let site = read(site, "/healthz", public(), web::to(async || "ok\n"));
    let site = read(site, "/readyz", public(), web::to(readyz));
    let style = web::to(async || asset("text/css; charset=utf-8", blog::style_sheet()));
    let site = read(site, "/style.css", public(), style);
    let site = read(
        site,
        "/favicon.svg",
        public(),
        web::to(async || asset("image/svg+xml", blog::FAVICON)),
    );
    site.merge_routes("(other methods)", public(), other_methods())
        .merge_routes("(hallpass)", public(), hallpass.routes())
        .fallback(
            public(),
            web::to(async || Err::<HttpResponse, _>(Failed::from(Failure::NotFound))),
        )
}

/// Adds a page with `GET` and `HEAD`; actix-web does not handle `HEAD` by default. A request with
/// another method does not reach the guard and is handled by [`other_methods`].
fn read(site: GuardedRouter, path: &str, asks: RequireLayer, route: Route) -> GuardedRouter {
    let methods = guard::Any(guard::Get()).or(guard::Head());
    site.merge_routes(path, asks, web::resource(path).guard(methods).wrap(asks).route(route))
}

/// Adds the target of a form.
fn write(
    site: GuardedRouter,
    path: &str,
    asks: RequireLayer,
    limit: usize,
    route: Route,
) -> GuardedRouter {
    let forms = FormConfig::default().limit(limit).error_handler(form_failure);
    let json = JsonConfig::default().limit(limit).error_handler(json_failure);
    let resource = web::resource(path).guard(guard::Post()).app_data(forms).app_data(json);
    site.merge_routes(path, asks, resource.wrap(asks).route(route))
}

/// Returns resources that respond with 405 and `Allow` if a path of the site does not support the
/// method.
fn other_methods() -> Vec<impl HttpServiceFactory + 'static> {
    let written =
        ["/posts", "/posts/{slug}/hide", "/admin/users/{username}/role"].map(|path| (path, "POST"));
    let read = [
        "/",
        "/posts/new",
        "/posts/{slug}",
        "/profile",
        "/admin",
        "/healthz",
        "/readyz",
        "/style.css",
        "/favicon.svg",
    ];
    let paths = read.map(|path| (path, "GET, HEAD")).into_iter().chain(written);
    let resource = |(path, methods)| {
        let answer = move || async move {
            let mut refused = HttpResponse::from_error(Failed::from(Failure::MethodNotAllowed));
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
            refused
        };
        web::resource::<&str>(path).wrap(public()).to(answer)
    };
    paths.map(resource).collect()
}

/// Configures the extractors of queries and paths: a value that cannot be read is 404.
pub(crate) fn addresses(config: &mut ServiceConfig) {
    config.app_data(QueryConfig::default().error_handler(not_found));
    config.app_data(PathConfig::default().error_handler(not_found));
}

/// Responds with 503 and the reason while this process must not serve requests.
async fn readyz(site: Data<Site>) -> HttpResponse {
    match site.hallpass.readiness() {
        Readiness::Ready => HttpResponse::Ok().body("ready\n"),
        reason => {
            let text = format!("not ready: {}\n", reason.as_str());
            HttpResponse::ServiceUnavailable().body(text)
        }
    }
}

fn asset(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(content)
}

/// Maximum age of the login for the people page and for role changes.
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Maximum size of a form, in bytes; the same limit as hallpass's own routes have.
const FORM_LIMIT: usize = 8 * 1024;
/// Maximum size of the form for a post, in bytes; the same limit as the blog on axum has.
const POST_LIMIT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_route_has_the_documented_requirement() {
        let store = hallpass::store::SqliteStore::open("sqlite::memory:").await.unwrap();
        let hallpass = hallpass::Hallpass::builder(store).keys_in_memory().start().await.unwrap();
        assert_eq!(
            site(&hallpass).table().render::<BlogRole>(),
            "\
route                         logged out  guest  moderator  admin  requires
/                             yes         yes    yes        yes    public
/posts/new                    -           -      -          yes    all of admin
/posts                        -           -      -          yes    all of admin
/posts/{slug}                 yes         yes    yes        yes    public
/posts/{slug}/hide            -           -      yes        yes    any of moderator, admin
/profile                      -           yes    yes        yes    login
/admin                        -           -      -          yes    all of admin; second factor; within 600 s
/admin/users/{username}/role  -           -      -          yes    all of admin; second factor; within 600 s
/healthz                      yes         yes    yes        yes    public
/readyz                       yes         yes    yes        yes    public
/style.css                    yes         yes    yes        yes    public
/favicon.svg                  yes         yes    yes        yes    public
(other methods)               yes         yes    yes        yes    public
(hallpass)                    yes         yes    yes        yes    public
(anything else)               yes         yes    yes        yes    public
"
        );
    }
}
