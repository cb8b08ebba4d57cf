//! A test site and its clients: a browser or a JSON client, each with its cookies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hallpass_accounts::{Accounts, Settings, StoreSet};
use hallpass_core::{Authentication, Clock, KeyRing, RequestAuthenticator, Role, UnixTime};
use hallpass_test_support::{authenticator, http::form};
use hallpass_web::{Body, EndpointRequest, EndpointResponse, Pages, Routes};
use serde_json::Value;

use hallpass_test_support::memory_store::MemoryStore;

pub const PASSWORD: &str = "correct horse battery staple";
pub const ACCESS: &str = "__Host-hallpass";
pub const REFRESH: &str = "__Host-hallpass_refresh";
pub const PENDING: &str = "__Host-hallpass_pending";
pub const BROWSER: &str = "__Host-hallpass_browser";
pub const NOTICE: &str = "__Host-hallpass_notice";

/// The text of every rejected login (`docs/CONTRACT.md`, `POST /login`).
pub const REFUSED: &str = "Invalid username, password or code";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRole {
    Guest,
    Admin,
}

#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[derive(Clone)]
pub struct Site {
    pub accounts: Accounts<SiteRole>,
    pub routes: Routes<SiteRole>,
    pub store: MemoryStore,
    pub clock: TestClock,
    authenticator: RequestAuthenticator<SiteRole>,
}

impl Site {
    pub fn new() -> Self {
        Self::with(|_, _| ())
    }

    /// Returns a site with these changes of the settings.
    pub fn with(change: impl FnOnce(&mut Settings<SiteRole>, &mut StoreSet)) -> Self {
        Self::on(MemoryStore::default(), change)
    }

    /// Returns a site that records the activity of its accounts.
    pub fn recording() -> Self {
        let store = MemoryStore::default();
        let activity = Arc::new(store.clone());
        Self::on(store, |_, stores| stores.activity = Some(activity.into()))
    }

    fn on(store: MemoryStore, change: impl FnOnce(&mut Settings<SiteRole>, &mut StoreSet)) -> Self {
        let clock = TestClock(Arc::new(AtomicU64::new(1_800_000_000)));
        let keys = KeyRing::generate_hs256([7; 32], clock.now());
        let mut settings = Settings {
            clock: Arc::new(clock.clone()),
            site_name: Some("The Site".into()),
            default_roles: SiteRole::Guest.into(),
            ..Settings::default()
        };
        let shared = Arc::new(store.clone());
        let mut stores = StoreSet::new(shared.clone());
        stores.registration = Some(shared.clone().into());
        stores.passwords = Some(shared.clone().into());
        stores.two_factor = Some(shared.clone().into());
        stores.sessions = Some(shared.clone().into());
        stores.refresh_tokens = Some(shared.clone().into());
        stores.administration = Some(shared.clone().into());
        stores.browsers = Some(shared.into());
        change(&mut settings, &mut stores);
        let accounts = Accounts::new(keys, stores, settings).unwrap();
        Self {
            routes: Routes::new(&accounts),
            authenticator: accounts.request_authenticator(),
            accounts,
            store,
            clock,
        }
    }

    /// Returns a site with its own pages.
    pub fn with_pages(pages: impl Pages) -> Self {
        let site = Self::new();
        Self { routes: Routes::with_pages(&site.accounts, pages), ..site }
    }

    /// Returns the caller of a request with this `Cookie` header.
    pub fn authenticate(&self, cookies: &str) -> Authentication {
        self.authenticator.authenticate([cookies.as_bytes()], [], self.clock.now())
    }

    pub fn browser(&self) -> Client {
        Client { site: self.clone(), json: false, cookies: BTreeMap::new() }
    }

    pub fn script(&self) -> Client {
        Client { json: true, ..self.browser() }
    }
}

#[derive(Clone)]
pub struct Client {
    pub site: Site,
    json: bool,
    pub cookies: BTreeMap<String, String>,
}

impl Client {
    /// Registers the account, which logs it in.
    pub async fn registered(mut self, name: &str) -> Self {
        let answer = self.post("/register", &[("username", name), ("password", PASSWORD)]).await;
        assert!(matches!(answer.status, 201 | 303), "{answer:?}");
        self
    }

