//! A site below the path `/app`, on axum and on actix-web: behind a reverse proxy that removes the
//! prefix and behind one that passes it on, with routes at the root and with nested routes. Each
//! page of the library is requested, and every link, form, redirect and cookie belongs to the site.

use std::{collections::BTreeSet, convert::Infallible, future::Future, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, test::init_service, web};
use axum::{Router, body::Body, routing::get};
use hallpass_accounts::{Accounts, RateLimit, RateLimits, Settings, StoreSet};
use hallpass_axum::mount;
use hallpass_conformance::{NOW, Received, Sent, SiteRole, StoppedClock};
use hallpass_core::{KeyRing, PublicOrigin, UnixTime};
use hallpass_test_support::{
    authenticator::Authenticator,
    cookie_jar::CookieJar,
    http::{form, percent},
    memory_store::MemoryStore,
};
use hallpass_tower::{AuthLayer, public, require_login, require_roles};
use hallpass_web::Routes;
use http::Request;
use tower::{Layer, ServiceExt, service_fn};

use crate::{actix_stack, tower_stack};

const PASSWORD: &str = "correct horse battery staple";
/// The first base32 characters of the SHA-256 hash of `/app`.
const ACCESS: &str = "__Host-hallpass-6u5vfl";

fn accounts() -> Accounts<SiteRole> {
    let store = Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    stores.passwords = Some(store.clone().into());
    stores.two_factor = Some(store.clone().into());
    stores.sessions = Some(store.clone().into());
    stores.refresh_tokens = Some(store.into());
    let many = RateLimit::new(1000, Duration::from_secs(60));
    let settings = Settings {
        public_origin: Some(PublicOrigin::parse("https://site.example/app").unwrap()),
        default_roles: SiteRole::Guest.into(),
        clock: Arc::new(StoppedClock),
        rate_limits: RateLimits::default()
            .network(many.clone())
            .account(many.clone())
            .address(many),
        ..Settings::default()
    };
    let ring =
        KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), UnixTime::from_secs(NOW));
    Accounts::new(ring, stores, settings).unwrap()
}

/// A reverse proxy, which removes the prefix of a path or passes it on.
#[derive(Clone, Copy, Debug)]
enum Proxy {
    Removes,
    PassesOn,
}

/// Where the site registers its routes.
#[derive(Clone, Copy, Debug)]
enum Place {
    Root,
    Nested,
}

const WAYS: [(Proxy, Place); 4] = [
    (Proxy::Removes, Place::Root),
    (Proxy::PassesOn, Place::Root),
    (Proxy::Removes, Place::Nested),
    (Proxy::PassesOn, Place::Nested),
];

/// A browser in front of the proxy. It checks each response.
struct Walk<S> {
    name: String,
    proxy: Proxy,
    send: S,
    jar: CookieJar,
    /// Headers that a client or a careless proxy adds.
    added: Vec<(&'static str, &'static str)>,
    seen: BTreeSet<String>,
    bodies: usize,
}

impl<F: Future<Output = Received>, S: Fn(Sent) -> F> Walk<S> {
    fn new(name: &str, way: (Proxy, Place), send: S) -> Self {
        Self {
            name: format!("{name} {way:?}"),
            proxy: way.0,
            send,
            jar: CookieJar::new("https://site.example"),
            added: Vec::new(),
            seen: BTreeSet::new(),
            bodies: 0,
        }
    }

    /// Requests a path of the site, which the browser has with the prefix.
    async fn visit(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Received {
        let target = match self.proxy {
            Proxy::Removes => path.to_owned(),
            Proxy::PassesOn => format!("/app{path}"),
        };
        // The proxy sends the name of its backend. The browser is one without `Sec-Fetch-Site`.
        let mut sent = Sent::new(method, &target).header("accept", "text/html");
        if self.added.is_empty() {
            sent = sent.header("host", "backend:3000");
        }
        for (name, value) in &self.added {
            sent = sent.header(name, *value);
        }
        if let Some(cookies) = self.jar.header("/app/") {
            sent = sent.header("cookie", cookies);
        }
        if method == "POST" {
            sent = sent
                .header("origin", "https://site.example")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form(fields));
        }
        let received = (self.send)(sent).await;
        let label = format!("{}: {method} {path}: {}", self.name, received.status);
        self.check(&label, &received);
        self.jar.keep("/app/", received.header("set-cookie"));
        self.seen.insert(path.split('?').next().unwrap().to_owned());
        received
    }

