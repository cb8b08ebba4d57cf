//! The page on axum, guarded by hallpass, by handwritten code, and by hallpass's peers.

use std::convert::Infallible;

use axum::{Router, body::Body, routing::get};
use http::{Request, Response, StatusCode};
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt};

use crate::Case;

mod authorizer;
mod by_hand;
mod gate;
pub(crate) mod hallpass;
mod jwt_auth;
pub(crate) mod login;
mod no_op;

/// The names of the sites, as [`visit`] takes them.
pub const NAMES: [&str; 15] = [
    "plain",
    "no-op layer and guard",
    "hallpass: layer and guard",
    "hallpass: layer outside, guard",
    "hallpass: layer outside, guard on the handler",
    "hallpass: layer outside, extractor",
    "hallpass: layer outside, guard, remembered",
    "by hand: CookieJar, jsonwebtoken, role",
    "axum-jwt-auth",
    "plain on axum 0.7",
    "jwt-authorizer on axum 0.7",
    "axum-login: memory",
    "axum-login: SQLite in memory",
    "axum-login: SQLite file",
    "axum-gate",
];

/// An operation on a site. A trait with a generic method, because each site has its own type.
pub trait Visit {
    /// The result of the operation.
    type Outcome;

    /// Runs the operation on a site. The page of the site accepts each of the cookie headers.
    fn visit<S>(self, site: S, cookies: Vec<String>) -> Self::Outcome
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send;
}

/// Builds the site with this name and passes it to `visitor`. A site with sessions in SQLite needs
/// the runtime on which it will run.
///
/// # Panics
///
/// If no site has this name.
pub fn visit<V: Visit>(name: &str, runtime: &Runtime, visitor: V) -> V::Outcome {
    match name {
        "plain" => visitor.visit(open(), vec![hallpass::cookie()]),
        "no-op layer and guard" => visitor.visit(no_op::site(), vec![hallpass::cookie()]),
        "hallpass: layer and guard" => visitor.visit(hallpass::inside(), vec![hallpass::cookie()]),
        "hallpass: layer outside, guard" => {
            visitor.visit(hallpass::outside(), vec![hallpass::cookie()])
        }
        "hallpass: layer outside, guard on the handler" => {
            visitor.visit(hallpass::on_handler(), vec![hallpass::cookie()])
        }
        "hallpass: layer outside, extractor" => {
            visitor.visit(hallpass::extractor(), vec![hallpass::cookie()])
        }
        "hallpass: layer outside, guard, remembered" => {
            visitor.visit(hallpass::remembered(), vec![hallpass::cookie()])
        }
        "by hand: CookieJar, jsonwebtoken, role" => {
            visitor.visit(by_hand::site(), vec![hallpass::cookie()])
        }
        "axum-jwt-auth" => visitor.visit(jwt_auth::site(), vec![hallpass::cookie()]),
        "plain on axum 0.7" => visitor.visit(authorizer::plain(), vec![hallpass::cookie()]),
        "jwt-authorizer on axum 0.7" => {
            visitor.visit(runtime.block_on(authorizer::site()), vec![hallpass::cookie()])
        }
        "axum-gate" => visitor.visit(gate::site(), vec![gate::cookie()]),
        "axum-login: memory" => {
            let (site, cookies) = runtime.block_on(login::in_memory(1));
            visitor.visit(site, cookies)
        }
        "axum-login: SQLite in memory" => {
            let (site, cookies) = runtime.block_on(login::sqlite("sqlite::memory:", 1));
            visitor.visit(site, cookies)
        }
        "axum-login: SQLite file" => {
            let (site, cookies) = runtime.block_on(login::sqlite(&login::file(1), 1));
            visitor.visit(site, cookies)
        }
        _ => panic!("no site has the name {name}"),
    }
}

/// Returns the site without a guard.
pub(crate) fn open() -> Router {
    Router::new().route("/admin", get(|| async { "hello" }))
}

/// Returns a request for the page, as a browser sends it.
pub(crate) fn request(cookie: &str) -> Request<Body> {
    Request::get("/admin")
        .header("cookie", cookie)
        .header("accept", "text/html")
        .body(Body::empty())
        .unwrap()
}

/// Makes a case of a site. The case measures whole requests in process.
pub struct InProcess<'n> {
    /// The case's name.
    pub name: &'n str,
    /// The runtime that the requests run on.
    pub runtime: &'static Runtime,
}

impl Visit for InProcess<'_> {
    type Outcome = Case;

    fn visit<S>(self, site: S, cookies: Vec<String>) -> Case
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        let runtime = self.runtime;
        let call = move |request| runtime.block_on(site.clone().oneshot(request)).unwrap().status();
        assert_eq!(call(request(&cookies[0])), StatusCode::OK, "{}", self.name);
        let open = self.name.starts_with("plain") || self.name.starts_with("no-op");
        assert_eq!(
            call(request("theme=dark")).is_success(),
            open,
            "{}: a request without a login",
            self.name
        );
        let mut turn = 0;
        let prepare = move || {
            // The step and the number of cookies have no common divisor, so that all cookies are
            // used, in an order that is unfavourable for caches.
            turn = (turn + 7919) % cookies.len();
            request(&cookies[turn])
        };
        Case::prepared(self.name, prepare, move |request| assert_eq!(call(request), StatusCode::OK))
    }
}
