//! Login, password change and access control with the application's own table.

#![allow(clippy::unwrap_used, reason = "a test panics if its setup fails")]

use std::time::{Duration, Instant};

use axum::{extract::Request, response::Response};
use hallpass_test_support::scratch::Scratch;
use hallpass_testkit::Kit;
use http_body_util::BodyExt;
use sqlx::AssertSqlSafe;
use tower::ServiceExt;

use super::*;

struct Shop {
    kit: Kit<SiteRole>,
    pool: SqlitePool,
    app: Router,
}

impl Shop {
    async fn open() -> Self {
        let kit = Kit::new();
        let pool = application().await.unwrap();
        // The site uses the system clock and not the kit's clock, so tokens of the kit's users are
        // not valid here.
        let hallpass =
            accounts(kit.watch(users::store(pool.clone()))).keys(kit.keys()).start().await.unwrap();
        Self { app: app(&hallpass), kit, pool }
    }

    async fn send(&self, request: Request) -> (u16, Option<String>, String) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let cookies = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok());
        let pairs = cookies.filter_map(|cookie| cookie.split(';').next());
        let mut pairs = pairs.filter(|pair| pair.starts_with("__Host-hallpass="));
        let cookie = pairs.next().map(str::to_owned);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, cookie, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> (u16, Option<String>) {
        let request =
            Request::post(path).header("accept", "application/json").header("cookie", cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let (status, cookie, _) = self.send(request.body(form.to_owned().into()).unwrap()).await;
        (status, cookie)
    }

    async fn get(&self, path: &str, cookie: &str) -> (u16, String) {
        let request =
            Request::get(path).header("accept", "application/json").header("cookie", cookie);
        let (status, _, body) = self.send(request.body(axum::body::Body::empty()).unwrap()).await;
        (status, body)
    }
}

const ADA: &str = "username=Ada&password=correct+horse+battery";

#[tokio::test]
async fn requests_after_a_login_do_not_read_the_table() {
    let shop = Shop::open().await;
    let (status, ada) = shop.post("/login", "", ADA).await;
    assert_eq!(status, 200);
    let ada = ada.unwrap();
    let (_, grace) = shop.post("/login", "", "username=grace&password=correct+horse+battery").await;

    shop.kit.forget_store_calls();
    assert_eq!(shop.get("/profile", &ada).await, (200, "ada may {customer}".to_owned()));
    assert_eq!(shop.get("/stock", &ada).await.0, 403);
    assert_eq!(shop.get("/stock", &grace.unwrap()).await, (200, "grace may {staff}".to_owned()));
    assert_eq!(shop.get("/profile", "").await.0, 401);
    shop.kit.assert_no_store_calls();
}

#[tokio::test]
async fn wrong_passwords_and_blocked_customers_are_rejected() {
    let shop = Shop::open().await;
    assert_eq!(shop.post("/login", "", "username=ada&password=incorrect+horse").await, (401, None));
    assert_eq!(
        shop.post("/login", "", "username=nobody&password=correct+horse+battery").await,
        (401, None)
    );
    sqlx::query("UPDATE customers SET blocked = 1 WHERE login = 'ada'")
        .execute(&shop.pool)
        .await
        .unwrap();
    assert_eq!(shop.post("/login", "", ADA).await, (401, None));
}

#[tokio::test]
async fn a_password_change_revokes_all_other_sessions() {
    let shop = Shop::open().await;
    let (_, thief) = shop.post("/login", "", ADA).await;
    let (_, ada) = shop.post("/login", "", ADA).await;
    let form = "current_password=correct+horse+battery&new_password=a+longer+password+than+that";
    let (status, fresh) = shop.post("/account/password", &ada.unwrap(), form).await;
    assert_eq!(status, 204);
    assert_eq!(shop.get("/profile", &thief.unwrap()).await.0, 401);
    assert_eq!(shop.get("/profile", &fresh.unwrap()).await.0, 200);
    assert_eq!(shop.post("/login", "", ADA).await.0, 401);
    assert_eq!(
        shop.post("/login", "", "username=ada&password=a+longer+password+than+that").await.0,
        200
    );
}

#[tokio::test]
async fn a_feature_without_its_store_trait_has_no_route() {
    let shop = Shop::open().await;
    assert_eq!(shop.get("/register", "").await.0, 404);
    assert_eq!(shop.get("/account/two-factor", "").await.0, 401);
}

/// Several servers on one file, each with a pool of its own, as in several processes.
struct Servers {
    apps: Vec<Router>,
    pool: SqlitePool,
    kit: Kit<SiteRole>,
    scratch: Scratch,
}

