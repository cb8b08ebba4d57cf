//! A whole site with the kit: a real store whose calls are counted, the real login at the time of
//! the kit's clock, and the kit's authenticator.

use axum::{Router, routing::get};
use hallpass::store::SqliteStore;
use hallpass::{Hallpass, Identity, TwoFactorPolicy, require_login, require_roles};
use hallpass_testkit::{Authenticator, Kit};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::SiteRole::{self, Admin, Guest};

struct Site {
    kit: Kit<SiteRole>,
    app: Router,
    hallpass: Hallpass<SiteRole>,
}

impl Site {
    async fn start() -> Self {
        let kit = Kit::<SiteRole>::new();
        let store = kit.watch(SqliteStore::open("sqlite::memory:").await.unwrap());
        let hallpass = Hallpass::<SiteRole>::builder(store)
            .keys(kit.keys())
            .clock(kit.clock())
            .default_roles([Guest])
            .registration()
            .two_factor(TwoFactorPolicy::Optional)
            .sessions()
            .administration()
            .rate_limits_in_store()
            .start()
            .await
            .unwrap();
        let who =
            |me: Identity<SiteRole>| async move { format!("{} {:?}", me.username(), me.roles()) };
        let app = Router::new()
            .route("/profile", get(who).route_layer(require_login()))
            .route("/admin", get(who).route_layer(require_roles([Admin]).and_second_factor()))
            .merge(hallpass.routes())
            .layer(hallpass.layer());
        Self { kit, app, hallpass }
    }

    /// Sends a request, and returns the status, the access cookie if one was set, and the body.
    async fn send(&self, request: axum::extract::Request) -> (u16, Option<String>, String) {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let cookies = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok());
        let pair = |cookie: &str| cookie.split(';').next().map(str::to_owned);
        let access = cookies.filter_map(pair).find(|pair| pair.starts_with("__Host-hallpass="));
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, access, String::from_utf8(body.to_vec()).unwrap())
    }

    fn request(
        &self,
        method: http::Method,
        path: &str,
        cookie: &str,
        form: &str,
    ) -> axum::extract::Request {
        let request =
            self.kit.as_stranger().request(method, path).header("accept", "application/json");
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        request.body(form.to_owned().into()).unwrap()
    }
}

const FORM: &str = "username=alice&password=correct+horse+battery+staple";
const PASSWORD: &str = "password=correct+horse+battery+staple";

#[tokio::test]
async fn no_route_calls_the_store_after_the_login() {
    let site = Site::start().await;
    let (status, cookie, _) =
        site.send(site.request(http::Method::POST, "/register", "", FORM)).await;
    let cookie = cookie.unwrap();
    assert_eq!(status, 201);
    assert!(site.kit.store_calls() > 0, "the registration called no store");

    site.kit.forget_store_calls();
    for (path, status) in [("/profile", 200), ("/admin", 403), ("/nowhere", 404)] {
        assert_eq!(
            site.send(site.request(http::Method::GET, path, &cookie, "")).await.0,
            status,
            "{path}"
        );
    }
    // The kit's own users are this site's users: same keys, same names.
    assert_eq!(site.send(site.kit.as_user(Admin).with_second_factor().get("/admin")).await.0, 200);
    site.kit.assert_no_store_calls();
}

#[tokio::test]
async fn forbidden_store_call_panics_at_the_call() {
    let site = Site::start().await;
    site.kit.forbid_store_calls();
    assert_eq!(site.send(site.kit.as_user(Guest).get("/profile")).await.0, 200);
    let request = site.request(http::Method::POST, "/login", "", FORM);
    let app = site.app.clone();
    let asked =
        tokio::spawn(async move { app.oneshot(request).await.map(|response| response.status()) })
            .await;
    assert!(asked.unwrap_err().is_panic());
    let counted =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| site.kit.assert_no_store_calls()));
    assert!(counted.is_err(), "the call was not counted");
}

#[tokio::test]
async fn authenticator_codes_complete_a_two_factor_login() {
    let site = Site::start().await;
    let (_, cookie, _) = site.send(site.request(http::Method::POST, "/register", "", FORM)).await;
    let cookie = cookie.unwrap();
    let (_, _, set_up) =
        site.send(site.request(http::Method::GET, "/account/two-factor", &cookie, "")).await;
    let phone = phone(&site.kit, &set_up);

    let wrong = format!("{PASSWORD}&code={}", phone.wrong_code());
    assert_eq!(
        site.send(site.request(http::Method::POST, "/account/two-factor", &cookie, &wrong)).await.0,
        401
    );
    let right = format!("{PASSWORD}&code={}", phone.code());
    let (status, fresh, _) =
        site.send(site.request(http::Method::POST, "/account/two-factor", &cookie, &right)).await;
    assert_eq!(status, 200);
    assert_eq!(
        site.send(site.request(http::Method::GET, "/profile", &fresh.unwrap(), "")).await.0,
        200
    );

    let alice =
        site.hallpass.find(&hallpass::Username::parse("alice").unwrap()).await.unwrap().unwrap();
    site.hallpass.set_roles(alice.id(), [Admin]).await.unwrap();
    // The code of the set-up is consumed; the next one is not.
    let consumed = format!("{FORM}&code={}", phone.code());
    assert_eq!(site.send(site.request(http::Method::POST, "/login", "", &consumed)).await.0, 401);
    let next = format!("{FORM}&code={}", phone.next_code());
    let (status, cookie, _) =
        site.send(site.request(http::Method::POST, "/login", "", &next)).await;
    assert_eq!(status, 200);
    assert_eq!(
        site.send(site.request(http::Method::GET, "/admin", &cookie.unwrap(), "")).await.2,
        "alice {admin}"
    );
}

/// Scans the link in the JSON of the set-up page.
fn phone(kit: &Kit<SiteRole>, set_up: &str) -> Authenticator {
    let (_, rest) = set_up.split_once("\"otpauth_uri\":\"").unwrap();
    kit.authenticator(&rest.split('"').next().unwrap().replace("\\u0026", "&").replace("\\/", "/"))
}
