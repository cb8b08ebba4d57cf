//! Refresh-token rotation during a request with an expired access token. The same script runs over
//! sockets on axum and on actix-web.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{App, HttpServer, Responder, web};
use axum::{
    Router,
    routing::{any, get},
};
use hallpass::store::SqlStore;
use hallpass_accounts::{
    Accounts, AdministrationStore, RefreshTokenStore, RegistrationStore, Settings, StoreSet,
    Username,
};
use hallpass_conformance::{NOW, Received, Sent, SiteRole, json_request};
use hallpass_core::{Clock, KeyRing, RequestAuthenticator, Role, RoleSet, UnixTime};
use hallpass_test_support::cookie_jar::CookieJar;
use hallpass_test_support::memory_store::MemoryStore;
use hallpass_test_support::{postgres::Schema, scratch::Scratch};
use hallpass_tower::AuthLayer;
use hallpass_web::Routes;
use tokio::net::TcpListener;

use crate::sockets;

const ACCESS: &str = "__Host-hallpass";
const REFRESH: &str = "__Host-hallpass_refresh";
const LIFE: u64 = 900;

#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A site on one of the frameworks, with access to its store and clock.
pub(crate) struct Site {
    pub(crate) server: SocketAddr,
    pub(crate) accounts: Accounts<SiteRole>,
    pub(crate) store: MemoryStore,
    hands: Hands,
}

/// A site before it is on a framework.
pub(crate) struct Parts {
    accounts: Accounts<SiteRole>,
    authenticator: RequestAuthenticator<SiteRole>,
    store: MemoryStore,
    hands: Hands,
}

/// The stores of a site on any database.
pub(crate) fn stores<S>(store: &S) -> StoreSet
where
    S: RefreshTokenStore + RegistrationStore + AdministrationStore + Clone,
{
    let shared = Arc::new(store.clone());
    let mut stores = StoreSet::new(shared.clone());
    stores.registration = Some(shared.clone().into());
    stores.sessions = Some(shared.clone().into());
    stores.refresh_tokens = Some(shared.clone().into());
    stores.administration = Some(shared.into());
    stores
}

pub(crate) fn in_memory() -> Parts {
    let store = MemoryStore::default();
    Parts { store: store.clone(), ..parts(stores(&store)) }
}

pub(crate) fn parts(stores: StoreSet) -> Parts {
    let hands = Hands(Arc::new(AtomicU64::new(NOW)));
    let ring =
        KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), UnixTime::from_secs(NOW));
    let settings = Settings {
        default_roles: SiteRole::Guest.into(),
        clock: Arc::new(hands.clone()),
        ..Settings::default()
    };
    let accounts = Accounts::new(ring, stores, settings).unwrap();
    let authenticator = accounts.request_authenticator();
    Parts { accounts, authenticator, store: MemoryStore::default(), hands }
}

/// Returns the roles of the caller.
fn roles_of(roles: RoleSet<SiteRole>) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
}

pub(crate) async fn on_axum(parts: Parts) -> Site {
    let Parts { accounts, authenticator, store, hands } = parts;
    let rotation = hallpass_axum::Rotation::new(&accounts, &authenticator);
    let site = Router::new()
        .route("/open", get(|| async { ([("cache-control", "public, max-age=60")], "open") }))
        .route("/posts", any(|body: String| async { body }).layer(hallpass_tower::require_login()))
        .route(
            "/roles",
            any(|me: hallpass_axum::Identity<SiteRole>| async move { roles_of(me.roles()) }),
        )
        .merge(hallpass_axum::routes(&Routes::new(&accounts)))
        .layer(AuthLayer::new(authenticator).clock(hands.clone()).refresh(rotation));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, site).await });
    Site { server, accounts, store, hands }
}