    /// Logs in with only the password.
    pub async fn log_in(&mut self, name: &str) -> Answer {
        self.post("/login", &[("username", name), ("password", PASSWORD)]).await
    }

    /// Returns a browser with the same cookies.
    pub fn as_browser(&self) -> Self {
        Self { json: false, ..self.clone() }
    }

    /// Returns a JSON client with the same cookies.
    pub fn as_script(&self) -> Self {
        Self { json: true, ..self.clone() }
    }

    pub async fn get(&mut self, target: &str) -> Answer {
        self.send(self.request("GET", target)).await
    }

    pub async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let body = if self.json {
            Value::Object(
                fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            )
            .to_string()
        } else {
            form(fields)
        };
        self.post_body(target, &body).await
    }

    /// Posts this body with the content type of the client.
    pub async fn post_body(&mut self, target: &str, body: &str) -> Answer {
        self.send(self.body_request(target, body)).await
    }

    /// Returns a request that posts a form.
    pub fn form_request(&self, target: &str, fields: &[(&str, &str)]) -> EndpointRequest {
        self.body_request(target, &form(fields))
    }

    fn body_request(&self, target: &str, body: &str) -> EndpointRequest {
        let mut request = self.request("POST", target);
        let kind = if self.json { "application/json" } else { "application/x-www-form-urlencoded" };
        request.headers.push(("content-type".into(), kind.into()));
        request.body = Body::Whole(body.into());
        request
    }

    pub fn request(&self, method: &str, target: &str) -> EndpointRequest {
        let (path, query) = target
            .split_once('?')
            .map_or((target, None), |(path, query)| (path, Some(query.into())));
        let accept = if self.json {
            "application/json"
        } else {
            "text/html,application/xhtml+xml,*/*;q=0.8"
        };
        let mut headers = vec![
            ("host".to_owned(), b"site.example".to_vec()),
            ("accept".to_owned(), accept.into()),
            (
                "user-agent".to_owned(),
                b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_vec(),
            ),
        ];
        if !self.json {
            headers.push(("sec-fetch-site".into(), b"same-origin".to_vec()));
        }
        EndpointRequest {
            method: method.into(),
            path: path.into(),
            query,
            headers,
            body: Body::Whole(Vec::new()),
            peer: Some([192, 0, 2, 1].into()),
            who: Authentication::anonymous(),
        }
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// Returns the caller, as the authenticator of the site reads the cookies.
    pub fn who(&self) -> Authentication {
        let cookies = self.cookie_header();
        self.site.authenticator.authenticate([cookies.as_bytes()], [], self.site.clock.now())
    }

    pub async fn send(&mut self, mut request: EndpointRequest) -> Answer {
        let cookies = self.cookie_header();
        request.who = self.who();
        if !cookies.is_empty() {
            request.headers.push(("cookie".into(), cookies.into()));
        }
        let (method, path) = (request.method.clone(), request.path.clone());
        let answer = Answer(self.site.routes.handle(request).await);
        described(&self.site.routes, &method, &path, answer.status);
        for cookie in answer.set_cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        answer
    }

    /// Turns the second factor on. Returns the authenticator and the recovery codes.
    pub async fn enrol(&mut self) -> (Authenticator, Vec<String>) {
        let mut script = self.as_script();
        let set_up = script.get("/account/two-factor").await.expect(200).json();
        let mut authenticator =
            Authenticator::new(set_up["secret"].as_str().unwrap(), self.site.clock.clone());
        let codes = script
            .post("/account/two-factor", &[("code", &authenticator.code())])
            .await
            .expect(200)
            .json();
        self.cookies = script.cookies;
        let codes = codes["recovery_codes"].as_array().unwrap().iter();
        (authenticator, codes.map(|code| code.as_str().unwrap().to_owned()).collect())
    }
}

