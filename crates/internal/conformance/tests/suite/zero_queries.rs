//! Checks that requests do not query the store after login. The account routes use a store that
//! panics on every call after login. A million requests must not reach the store.

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use actix_web::{App, test::init_service, web::Data};
use axum::{Router, body::Body};
use hallpass_accounts::{
    Account, AccountId, AccountStore, Accounts, HashCost, Password, StoreSet, Username,
    hash_password,
};
use hallpass_axum::routes;
use hallpass_conformance::{
    COOKIE, Sent, SiteRole, StoppedClock, authenticator, json_request, ring, token,
};
use hallpass_tower::AuthLayer;
use hallpass_web::Routes;
use tower::ServiceExt;

use crate::{
    accounts::settings,
    actix_stack, axum_stack,
    runs::Runs,
    tower_stack::{self, received, request},
};

/// Total number of requests. Each stack receives a third.
const REQUESTS: usize = 1_000_000;

const PASSWORD: &str = "correct horse battery staple";

/// A store with one account. Every call panics after the store is armed.
#[derive(Clone)]
struct Tripwire {
    hash: String,
    armed: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Tripwire {
    fn account(&self, id: AccountId) -> Account {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(!self.armed.load(Ordering::SeqCst), "the store was queried after login");
        let username = Username::parse("alice").expect("the user name is valid");
        Account::new(id, username, self.hash.clone()).with_roles(["admin"])
    }
}

impl AccountStore for Tripwire {
    type Error = Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
        Ok(Some(self.account(AccountId::new("u-alice"))))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Infallible> {
        Ok(Some(self.account(id.clone())))
    }
}

fn tripwire() -> Tripwire {
    let password = Password::typed(PASSWORD);
    let hash =
        hash_password(&password, [7; 16], HashCost::default()).expect("the password can be hashed");
    Tripwire { hash, armed: Arc::default(), calls: Arc::default() }
}

fn accounts(store: &Tripwire) -> Accounts<SiteRole> {
    let stores = StoreSet::new(Arc::new(store.clone()));
    Accounts::new(ring(), stores, settings()).expect("the settings are valid")
}

/// Logs in through the account routes, arms the store, and returns the token of the cookie.
async fn logged_in(store: &Tripwire, site: &Router) -> String {
    let mut login = json_request("POST", "/login");
    login.headers.push(("content-type".into(), b"application/x-www-form-urlencoded".to_vec()));
    login.body = format!("username=alice&password={}", PASSWORD.replace(' ', "+")).into();
    let answer = site
        .clone()
        .oneshot(request(&login, Body::from(login.body.clone())))
        .await
        .expect("infallible");
    let answer = received(answer).await;
    let cookies = answer.header("set-cookie");
    let access = cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('=')?.split(';').next());
    let access = access.unwrap_or_else(|| panic!("{} {}", answer.status, answer.text())).to_owned();
    assert!(store.calls.load(Ordering::SeqCst) > 0, "the login must query the store");
    store.armed.store(true, Ordering::SeqCst);
    access
}

/// Returns requests of every kind with their statuses. `access` is a token from a login.
fn cases(access: &str) -> Vec<(Sent, u16)> {
    let with = |path: &str, token: Option<&str>, status: u16| {
        let mut sent = json_request("GET", path);
        sent.headers.extend(
            token.map(|token| ("cookie".to_owned(), format!("{COOKIE}={token}").into_bytes())),
        );
        (sent, status)
    };
    let named = |path: &str, name: &str, status: u16| with(path, token(name).as_deref(), status);
    vec![
        with("/admin", Some(access), 200),
        with("/profile", Some(access), 200),
        with("/", Some(access), 200),
        with("/admin", None, 401),
        with("/", None, 200),
        named("/admin", "guest", 403),
        named("/admin", "expired", 401),
        named("/admin", "tampered", 401),
        named("/profile", "revoked", 401),
        named("/", "expired", 200),
    ]
}

/// Sends a third of the requests, one after the other.
async fn hammer<F: Future<Output = u16>>(
    store: &Tripwire,
    cases: &[(Sent, u16)],
    mut send: impl FnMut(&Sent) -> F,
) {
    let before = store.calls.load(Ordering::SeqCst);
    for (sent, status) in cases.iter().cycle().take(REQUESTS.div_ceil(3)) {
        assert_eq!(send(sent).await, *status, "{sent:?}");
    }
    assert_eq!(store.calls.load(Ordering::SeqCst), before, "the requests must not query the store");
}

fn axum_site(runs: &Runs, store: &Tripwire) -> Router {
    let accounts = routes(&Routes::new(&accounts(store)))
        .layer(AuthLayer::new(authenticator()).clock(StoppedClock));
    axum_stack::site(runs).merge(accounts)
}

#[tokio::test]
async fn over_axum() {
    let (runs, store) = (Runs::default(), tripwire());
    let site = axum_site(&runs, &store);
    let cases = cases(&logged_in(&store, &site).await);
    hammer(&store, &cases, |sent| {
        let answer = site.clone().oneshot(request(sent, Body::empty()));
        async { answer.await.expect("infallible").status().as_u16() }
    })
    .await;
}

#[tokio::test]
async fn over_tower() {
    let (runs, store) = (Runs::default(), tripwire());
    let cases = cases(&logged_in(&store, &axum_site(&runs, &store)).await);
    let site = tower_stack::site(&runs);
    hammer(&store, &cases, |sent| {
        let answer = site.clone().oneshot(request(sent, ()));
        async { answer.await.expect("infallible").status().as_u16() }
    })
    .await;
}

#[actix_web::test]
async fn over_actix() {
    let (runs, store) = (Runs::default(), tripwire());
    let cases = cases(&logged_in(&store, &axum_site(&runs, &store)).await);
    let app = App::new()
        .app_data(Data::new(runs))
        .service(hallpass_actix::routes(&Routes::new(&accounts(&store))))
        .configure(actix_stack::site)
        .wrap(actix_stack::auth());
    let app = init_service(app).await;
    hammer(&store, &cases, |sent| {
        let answer = actix_web::test::call_service(&app, actix_stack::request(sent).to_request());
        async { answer.await.status().as_u16() }
    })
    .await;
}