pub(crate) fn on_actix(parts: Parts) -> (actix_web::dev::Server, Site) {
    let Parts { accounts, authenticator, store, hands } = parts;
    let rotation = hallpass_actix::Rotation::new(&accounts, &authenticator);
    let auth = hallpass_actix::AuthLayer::new(authenticator).clock(hands.clone()).refresh(rotation);
    let routes = hallpass_actix::routes(&Routes::new(&accounts));
    let app = move || {
        let open = || async {
            ("open".to_owned()).customize().insert_header(("cache-control", "public, max-age=60"))
        };
        let roles = |me: hallpass_actix::Identity<SiteRole>| async move { roles_of(me.roles()) };
        App::new()
            .route("/open", web::get().to(open))
            .route("/roles", web::route().to(roles))
            .service(
                web::resource("/posts")
                    .wrap(hallpass_actix::require_login())
                    .to(|body: String| async { body }),
            )
            .service(routes.clone())
            .wrap(auth.clone())
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    (server.run(), Site { server: address, accounts, store, hands })
}

/// A browser. [`Browser::without_access`] removes the access cookie, as a browser does when the
/// cookie expires.
#[derive(Clone)]
pub(crate) struct Browser(pub(crate) CookieJar);

impl Browser {
    pub(crate) async fn registered(site: &Site, name: &str) -> Self {
        let mut browser = Self(CookieJar::new("https://site.example"));
        let form = format!("username={name}&password=correct+horse+battery+staple");
        assert_eq!(
            browser.send(site, browser.request("POST", "/register", &form)).await.status,
            201
        );
        browser
    }

    pub(crate) fn request(&self, method: &str, target: &str, body: &str) -> Sent {
        let sent =
            json_request(method, target).header("cookie", self.0.header("/").unwrap_or_default());
        sent.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// Sends a request and stores the cookies of the response.
    async fn send(&mut self, site: &Site, sent: Sent) -> Received {
        let received = sockets::http1(site.server, &sent).await;
        self.0.keep("/", received.header("set-cookie"));
        received
    }

    async fn post(&mut self, site: &Site, body: &str) -> Received {
        self.send(site, self.request("POST", "/posts", body)).await
    }

    fn without_access(mut self) -> Self {
        self.0.remove(ACCESS);
        self
    }

    fn without_refresh(mut self) -> Self {
        self.0.remove(REFRESH);
        self
    }
}

fn sets(received: &Received) -> usize {
    received.header("set-cookie").len()
}

/// Runs the whole script. A copy of the browser sends a request if the browser's own cookies are
/// needed afterwards.
async fn walk(site: &Site) {
    let pass = |seconds| site.hands.0.fetch_add(seconds, Ordering::SeqCst);
    let mut ann = Browser::registered(site, "ann").await;

    // A valid token: no refresh, and no call to the store.
    let calls = site.store.calls();
    let answer = ann.post(site, "live").await;
    assert_eq!((answer.status, sets(&answer), site.store.calls()), (200, 0, calls));

    // An expired token: the response is complete, and the cookies are new. The request may have the
    // expired cookie, as a script sends it, or no access cookie.
    pass(LIFE);
    let before = ann.clone();
    let answer = ann.post(site, "half a page, written slowly").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "half a page, written slowly"));
    assert_eq!(sets(&answer), 2);
    assert_eq!(answer.header("cache-control"), ["no-store"]);
    assert_ne!(ann.0[REFRESH], before.0[REFRESH]);

    // Concurrent requests of other tabs: each gets its response, and all get the same refresh
    // token.
    for method in ["POST", "GET", "PUT", "DELETE"] {
        let mut tab = before.clone().without_access();
        let sent = tab.request(method, "/posts", "tab");
        assert_eq!(tab.send(site, sent).await.status, 200, "{method}");
        assert_eq!(tab.0[REFRESH], ann.0[REFRESH]);
    }
    let head = before.request("HEAD", "/posts", "");
    let answer = before.clone().send(site, head).await;
    assert_eq!((answer.status, sets(&answer)), (200, 2));

    // A request does not refresh the session if it comes from another origin, if its tokens are
    // forged or ambiguous, or if it is a preflight.
    let calls = site.store.calls();
    let tab = || before.clone().without_access();
    let mut forged = tab();
    forged.0.insert(ACCESS, "e30.e30.AAAA");
    let mut broken = tab();
    broken.0.insert(REFRESH, "A".repeat(86));
    let mut cross = tab().request("POST", "/posts", "x");
    cross.headers.push(("sec-fetch-site".into(), b"cross-site".to_vec()));
    let mut origin = tab().request("POST", "/posts", "x");
    origin.headers.push(("origin".into(), b"https://evil.example".to_vec()));
    let twice = format!("{REFRESH}={0}; {REFRESH}={0}", before.0[REFRESH]);
    let mut ambiguous = json_request("POST", "/posts");
    ambiguous.headers.push(("cookie".into(), twice.into()));
    for (why, status, sent) in [
        ("a forged access token", 401, forged.request("POST", "/posts", "x")),
        ("an invalid refresh token", 401, broken.request("POST", "/posts", "x")),
        ("a cross-site request", 403, cross),
        ("a request of another origin", 403, origin),
        ("two refresh cookies", 401, ambiguous),
        ("a preflight", 401, tab().request("OPTIONS", "/posts", "")),
    ] {
        let answer = sockets::http1(site.server, &sent).await;
        assert_eq!((answer.status, sets(&answer)), (status, 0), "{why}");
    }
    assert_eq!(site.store.calls(), calls);

    // A public response must not be cached if it sets cookies of a session.
    let sent = tab().request("GET", "/open", "");
    let answer = tab().send(site, sent).await;
    assert_eq!((answer.status, sets(&answer)), (200, 2));
    assert_eq!(answer.header("cache-control"), ["no-store"]);

    // The store is down: a guarded route returns 503 and keeps the cookies. A public route returns
    // 200.
    pass(LIFE);
    site.store.set_down(true);
    let answer = ann.clone().without_access().post(site, "x").await;
    assert_eq!((answer.status, sets(&answer)), (503, 0));
    assert_eq!(answer.header("retry-after"), ["1"]);
    let sent = ann.request("GET", "/open", "");
    let answer = ann.clone().send(site, sent).await;
    assert_eq!((answer.status, sets(&answer)), (200, 0));
    site.store.set_down(false);

    // The routes for refresh and logout: the cookies of the route replace those of the layer.
    let sent = ann.request("POST", "/session/refresh", "");
    let answer = ann.send(site, sent).await;
    assert_eq!((answer.status, sets(&answer)), (204, 2));
    pass(LIFE);
    let (mut leaving, copy) = (ann.clone().without_access(), ann.clone());
    let sent = leaving.request("POST", "/logout", "");
    let answer = leaving.send(site, sent).await;
    assert_eq!(answer.status, 204);
    assert!(
        answer.header("set-cookie").iter().all(|cookie| cookie.contains("Max-Age=0")),
        "{answer:?}"
    );
    let answer = copy.clone().post(site, "x").await;
    assert_eq!((answer.status, sets(&answer)), (401, 0), "logout ends the session");

    // A reused refresh token ends the session after the grace period.
    let mut bob = Browser::registered(site, "bob").await;
    pass(LIFE);
    let thief = bob.clone().without_access();
    for _ in 0..2 {
        assert_eq!(bob.post(site, "x").await.status, 200);
        pass(LIFE);
    }
    assert_eq!(thief.clone().post(site, "x").await.status, 401);
    assert_eq!(bob.post(site, "x").await.status, 401, "the session of the owner ends too");

    // A response is lost: 35 seconds later the browser presents the old token again, and continues.
    // If the response was not lost but read by a thief, the session ends when the thief returns.
    let mut cas = Browser::registered(site, "cas").await;
    pass(LIFE);
    let mut lost = cas.clone();
    assert_eq!(lost.post(site, "x").await.status, 200);
    pass(35);
    let answer = cas.post(site, "again").await;
    assert_eq!((answer.status, sets(&answer)), (200, 2));
    assert_ne!(cas.0[REFRESH], lost.0[REFRESH]);
    pass(LIFE);
    assert_eq!(cas.post(site, "x").await.status, 200);
    assert_eq!(lost.without_access().post(site, "x").await.status, 401);
    assert_eq!(cas.post(site, "x").await.status, 401);

    // A change of roles makes the token stale. A request with a stale token refreshes the session,
    // and has the new roles.
    let mut eve = Browser::registered(site, "eve").await;
    let account = site.accounts.find(&Username::parse("eve").unwrap()).await.unwrap().unwrap();
    site.accounts.set_roles(account.id(), [SiteRole::Moderator]).await.unwrap();
    let answer = eve.clone().without_refresh().post(site, "x").await;
    assert_eq!((answer.status, sets(&answer)), (401, 0), "without a refresh token");
    let answer = eve.post(site, "x").await;
    assert_eq!((answer.status, sets(&answer)), (200, 2));
    let sent = eve.request("POST", "/session/refresh", "");
    assert_eq!(eve.send(site, sent).await.status, 204);
    assert_eq!(eve.post(site, "x").await.status, 200);
}

