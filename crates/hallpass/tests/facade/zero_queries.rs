//! The main promise of the project: a request with a live token makes no call to the store.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, header},
    routing::get,
};
use hallpass::keys::KeyRing;
use hallpass::token::Authentication;
use hallpass::{Clock, Hallpass, Identity, Role, require_login, require_roles};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{hands::Hands, users::Users, visit::cookie_of};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

const LIFETIME: Duration = Duration::from_secs(900);

async fn site(users: &Users, key: u8, clock: &Hands) -> Hallpass<SiteRole> {
    Hallpass::builder(users.clone())
        .keys(KeyRing::generate_hs256(hallpass_test_support::random::bytes(key), clock.now()))
        .lifetime(LIFETIME)
        .default_roles([SiteRole::Guest])
        .clock(clock.clone())
        .registration()
        .start()
        .await
        .unwrap()
}

fn pages(hallpass: &Hallpass<SiteRole>) -> Router {
    let who = |me: Option<Identity<SiteRole>>| async move {
        me.map_or("nobody".to_owned(), |me| format!("{} {:?}", me.username(), me.roles()))
    };
    Router::new()
        .route("/", get(who))
        .route("/profile", get(who).route_layer(require_login()))
        .route("/admin", get(who).route_layer(require_roles([SiteRole::Admin])))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}

/// Returns the same three responses from a tower service, without a router and without the body
/// type of axum.
async fn answer(request: Request<Body>) -> Result<Response<String>, Infallible> {
    let who = request.extensions().get::<Authentication>().unwrap();
    let identity = who.identity::<SiteRole>();
    let text =
        identity.map_or("nobody".to_owned(), |me| format!("{} {:?}", me.username(), me.roles()));
    Ok(Response::new(text))
}

/// A `Cookie` header, its caller, and the expected status of the two guarded routes.
struct Caller {
    cookie: String,
    who: &'static str,
    profile: u16,
    admin: u16,
}

impl Caller {
    fn refused(cookie: impl Into<String>) -> Self {
        Self { cookie: cookie.into(), who: "nobody", profile: 401, admin: 401 }
    }
}

/// Returns the token with one part replaced.
fn with_part(cookie: &str, part: usize, text: &str) -> String {
    let mut parts: Vec<_> = cookie.split('.').collect();
    parts[part] = text;
    parts.join(".")
}

/// Logs all callers in, and lets some of their tokens expire.
async fn callers(users: &Users, pages: &Router, clock: &Hands) -> Vec<Caller> {
    let expired = cookie_of(pages, "/register", "carol").await;
    let foreign = cookie_of(&self::pages(&site(users, 2, clock).await), "/login", "carol").await;
    clock.turn(LIFETIME);

    let guest = cookie_of(pages, "/register", "alice").await;
    cookie_of(pages, "/register", "bob").await;
    users.give_roles("bob", &["admin"]);
    let admin = cookie_of(pages, "/login", "bob").await;
    let foreign_too = cookie_of(&self::pages(&site(users, 2, clock).await), "/login", "bob").await;

    let admins_claims = admin.split('.').nth(1).unwrap();
    let signature = guest.split('.').nth(2).unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" }.to_owned() + &signature[1..];
    // {"alg":"none"}
    let unsigned = with_part(&with_part(&admin, 0, "__Host-hallpass=eyJhbGciOiJub25lIn0"), 2, "");
    vec![
        Caller { cookie: guest.clone(), who: "alice {guest}", profile: 200, admin: 403 },
        Caller {
            cookie: format!("a=1; {admin}; b=2"),
            who: "bob {admin}",
            profile: 200,
            admin: 200,
        },
        Caller::refused(""),
        Caller::refused("theme=dark"),
        Caller::refused(expired),
        Caller::refused(foreign),
        Caller::refused(foreign_too),
        Caller::refused(unsigned),
        Caller::refused(with_part(&guest, 1, admins_claims)),
        Caller::refused(with_part(&guest, 2, &flipped)),
        Caller::refused("__Host-hallpass=not.a.token"),
        Caller::refused(format!("__Host-hallpass={}", "A".repeat(4000))),
        Caller::refused(format!("{guest}; {admin}")),
    ]
}

fn request(path: &str, cookie: &str) -> Request<Body> {
    let request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .header(header::COOKIE, cookie);
    request.body(Body::empty()).unwrap()
}

/// Sends requests of every caller to every route, and checks each response. Returns the number of
/// requests.
async fn walk<S, B>(service: impl Fn(&'static str) -> S, callers: &[Caller], rounds: usize) -> usize
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: axum::body::HttpBody<Error: std::fmt::Debug>,
{
    let mut sent = 0;
    for _ in 0..rounds {
        for caller in callers {
            for (path, status) in
                [("/", 200), ("/profile", caller.profile), ("/admin", caller.admin)]
            {
                let response = service(path).oneshot(request(path, &caller.cookie)).await.unwrap();
                assert_eq!(response.status(), status, "{path} with {}", caller.cookie);
                if status == 200 {
                    let body = response.into_body().collect().await.unwrap().to_bytes();
                    assert_eq!(body, caller.who, "{path} with {}", caller.cookie);
                }
                sent += 1;
            }
        }
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_requests_make_no_store_call() {
    let (users, clock) = (Users::default(), Hands::new());
    let hallpass = site(&users, 1, &clock).await;
    let pages = pages(&hallpass);
    let callers = Arc::new(callers(&users, &pages, &clock).await);
    users.encrypt();

    let rounds = 50_000_usize.div_ceil(3 * callers.len());
    let on_axum = tokio::spawn({
        let (pages, callers) = (pages.clone(), callers.clone());
        async move { walk(|_| pages.clone(), &callers, rounds).await }
    });
    let on_tower = tokio::spawn(async move {
        let open = hallpass.layer();
        let service = |path| {
            let guarded = match path {
                "/profile" => tower::util::Either::Left(require_login().layer(service_fn(answer))),
                "/admin" => tower::util::Either::Left(
                    require_roles([SiteRole::Admin]).layer(service_fn(answer)),
                ),
                _ => tower::util::Either::Right(service_fn(answer)),
            };
            open.layer(guarded)
        };
        walk(service, &callers, rounds).await
    });
    let sent = on_axum.await.unwrap() + on_tower.await.unwrap();
    assert!(sent >= 100_000, "{sent}");
    assert_eq!(users.calls(), 0);

    // The check can fail: a login now does call the store.
    let late = tokio::spawn(async move { cookie_of(&pages, "/login", "alice").await });
    assert!(late.await.unwrap_err().is_panic());
    assert_eq!(users.calls(), 1);
}