    fn check(&mut self, label: &str, received: &Received) {
        for place in [received.header("location"), received.header("hx-redirect")].concat() {
            assert!(place.starts_with("/app/"), "{label}: {place}");
        }
        for challenge in received.header("www-authenticate") {
            assert_eq!(challenge, "Cookie form-action=\"/app/login\"", "{label}");
        }
        for cookie in received.header("set-cookie") {
            assert!(
                cookie.starts_with(ACCESS) && cookie.contains("; Path=/;"),
                "{label}: {cookie}"
            );
        }
        let body = received.text();
        if received.header("content-type").iter().any(|kind| kind.starts_with("text/html")) {
            self.bodies += 1;
            for link in links(&body) {
                let elsewhere = link.starts_with("otpauth:") || link == "data:,";
                assert!(link.starts_with("/app/") || elsewhere, "{label}: {link}");
            }
        }
        for (_, value) in &received.headers {
            assert!(!String::from_utf8_lossy(value).contains("evil"), "{label}: {received:?}");
        }
        assert!(!body.contains("evil"), "{label}: {body}");
    }

    async fn get(&mut self, path: &str, status: u16) -> Received {
        let received = self.visit("GET", path, &[]).await;
        assert_eq!(received.status, status, "{}: GET {path}: {}", self.name, received.text());
        received
    }

    /// Posts a form that the site answers with this page.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)], status: u16) -> Received {
        let received = self.visit("POST", path, fields).await;
        assert_eq!(received.status, status, "{}: POST {path}: {}", self.name, received.text());
        received
    }

    /// Sends a request that is redirected to this path.
    async fn leads(&mut self, method: &str, path: &str, fields: &[(&str, &str)], to: &str) {
        let received = self.visit(method, path, fields).await;
        let place = (received.status, received.header("location"));
        assert_eq!(place, (303, vec![to.to_owned()]), "{}: {method} {path}", self.name);
    }

    async fn all_pages(&mut self) {
        self.stranger().await;
        self.member().await;
        self.second_factor().await;
    }

    async fn stranger(&mut self) {
        assert_eq!(self.get("/", 200).await.text(), "the home page");
        assert_eq!(self.get("/nowhere", 404).await.text(), "nothing");
        self.leads("GET", "/admin?page=2", &[], "/app/login?next=%2Fapp%2Fadmin%3Fpage%3D2").await;
        for (next, kept) in [("/app/admin", "/app/admin"), ("/shop", "/app/"), ("/", "/app/")] {
            let page = self.get(&format!("/login?next={}", percent(next)), 200).await.text();
            assert!(page.contains(&format!("name=\"next\" value=\"{kept}\"")), "{next}: {page}");
        }
        self.get("/register", 200).await;
        self.get("/hallpass.css", 200).await;
        self.get("/hallpass.js", 200).await;
        self.get("/session/refresh", 405).await;
        self.get("/login/reset?token=x", 410).await;
        self.post("/login/reset", &[("token", "x"), ("new_password", PASSWORD)], 410).await;
        self.leads("GET", "/login/code?next=%2Fapp%2Fadmin", &[], "/app/login?next=%2Fapp%2Fadmin")
            .await;
        self.leads("GET", "/account/sessions", &[], "/app/login?next=%2Fapp%2Faccount%2Fsessions")
            .await;
        self.post("/account/password", &[], 401).await;
        self.post("/login", &[("username", "ann"), ("password", "not hers")], 401).await;
        self.post("/register", &[("username", "a b"), ("password", "short")], 422).await;
        let ann = [("username", "ann"), ("password", PASSWORD)];
        self.leads("POST", "/register", &ann, "/app/profile").await;
        assert!(self.jar.contains(ACCESS), "{:?}", self.jar);
        self.get("/session/confirm?next=%2Fapp%2Fadmin", 200).await;
        self.post("/session/confirm", &[("password", "not hers")], 401).await;
        let confirm = [("password", PASSWORD), ("next", "/app/admin")];
        self.leads("POST", "/session/confirm", &confirm, "/app/admin").await;
        self.leads("POST", "/logout", &[], "/app/").await;
        for (next, to) in [("/app/admin?a=1", "/app/admin?a=1"), ("/admin", "/app/"), ("", "/app/")]
        {
            self.leads("POST", "/login", &[&ann[..], &[("next", next)]].concat(), to).await;
        }
    }

    async fn member(&mut self) {
        self.get("/login", 200).await;
        self.get("/admin", 403).await;
        self.get("/factor", 403).await;
        self.get("/account/sessions", 200).await;
        let others = [("session", "others")];
        self.leads("POST", "/account/sessions/revoke", &others, "/app/account/sessions").await;
        self.post("/account/sessions/revoke", &[("session", "none")], 404).await;
        let wrong = [("current_password", "not hers"), ("new_password", PASSWORD)];
        self.post("/account/password", &wrong, 401).await;
        let right = [("current_password", PASSWORD), ("new_password", PASSWORD)];
        self.leads("POST", "/account/password", &right, "/app/profile").await;
        self.get("/account/password", 200).await;
        self.post("/session/refresh", &[], 204).await;
    }

    async fn second_factor(&mut self) {
        let page = self.get("/account/two-factor", 200).await.text();
        let (_, secret) = page.split_once("?secret=").or(page.split_once("secret=")).unwrap();
        let app = Authenticator::of_base32(secret.split(['&', '"']).next().unwrap());
        let wrong = app.wrong_code_at(NOW);
        self.post("/account/two-factor", &[("code", &wrong)], 401).await;
        self.post("/account/two-factor", &[("code", &app.code_at(NOW - 30))], 200).await;
        self.get("/account/two-factor", 200).await;
        let both = [("password", PASSWORD), ("code", &wrong)];
        self.post("/account/recovery-codes", &both, 401).await;
        self.post("/account/two-factor/disable", &both, 401).await;
        self.leads("POST", "/logout", &[], "/app/").await;

        let ann = [("username", "ann"), ("password", PASSWORD), ("next", "/app/factor")];
        let code_page = "/app/login/code?next=%2Fapp%2Ffactor";
        self.leads("POST", "/login", &ann, code_page).await;
        self.get("/login/code?next=%2Fapp%2Ffactor", 200).await;
        let next = ("next", "/app/factor");
        self.post("/login/code", &[("code", &wrong), next], 401).await;
        let code = app.code_at(NOW);
        self.leads("POST", "/login/code", &[("code", &code), next], "/app/factor").await;
        self.get("/factor", 200).await;
    }
}