/// A tab refreshes while the same browser ends its other sessions. Either response may be the last
/// that the browser receives. The browser stays logged in, also when the next access token expires.
async fn refresh_beside_an_own_change(site: &Site) {
    for round in 0..ROUNDS {
        let browser = Browser::registered(site, &format!("person{round}")).await;
        let refresh = browser.request("POST", "/session/refresh", "");
        let change = browser.request("POST", "/account/sessions/revoke", "session=others");
        let refresh_first = round % 4 < 2;
        let sent = async |sent: &Sent| sockets::http1(site.server, sent).await;
        let (refreshed, changed) = match round % 3 {
            0 => tokio::join!(sent(&refresh), sent(&change)),
            1 => (sent(&refresh).await, sent(&change).await),
            _ => {
                let changed = sent(&change).await;
                (sent(&refresh).await, changed)
            }
        };
        assert_eq!((refreshed.status, changed.status), (204, 204), "round {round}");
        let mut after = browser.clone();
        let responses = if refresh_first { [&refreshed, &changed] } else { [&changed, &refreshed] };
        for response in responses {
            after.0.keep("/", response.header("set-cookie"));
        }
        for _ in 0..3 {
            let answer = after.post(site, "still here").await;
            assert_eq!(answer.status, 200, "round {round}: {}", answer.text());
            site.hands.0.fetch_add(LIFE, Ordering::SeqCst);
        }
        // A copy of the token from before the change ends the session.
        assert_eq!(browser.without_access().post(site, "x").await.status, 401);
        assert_eq!(after.post(site, "x").await.status, 401);
    }
}