/// Checks that the OpenAPI document describes this status for the route. Every test of the routes
/// runs this check. A redirect is described with the success.
#[cfg(feature = "utoipa")]
#[track_caller]
fn described(routes: &Routes<SiteRole>, method: &str, path: &str, status: u16) {
    use hallpass_core::{ApiSecurity, CookieSettings};
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder};

    let info = InfoBuilder::new().title("the site").version("1").build();
    let mut api = OpenApiBuilder::new().info(info).build();
    routes.describe(&mut api, &ApiSecurity::new(&CookieSettings::default()));
    let Some(item) = api.paths.paths.get(path) else { return };
    let operation = match method {
        "GET" | "HEAD" => &item.get,
        "POST" => &item.post,
        _ => return,
    };
    let Some(operation) = operation else { return };
    let statuses: Vec<_> = operation.responses.responses.keys().collect();
    let is_described = status == 303 || statuses.contains(&&status.to_string());
    assert!(is_described, "{method} {path}: {status} is not one of {statuses:?}");
}

#[cfg(not(feature = "utoipa"))]
fn described(_: &Routes<SiteRole>, _: &str, _: &str, _: u16) {}

/// An authenticator app. `code` advances the clock, so each of its codes is new.
pub struct Authenticator {
    app: authenticator::Authenticator,
    clock: TestClock,
}

impl Authenticator {
    pub fn new(secret: &str, clock: TestClock) -> Self {
        Self { app: authenticator::Authenticator::of_base32(secret), clock }
    }

    pub fn code(&mut self) -> String {
        self.clock.pass(30);
        self.same_code()
    }

    pub fn same_code(&self) -> String {
        self.app.code_at(self.clock.now().as_secs())
    }

    pub fn wrong_code(&self) -> String {
        self.app.wrong_code_at(self.clock.now().as_secs())
    }
}

#[derive(Debug)]
pub struct Answer(EndpointResponse);

impl std::ops::Deref for Answer {
    type Target = EndpointResponse;

    fn deref(&self) -> &EndpointResponse {
        &self.0
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .headers
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str());
        let first = lines.next();
        assert!(name == "set-cookie" || lines.next().is_none(), "{name} twice: {:?}", self.headers);
        first
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(name, _)| *name == "set-cookie")
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Returns the `Set-Cookie` of this name.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let start = format!("{name}=");
        self.set_cookies().into_iter().find(|cookie| cookie.starts_with(&start))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert!(self.header("content-type").unwrap().ends_with("json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}", self.0);
        self
    }

    /// Expects a redirect to exactly this path, with `no-store`.
    #[track_caller]
    pub fn expect_see_other(self, to: &str) -> Self {
        let answer = self.expect(303);
        assert_eq!(answer.header("location"), Some(to));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.body, "");
        answer
    }

    /// Returns the cookies that are set or removed, without the browser cookie and the notice.
    pub fn session_cookies(&self) -> Vec<&str> {
        let mut cookies = self.set_cookies();
        cookies.retain(|cookie| !cookie.starts_with(BROWSER) && !cookie.starts_with(NOTICE));
        cookies
    }

    /// Expects a page with this status that sets no cookie, except the browser cookie and
    /// the notice.
    #[track_caller]
    pub fn expect_page(self, status: u16) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.session_cookies(), [] as [&str; 0]);
        answer.expect_headers_of_refusal();
        answer
    }

    /// Expects a problem with this status and type that sets no cookie.
    #[track_caller]
    pub fn expect_problem(self, status: u16, kind: &str) -> Value {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
        assert_eq!(answer.set_cookies(), [] as [&str; 0]);
        answer.expect_headers_of_refusal();
        let problem = answer.json();
        assert_eq!(problem["type"], format!("urn:hallpass:problem:{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }

    /// RFC 9110: only a 401 has a challenge, only a 405 has `Allow`, and only 429 and 503 have
    /// `Retry-After`.
    #[track_caller]
    fn expect_headers_of_refusal(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("www-authenticate").is_some(), self.status == 401, "{self:?}");
        assert_eq!(self.header("allow").is_some(), self.status == 405, "{self:?}");
        assert_eq!(
            self.header("retry-after").is_some(),
            matches!(self.status, 429 | 503),
            "{self:?}"
        );
    }
}