/// Returns the links, files and forms of a page.
fn links(html: &str) -> impl Iterator<Item = &str> {
    [" href=\"", " src=\"", " action=\""].into_iter().flat_map(move |attribute| {
        html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next())
    })
}

/// The site's own routes on axum. `AuthLayer` is around the whole site, as `Hallpass::protect` puts
/// it, or around the routes, as `Router::layer` does.
fn axum_site(place: Place, accounts: &Accounts<SiteRole>) -> Router {
    let office = require_roles([SiteRole::Admin]);
    let routes = Router::new()
        .route("/", get(async || "the home page").layer::<_, Infallible>(public()))
        .route("/admin", get(async || "the office").layer::<_, Infallible>(office))
        .route(
            "/factor",
            get(async || "the safe").layer::<_, Infallible>(require_login().and_second_factor()),
        )
        .merge(hallpass_axum::routes::<_, ()>(&Routes::new(accounts)))
        .fallback_service(
            get(async || (http::StatusCode::NOT_FOUND, "nothing"))
                .layer::<_, Infallible>(public())
                .with_state(()),
        );
    let layer = AuthLayer::new(accounts.request_authenticator())
        .clock(StoppedClock)
        .rejection_settings(accounts.settings().rejections.clone())
        .origin_check(accounts.settings().origin_check.clone())
        .deny_unguarded_routes();
    let prefix = accounts.settings().prefix();
    match place {
        Place::Root => Router::new().fallback_service(layer.layer(mount(routes, prefix))),
        Place::Nested => mount(Router::new().nest("/app", routes).layer(layer), prefix),
    }
}

async fn send_to_axum(site: Router, sent: Sent) -> Received {
    let request = tower_stack::request(&sent, Body::from(sent.body.clone()));
    tower_stack::received(site.oneshot(request).await.unwrap()).await
}

fn actix_site(place: Place, accounts: &Accounts<SiteRole>, config: &mut web::ServiceConfig) {
    let office = hallpass_actix::require_roles([SiteRole::Admin]);
    let factor = hallpass_actix::require_login().and_second_factor();
    let nothing =
        web::to(async || HttpResponse::NotFound().body("nothing")).wrap(hallpass_actix::public());
    let site = |config: &mut web::ServiceConfig| {
        config
            .service(web::resource("/").wrap(hallpass_actix::public()).to(async || "the home page"))
            .service(web::resource("/admin").wrap(office).to(async || "the office"))
            .service(web::resource("/factor").wrap(factor).to(async || "the safe"))
            .service(hallpass_actix::routes(&Routes::new(accounts)));
    };
    match place {
        Place::Root => config.configure(site),
        Place::Nested => config.service(web::scope("/app").configure(site)),
    }
    .default_service(nothing);
}

