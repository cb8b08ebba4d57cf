//! The page on actix-web.

use actix_http::Request;
use actix_identity::{Identity as Remembered, IdentityMiddleware};
use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::MessageBody,
    cookie::Key,
    dev::{Service, ServiceResponse},
    http::{StatusCode, header::SET_COOKIE},
    test::{TestRequest, init_service},
    web,
};
use hallpass_actix::{Allowed, AuthLayer, require_roles};
use hallpass_benches::{SECRET, SiteRole};
use hallpass_core::{Permission, Requirement};

use crate::{Case, axum_sites::hallpass, ready::ready};

const NAMES: [&str; 5] = [
    "plain",
    "hallpass: middleware and guard",
    "hallpass: middleware and extractor",
    "hallpass: middleware, guard, remembered",
    "actix-identity, cookie session",
];

/// Returns a case for each site. A case measures whole requests in process.
pub fn cases() -> Vec<Case> {
    actix_web::rt::System::new().block_on(async {
        let plain = || web::resource("/admin").to(async || "hello");
        let guarded =
            || web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(async || "hello");
        let extractor = web::resource("/admin").to(async |admin: Allowed<Administer>| {
            drop(admin);
            "hello"
        });
        let auth = || AuthLayer::new(hallpass::verifier());
        let remembering = AuthLayer::new(hallpass::verifier().remember_all(8192));
        let [bare, guard, extract, remember, identity] = NAMES;
        vec![
            case(bare, init_service(App::new().service(plain())).await, hallpass::cookie()),
            case(
                guard,
                init_service(App::new().service(guarded()).wrap(auth())).await,
                hallpass::cookie(),
            ),
            case(
                extract,
                init_service(App::new().service(extractor).wrap(auth())).await,
                hallpass::cookie(),
            ),
            case(
                remember,
                init_service(App::new().service(guarded()).wrap(remembering)).await,
                hallpass::cookie(),
            ),
            by_identity(identity).await,
        ]
    })
}

struct Administer;

impl Permission for Administer {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::all_of([SiteRole::Admin])
    }
}

/// Returns the case of actix-identity with a session in a cookie, which also has the roles. Like
/// hallpass, this site reads no store.
async fn by_identity(name: &str) -> Case {
    let sessions = SessionMiddleware::new(CookieSessionStore::default(), Key::from(&SECRET));
    let app = App::new()
        .service(web::resource("/admin").to(page))
        .service(web::resource("/login").to(log_in))
        .wrap(IdentityMiddleware::default())
        .wrap(sessions);
    let app = init_service(app).await;
    let answer = app.call(TestRequest::with_uri("/login").to_request()).await.unwrap();
    let cookie = answer
        .headers()
        .get(SET_COOKIE)
        .unwrap()
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    case(name, app, format!("theme=dark; {cookie}"))
}

async fn page(caller: Remembered, session: Session) -> impl Responder {
    let roles: Vec<String> = session.get("roles").unwrap().unwrap_or_default();
    if caller.id().is_ok() && roles.iter().any(|role| role == "admin") {
        HttpResponse::Ok().body("hello")
    } else {
        HttpResponse::Forbidden().finish()
    }
}

async fn log_in(request: HttpRequest, session: Session) -> impl Responder {
    Remembered::login(&request.extensions(), "9f3c2a1b".into()).unwrap();
    session.insert("roles", ["moderator", "admin"]).unwrap();
    HttpResponse::Ok()
}

fn case<S, B>(name: &str, app: S, cookie: String) -> Case
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    let call = move |request| {
        ready(app.call(request))
            .map_or_else(|error| error.as_response_error().status_code(), |answer| answer.status())
    };
    assert_eq!(call(request(&cookie)), StatusCode::OK, "{name}");
    assert_eq!(
        call(request("theme=dark")).is_success(),
        name == "plain",
        "{name}: a request without a login"
    );
    Case::prepared(
        name,
        move || request(&cookie),
        move |request| assert_eq!(call(request), StatusCode::OK),
    )
}

fn request(cookie: &str) -> Request {
    let header = |name, value: &str| (name, value.to_owned());
    TestRequest::with_uri("/admin")
        .insert_header(header("cookie", cookie))
        .insert_header(header("accept", "text/html"))
        .to_request()
}