/// The rounds of [`refresh_beside_an_own_change`].
const ROUNDS: usize = 100;

#[tokio::test]
async fn refresh_beside_an_own_change_stays_logged_in_on_axum() {
    refresh_beside_an_own_change(&on_axum(in_memory()).await).await;
}

#[tokio::test]
async fn refresh_beside_an_own_change_stays_logged_in_on_sqlite() {
    let scratch = Scratch::new();
    let store = SqlStore::open(&scratch.url("site.db")).await.unwrap();
    refresh_beside_an_own_change(&on_axum(parts(stores(&store))).await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn refresh_beside_an_own_change_stays_logged_in_on_postgres() {
    let schema = Schema::new().await;
    let store = SqlStore::open(&schema.url()).await.unwrap();
    refresh_beside_an_own_change(&on_axum(parts(stores(&store))).await).await;
}

#[actix_web::test]
async fn refresh_beside_an_own_change_stays_logged_in_on_actix() {
    let (server, site) = on_actix(in_memory());
    let handle = server.handle();
    actix_web::rt::spawn(server);
    refresh_beside_an_own_change(&site).await;
    handle.stop(false).await;
}

#[tokio::test]
async fn request_refreshes_an_expired_session_on_axum() {
    walk(&on_axum(in_memory()).await).await;
}

#[actix_web::test]
async fn request_refreshes_an_expired_session_on_actix() {
    let (server, site) = on_actix(in_memory());
    let handle = server.handle();
    actix_web::rt::spawn(server);
    walk(&site).await;
    handle.stop(false).await;
}