/// Calls a walk with each framework, proxy and place of the routes.
macro_rules! on_every_way {
    ($walk:ident => $visit:expr) => {
        for way in WAYS {
            let site = axum_site(way.1, &accounts());
            let mut $walk = Walk::new("axum", way, |sent| send_to_axum(site.clone(), sent));
            $visit;

            let accounts = accounts();
            let layer = hallpass_actix::AuthLayer::new(accounts.request_authenticator())
                .clock(StoppedClock)
                .rejection_settings(accounts.settings().rejections.clone())
                .origin_check(accounts.settings().origin_check.clone())
                .deny_unguarded_routes();
            let app =
                App::new().configure(|config| actix_site(way.1, &accounts, config)).wrap(layer);
            let app = init_service(app).await;
            let mut $walk = Walk::new("actix", way, |sent| {
                let request = actix_stack::request(&sent).set_payload(sent.body.clone());
                let exchange = actix_web::test::call_service(&app, request.to_request());
                async move { actix_stack::received(exchange.await).await }
            });
            $visit;
        }
    };
}

#[actix_web::test]
async fn every_link_form_redirect_and_cookie_has_the_prefix() {
    on_every_way!(walk => {
        walk.all_pages().await;
        assert!(walk.bodies > 20, "{}: {} pages", walk.name, walk.bodies);
        let routes = Routes::new(&accounts()).routes();
        let library: BTreeSet<String> = routes.iter().map(|route| route.path.to_owned()).collect();
        let unseen: Vec<_> = library.difference(&walk.seen).collect();
        assert_eq!(unseen, ["/.well-known/jwks.json"], "{}", walk.name);
    });
}

/// The public keys are at the root of the host, where a proxy rule sends them to the site.
#[actix_web::test]
async fn well_known_paths_are_at_the_root_of_the_host() {
    on_every_way!(walk => {
        walk.proxy = Proxy::Removes;
        assert_eq!(walk.get("/.well-known/jwks.json", 200).await.text(), "{\"keys\":[]}");
    });
    let paths = Routes::new(&accounts()).paths();
    assert!(paths.iter().all(|path| path != "/app/.well-known/jwks.json"), "{paths:?}");
}

/// CVE-2022-23079 and CVE-2021-25994: a link to the host that a client wrote into a header.
#[actix_web::test]
async fn hostile_host_headers_are_in_no_response() {
    on_every_way!(walk => {
        walk.added = vec![
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-server", "evil.example"),
            ("x-forwarded-proto", "evil"),
            ("x-forwarded-port", "evil"),
            ("x-forwarded-prefix", "/evil"),
            ("x-script-name", "/evil"),
            ("x-original-host", "evil.example"),
            ("x-original-url", "/evil"),
            ("x-rewrite-url", "/evil"),
            ("x-host", "evil.example"),
            ("forwarded", "host=evil.example;proto=evil"),
            ("referer", "https://evil.example/evil"),
        ];
        walk.all_pages().await;
        walk.proxy = Proxy::Removes;
        walk.get("/.well-known/jwks.json", 200).await;
    });
}

/// A site with the layer around its routes needs no `mount` for the routes of the library.
#[tokio::test]
async fn library_routes_answer_with_and_without_the_prefix() {
    let accounts = accounts();
    let routes = Routes::new(&accounts);
    let layer = AuthLayer::new(accounts.request_authenticator()).clock(StoppedClock);
    let site = hallpass_axum::routes::<_, ()>(&routes).layer(layer);
    let paths = routes.paths();
    assert_eq!(paths.len(), 2 * routes.routes().len() - 1);
    for path in paths {
        let answer = send_to_axum(site.clone(), Sent::new("GET", &path)).await;
        assert_ne!(answer.status, 404, "{path}");
    }
    for path in ["/apple/login", "/app/app/login", "/app//login", "/appli/login"] {
        assert_eq!(send_to_axum(site.clone(), Sent::new("GET", path)).await.status, 404, "{path}");
    }
}

/// Without a router, a guard receives the path as the proxy sent it.
#[tokio::test]
async fn tower_guards_complete_next_with_the_prefix() {
    let handler = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(http::Response::new(http_body_util::Full::<bytes::Bytes>::default()))
    });
    let accounts = accounts();
    let site = AuthLayer::new(accounts.request_authenticator())
        .clock(StoppedClock)
        .rejection_settings(accounts.settings().rejections.clone())
        .origin_check(accounts.settings().origin_check.clone())
        .layer(require_login().layer(handler));
    for path in ["/posts?page=2", "/app/posts?page=2"] {
        let request = Request::get(path).body(()).unwrap();
        let answer = site.clone().oneshot(request).await.unwrap();
        let place = answer.headers()["location"].to_str().unwrap();
        assert_eq!(place, "/app/login?next=%2Fapp%2Fposts%3Fpage%3D2");
    }
}