impl Servers {
    async fn open() -> Self {
        let scratch = Scratch::new();
        let pool = file(&scratch).await;
        table(&pool).await.unwrap();
        let mut servers = Self { apps: Vec::new(), pool, kit: Kit::new(), scratch };
        servers.restart().await;
        sqlx::raw_sql(include_str!("../sql/triggers.sql")).execute(&servers.pool).await.unwrap();
        servers
    }

    async fn restart(&mut self) {
        self.apps.clear();
        for _ in 0..2 {
            let store = users::store(file(&self.scratch).await);
            let hallpass = accounts(store).keys(self.kit.keys()).start().await.unwrap();
            self.apps.push(app(&hallpass));
        }
    }

    async fn send(&self, server: usize, method: &str, path: &str, cookies: &str) -> Response {
        let request = Request::builder().method(method).uri(path).header("cookie", cookies);
        let request = request
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        let body = if path == "/login" { ADA } else { "" };
        let request = request.body(axum::body::Body::from(body)).unwrap();
        self.apps[server].clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, server: usize, method: &str, path: &str, cookies: &str) -> u16 {
        self.send(server, method, path, cookies).await.status().as_u16()
    }

    /// Logs ada in. Returns the access token, and it with the refresh token.
    async fn log_in(&self) -> (String, String) {
        let response = self.send(0, "POST", "/login", "").await;
        assert_eq!(response.status().as_u16(), 200);
        cookies_of(&response)
    }

    async fn rejected(&self, access: &str) -> Duration {
        let start = Instant::now();
        for server in 0..2 {
            while self.status(server, "GET", "/profile", access).await != 401 {
                assert!(start.elapsed() < BOUND, "server {server} accepts the copied cookie");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        start.elapsed()
    }
}

fn cookies_of(response: &Response) -> (String, String) {
    let cookies = response.headers().get_all("set-cookie").iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let pairs: Vec<_> = pairs.filter(|pair| pair.starts_with("__Host-hallpass")).collect();
    let access = pairs.iter().find(|pair| pair.starts_with("__Host-hallpass="));
    ((*access.unwrap()).to_owned(), pairs.join("; "))
}

async fn file(scratch: &Scratch) -> SqlitePool {
    SqlitePool::connect(&format!("{}?mode=rwc", scratch.url("shop.db"))).await.unwrap()
}

/// The published bound of a revocation.
const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_disabled_by_another_program_is_rejected() {
    let servers = Servers::open().await;
    for sql in [
        include_str!("../sql/disable.sql").replace(":account", "'1'"),
        "UPDATE customers SET blocked = 1 WHERE login = 'ada'".to_owned(),
    ] {
        let (access, all) = servers.log_in().await;
        assert_eq!(servers.status(1, "GET", "/profile", &access).await, 200);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&servers.pool).await.unwrap();
        println!("rejected after {:?}", servers.rejected(&access).await);
        for server in 0..2 {
            assert_eq!(servers.status(server, "POST", "/session/refresh", &all).await, 401);
            assert_eq!(servers.status(server, "POST", "/login", "").await, 401);
        }
        let enable = "UPDATE hallpass_account_state SET disabled = FALSE";
        sqlx::raw_sql(enable).execute(&servers.pool).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_logouts_survive_a_restart() {
    let mut servers = Servers::open().await;
    let ((kept, all_kept), (ended, all_ended)) = (servers.log_in().await, servers.log_in().await);
    servers.send(1, "POST", "/logout", &all_ended).await;
    servers.rejected(&ended).await;
    servers.restart().await;
    for server in 0..2 {
        assert_eq!(servers.status(server, "GET", "/profile", &kept).await, 200);
        assert_eq!(servers.status(server, "GET", "/profile", &ended).await, 401);
        assert_eq!(servers.status(server, "POST", "/session/refresh", &all_ended).await, 401);
    }
    assert_eq!(servers.status(1, "POST", "/session/refresh", &all_kept).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_the_table_arrive_at_the_next_refresh() {
    let servers = Servers::open().await;
    let (access, all) = servers.log_in().await;
    assert_eq!(servers.status(0, "GET", "/stock", &access).await, 403);
    let promote = "UPDATE customers SET is_staff = 1 WHERE login = 'ada'";
    sqlx::raw_sql(promote).execute(&servers.pool).await.unwrap();
    servers.rejected(&access).await;
    let refreshed = servers.send(1, "POST", "/session/refresh", &all).await;
    assert_eq!(refreshed.status().as_u16(), 204);
    let (access, _) = cookies_of(&refreshed);
    assert_eq!(servers.status(0, "GET", "/stock", &access).await, 200);
}
