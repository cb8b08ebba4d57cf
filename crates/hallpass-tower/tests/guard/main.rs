//! Layers around a plain tower service: admitted requests, and the responses to rejected ones.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

mod rejected;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hallpass_core::{
    Authentication, Methods, OriginCheck, Rejection, RejectionKind, RejectionSettings, RoleSet,
};
use hallpass_test_support::tokens::{SiteRole, TokenOf, invalid_cookies, layer, verifier};
use hallpass_tower::{
    AuthLayer, OriginLayer, RejectedRequest, RequireLayer, require_any_role, require_at_least,
    require_login, require_roles,
};
use http::{Request, Response, header};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

type Guarded = Request<String>;

/// A handler that counts its calls and returns the caller's name.
#[derive(Clone, Default)]
struct Handler {
    calls: Arc<AtomicUsize>,
}

impl Handler {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Service<Guarded> for Handler {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Guarded) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let who = request.extensions().get::<Authentication>().and_then(Authentication::username);
        ready(Ok(Response::new(who.unwrap_or("nobody").to_owned())))
    }
}

fn get(uri: &str, cookie: Option<&str>) -> Guarded {
    let request = Request::get(uri).header("accept", "application/json");
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    request.body(String::new()).unwrap()
}

async fn ask<S>(service: S, request: Guarded) -> Response<String>
where
    S: Service<Guarded, Response = Response<String>, Error = Infallible>,
{
    service.oneshot(request).await.unwrap()
}

fn kind(response: &Response<String>) -> Option<RejectionKind> {
    response.extensions().get::<Rejection>().map(|rejection| rejection.kind())
}

#[tokio::test]
async fn guards_admit_only_callers_that_meet_the_requirement() {
    use RejectionKind::{NotRecent, RoleMissing, SecondFactorMissing};
    use SiteRole::{Admin, Guest, Moderator};
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let with_code = |roles: RoleSet<SiteRole>| TokenOf {
        methods: Methods::PASSWORD | Methods::ONE_TIME_CODE,
        ..TokenOf::with(roles)
    };
    let table: Vec<(RequireLayer, TokenOf, Option<RejectionKind>)> = vec![
        (require_login(), TokenOf::with(RoleSet::EMPTY), None),
        (require_roles([Admin]), TokenOf::with(Admin), None),
        (require_roles([Admin]), TokenOf::with(Moderator), Some(RoleMissing)),
        (require_roles([Admin, Moderator]), TokenOf::with(Admin), Some(RoleMissing)),
        (require_roles([Admin, Moderator]), TokenOf::with([Moderator, Admin]), None),
        (require_any_role([Admin, Moderator]), TokenOf::with(Moderator), None),
        (require_any_role([Admin, Moderator]), TokenOf::with(Guest), Some(RoleMissing)),
        (require_any_role(RoleSet::<SiteRole>::EMPTY), TokenOf::with(Admin), Some(RoleMissing)),
        (require_at_least(Moderator), TokenOf::with(Admin), None),
        (require_at_least(Moderator), TokenOf::with(Guest), Some(RoleMissing)),
        (require_login().and_second_factor(), TokenOf::with(Admin), Some(SecondFactorMissing)),
        (require_login().and_second_factor(), with_code(Guest.into()), None),
        (
            require_login().and_recent(minutes(10)),
            TokenOf { age: minutes(10), ..TokenOf::with(Guest) },
            None,
        ),
        (
            require_login().and_recent(minutes(10)),
            TokenOf { age: minutes(11), ..TokenOf::with(Guest) },
            Some(NotRecent),
        ),
    ];
    for (guard, pass, refusal) in table {
        let handler = Handler::default();
        let response =
            ask(layer().layer(guard.layer(handler.clone())), get("/", Some(&pass.cookie()))).await;
        assert_eq!(kind(&response), refusal, "{guard:?}");
        assert_eq!(
            response.status().as_u16(),
            refusal.map_or(200, RejectionKind::status),
            "{guard:?}"
        );
        assert_eq!(handler.calls(), usize::from(refusal.is_none()), "{guard:?}");
        assert_eq!(response.body() == "alice", refusal.is_none(), "{guard:?}");
    }
}

#[tokio::test]
async fn invalid_token_is_anonymous_if_open_and_401_if_guarded() {
    for (who, cookie, refusal) in invalid_cookies() {
        let open = ask(layer().layer(Handler::default()), get("/", cookie.as_deref())).await;
        assert_eq!((open.status().as_u16(), open.body().as_str()), (200, "nobody"), "{who}");

        let handler = Handler::default();
        let guarded = layer().layer(require_login().layer(handler.clone()));
        let response = ask(guarded, get("/", cookie.as_deref())).await;
        assert_eq!((response.status().as_u16(), handler.calls()), (401, 0), "{who}");
        assert_eq!(kind(&response).map(RejectionKind::as_str), Some(refusal), "{who}");
        assert!(
            response.body().contains(&format!("urn:hallpass:problem:{refusal}")),
            "{who}: {}",
            response.body()
        );
        assert_eq!(
            response.headers()["www-authenticate"],
            "Cookie form-action=\"/login\"",
            "{who}"
        );
    }
}

