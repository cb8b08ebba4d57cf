//! Login, password change and access control with the application's own table.

#![allow(clippy::unwrap_used, reason = "a test panics if its setup fails")]

use axum::extract::Request;
use hallpass_testkit::Kit;
use http_body_util::BodyExt;
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
        let hallpass = accounts(kit.watch(Customers::new(pool.clone())))
            .keys(kit.keys())
            .start()
            .await
            .unwrap();
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
    let (status, fresh) = shop.post("/profile/password", &ada.unwrap(), form).await;
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
    assert_eq!(shop.get("/profile/two-factor", "").await.0, 404);
}