#[tokio::test]
async fn guard_without_auth_layer_returns_500() {
    let handler = Handler::default();
    let response = ask(
        require_login().layer(handler.clone()),
        get("/", Some(&TokenOf::with(SiteRole::Admin).cookie())),
    )
    .await;
    assert_eq!((response.status().as_u16(), handler.calls()), (500, 0));

    // A guard outside of the `AuthLayer` has no authentication either.
    let response = ask(require_login().layer(layer().layer(handler.clone())), get("/", None)).await;
    assert_eq!((response.status().as_u16(), handler.calls()), (500, 0));
}

#[tokio::test]
async fn roles_of_another_enum_return_500() {
    #[derive(hallpass_core::Role, Clone, Copy, Debug, PartialEq, Eq)]
    enum ShopRole {
        Owner,
    }
    let handler = Handler::default();
    let guarded = layer().layer(require_roles([ShopRole::Owner]).layer(handler.clone()));
    // Bit 0 is `Guest` in one enum and `Owner` in the other.
    let response = ask(guarded, get("/", Some(&TokenOf::with(SiteRole::Guest).cookie()))).await;
    assert_eq!((response.status().as_u16(), handler.calls()), (500, 0));
}

#[tokio::test]
async fn auth_layer_replaces_an_existing_authentication() {
    let mut request = get("/", None);
    let admin = verifier()
        .verify(
            TokenOf::with(SiteRole::Admin).token().as_bytes(),
            hallpass_test_support::tokens::NOW,
        )
        .unwrap();
    request.extensions_mut().insert(Authentication::identified(admin));
    let response =
        ask(layer().layer(require_roles([SiteRole::Admin]).layer(Handler::default())), request)
            .await;
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn guarded_response_is_no_store_unless_handler_sets_it() {
    let cache_control = async |guard: Option<RequireLayer>, said: Option<&'static str>| {
        let handler = service_fn(move |_: Guarded| {
            let response = said
                .into_iter()
                .fold(Response::builder(), |response, said| response.header("cache-control", said));
            ready(Ok::<_, Infallible>(response.body(String::new()).unwrap()))
        });
        let request = get("/", Some(&TokenOf::with(SiteRole::Guest).cookie()));
        let response = match guard {
            Some(guard) => ask(layer().layer(guard.layer(handler)), request).await,
            None => ask(layer().layer(handler), request).await,
        };
        response.headers().get("cache-control").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(cache_control(Some(require_login()), None).await.as_deref(), Some("no-store"));
    assert_eq!(
        cache_control(Some(require_login()), Some("private, max-age=60")).await.as_deref(),
        Some("private, max-age=60")
    );
    assert_eq!(cache_control(None, None).await, None);
}

#[tokio::test]
async fn origin_layer_rejects_cross_site_posts() {
    let handler = Handler::default();
    let site = ServiceBuilder::new()
        .layer(layer())
        .layer(OriginLayer::new(OriginCheck::new()))
        .service(handler.clone());
    let post = |uri: &str, headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(Request::post(uri), |request, (name, value)| request.header(*name, *value));
        ask(site.clone(), request.body(String::new()).unwrap())
    };
    let json = ("accept", "application/json");
    for (uri, headers, status) in [
        ("/posts", &[json, ("sec-fetch-site", "same-origin")][..], 200),
        ("/posts", &[json, ("sec-fetch-site", "cross-site")], 403),
        ("/posts", &[json, ("host", "site.example"), ("origin", "https://site.example")], 200),
        ("/posts", &[json, ("host", "site.example"), ("origin", "https://evil.example")], 403),
        // HTTP/2 has the host in the target, which takes precedence over a different `Host`.
        ("https://site.example/posts", &[json, ("origin", "https://site.example")], 200),
        (
            "https://site.example/posts",
            &[json, ("host", "evil.example"), ("origin", "https://evil.example")],
            403,
        ),
    ] {
        let calls = handler.calls();
        let response = post(uri, headers).await;
        assert_eq!(response.status().as_u16(), status, "{uri} {headers:?}");
        assert_eq!(handler.calls() - calls, usize::from(status == 200), "{uri} {headers:?}");
        assert_eq!(kind(&response).is_some(), status == 403, "{uri} {headers:?}");
    }
}

#[tokio::test]
async fn body_with_makes_bodies_without_from_string() {
    use http_body_util::BodyExt;
    use tonic::body::Body;

    let service =
        service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let guarded =
        AuthLayer::new(verifier()).body_with(Body::new).layer(require_login().layer(service));
    let send = |request: http::request::Builder| {
        guarded.clone().oneshot(request.body(Body::empty()).unwrap())
    };

    let grpc = send(Request::post("/pkg.Service/Call").header("content-type", "application/grpc"))
        .await
        .unwrap();
    let status = tonic::Status::from_header_map(grpc.headers()).unwrap();
    assert_eq!((grpc.status().as_u16(), status.code()), (200, tonic::Code::Unauthenticated));

    let json = send(Request::get("/").header("accept", "application/json")).await.unwrap();
    let body = json.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{\"type\":\"urn:hallpass:problem:signed-out\""), "{body:?}");
}

#[tokio::test]
async fn error_of_the_inner_service_is_passed_on() {
    let service = service_fn(|_: Guarded| ready(Err::<Response<String>, _>("broken")));
    let outcome = layer().layer(service).oneshot(get("/", None)).await;
    assert_eq!(outcome.unwrap_err(), "broken");
}
