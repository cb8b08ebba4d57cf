//! The table `users` on a real PostgreSQL: the store suite, and two servers with a cron job.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../src/users.rs"]
mod users;

use std::{
    net::SocketAddr,
    ops::Deref,
    process::Command,
    time::{Duration, Instant},
};

use hallpass::store::{AccountStore, HashColumn, OwnUsers};
use hallpass_test_support::{
    cookie_jar::CookieJar,
    http::{Request, Response, form, send_blocking},
    postgres::Schema,
    process::{Server, within},
    scratch::Scratch,
};
use hallpass_testkit::test_store;
use sqlx::PgPool;
use tokio::runtime::Runtime;

/// The combination and its schema, which is dropped with it.
struct OnItsOwnSchema {
    store: OwnUsers<users::Users, HashColumn>,
    _schema: Schema,
}

impl Deref for OnItsOwnSchema {
    type Target = OwnUsers<users::Users, HashColumn>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

async fn on_its_own_schema() -> OnItsOwnSchema {
    let schema = Schema::new().await;
    schema.run(include_str!("../sql/users.sql").to_owned()).await;
    // The schema cannot be dropped while a transaction that a check has dropped is still open.
    let url = format!("{}&options[idle_in_transaction_session_timeout]=200", schema.url());
    let store = users::store(PgPool::connect(&url).await.unwrap());
    store.prepare().await.unwrap();
    OnItsOwnSchema { store, _schema: schema }
}

test_store! {
    #[tokio::test]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    on_its_own_schema: account activity administration browser consumed outcome own_change
    password rate_limit refresh_token revocation session site two_factor
}

/// The published bound of a revocation.
const BOUND: Duration = Duration::from_secs(5);
const PASSWORD: &str = "correct horse battery staple";

/// Servers on one schema, as processes. The schema is dropped last.
struct Site {
    servers: Vec<Server>,
    runtime: Runtime,
    pool: PgPool,
    scratch: Scratch,
    schema: Schema,
}

impl Site {
    /// Starts two servers on the table with three people: ada, bob and eve.
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let schema = runtime.block_on(Schema::new());
        let pool = runtime.block_on(PgPool::connect(&schema.url())).unwrap();
        let mut site = Self { servers: Vec::new(), runtime, pool, scratch: Scratch::new(), schema };
        site.sql(include_str!("../sql/users.sql"));
        let hash = bcrypt::hash_with_salt(PASSWORD, 10, [7; 16]).unwrap().to_string();
        for name in ["ada", "bob", "eve"] {
            let insert = "INSERT INTO users (email, email_key, password_hash, roles) \
                 VALUES ($1, lower($1), $2, '{member}')";
            let insert = sqlx::query(insert).bind(format!("{name}@Site.example")).bind(&hash);
            site.runtime.block_on(insert.execute(&site.pool)).unwrap();
        }
        site.start_servers();
        site
    }

    fn start_servers(&mut self) {
        for _ in 0..2 {
            let mut command = Command::new(env!("CARGO_BIN_EXE_own-users-postgres"));
            command.current_dir(self.scratch.directory());
            command.env("DATABASE_URL", self.schema.url()).env("SITE_ADDR", "127.0.0.1:0");
            self.servers.push(Server::start(&mut command));
        }
    }

    fn restart(&mut self) {
        for server in &mut self.servers {
            server.process.kill();
        }
        self.servers.clear();
        self.start_servers();
    }

    fn sql(&self, sql: &'static str) {
        self.runtime.block_on(sqlx::raw_sql(sql).execute(&self.pool)).unwrap();
    }

    fn value<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&self.pool)).unwrap()
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    fn log_in(&self, server: usize, email: &str) -> Response {
        let body = form(&[("username", email), ("password", PASSWORD)]);
        send_blocking(self.addresses()[server], &post("/login").body(body))
    }

    /// Logs in and returns the cookies.
    fn cookies_of(&self, server: usize, email: &str) -> CookieJar {
        let mut jar = CookieJar::new("http://127.0.0.1");
        jar.keep("/login", self.log_in(server, email).expect(200).values("set-cookie"));
        jar
    }

    fn get(&self, server: usize, path: &str, jar: &CookieJar) -> Response {
        let request = Request::new("GET", path).header("accept", "application/json");
        send_blocking(self.addresses()[server], &with_cookies(request, path, jar))
    }

    fn post(&self, server: usize, path: &str, jar: &CookieJar) -> Response {
        send_blocking(self.addresses()[server], &with_cookies(post(path), path, jar))
    }

    /// Waits until both servers reject a copied access token, and returns how long it took.
    fn rejected(&self, copy: &CookieJar, path: &str) -> Duration {
        let start = Instant::now();
        within(BOUND, "both servers reject the copied cookie", || {
            (0..2).all(|server| self.get(server, path, copy).status == 401)
        });
        start.elapsed()
    }

    /// Runs a file as a cron job does.
    fn cron(&self, file: &str, account: &str) {
        let path = format!("{}/sql/{file}", env!("CARGO_MANIFEST_DIR"));
        let url = std::env::var("DATABASE_URL").unwrap();
        let mut psql = Command::new("psql");
        psql.env("PGOPTIONS", format!("-c search_path={}", self.schema.name()));
        psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-v", &format!("account={account}")]);
        assert!(psql.args(["-f", &path, &url]).status().unwrap().success());
    }
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
}

fn with_cookies(request: Request, path: &str, jar: &CookieJar) -> Request {
    match jar.header(path) {
        Some(cookies) => request.header("cookie", cookies),
        None => request,
    }
}

/// Returns a copy with the access token alone, so that no request is refreshed.
fn access_token(jar: &CookieJar) -> CookieJar {
    let mut copy = CookieJar::new("http://127.0.0.1");
    copy.insert("__Host-hallpass", jar["__Host-hallpass"].clone());
    copy
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn an_account_disabled_by_a_cron_job_is_rejected() {
    let site = Site::start();
    let jar = site.cookies_of(0, "ada@site.example");
    let copy = access_token(&jar);
    assert_eq!(site.get(1, "/profile", &copy).expect(200).text(), "ada@Site.example may {member}");

    let id: String = site.value("SELECT id::text FROM users WHERE email_key = 'ada@site.example'");
    site.cron("disable.sql", &id);
    println!("disabled by psql: rejected after {:?}", site.rejected(&copy, "/profile"));
    for server in 0..2 {
        site.get(server, "/profile", &jar).expect(401);
        site.post(server, "/session/refresh", &jar).expect(401);
        site.log_in(server, "ada@site.example").expect(401);
    }

    // An account without a state, because it has never logged in.
    let id: String = site.value("SELECT id::text FROM users WHERE email_key = 'eve@site.example'");
    site.cron("disable.sql", &id);
    site.log_in(0, "eve@site.example").expect(401);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn sessions_and_logouts_survive_a_restart() {
    let mut site = Site::start();
    let kept = site.cookies_of(0, "ada@site.example");
    let ended = site.cookies_of(1, "ada@site.example");
    site.post(0, "/logout", &ended);
    site.rejected(&access_token(&ended), "/profile");

    site.restart();
    for server in 0..2 {
        site.get(server, "/profile", &kept).expect(200);
        site.get(server, "/profile", &access_token(&ended)).expect(401);
        site.post(server, "/session/refresh", &ended).expect(401);
    }
    site.post(1, "/session/refresh", &kept).expect(204);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_changed_table_takes_effect_by_its_triggers() {
    let site = Site::start();
    // New roles: the old token is stale, and the next request refreshes the session.
    let mut jar = site.cookies_of(0, "ada@site.example");
    let copy = access_token(&jar);
    site.get(1, "/editors", &jar).expect(403);
    site.sql("UPDATE users SET roles = '{member,editor}' WHERE email_key = 'ada@site.example'");
    println!("new roles: stale after {:?}", site.rejected(&copy, "/profile"));
    let refreshed = site.get(1, "/editors", &jar).expect(200);
    jar.keep("/", refreshed.values("set-cookie"));
    site.get(0, "/editors", &jar).expect(200);

    // Blocked, and then deleted.
    for (email, change) in [
        (
            "ada@site.example",
            "UPDATE users SET blocked = TRUE WHERE email_key = 'ada@site.example'",
        ),
        ("bob@site.example", "DELETE FROM users WHERE email_key = 'bob@site.example'"),
    ] {
        let jar = site.cookies_of(0, email);
        site.sql(change);
        println!("{change}: rejected after {:?}", site.rejected(&access_token(&jar), "/profile"));
        site.post(1, "/session/refresh", &jar).expect(401);
        site.log_in(1, email).expect(401);
    }
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn new_roles_arrive_at_the_next_refresh_without_triggers() {
    let site = Site::start();
    site.sql("DROP TRIGGER users_roles ON users; DROP TRIGGER users_blocked ON users");
    let mut jar = site.cookies_of(0, "ada@site.example");
    site.sql("UPDATE users SET roles = '{editor}' WHERE email_key = 'ada@site.example'");
    site.get(1, "/editors", &jar).expect(403);
    jar.keep("/", site.post(1, "/session/refresh", &jar).expect(204).values("set-cookie"));
    site.get(0, "/editors", &jar).expect(200);

    site.sql("UPDATE users SET blocked = TRUE WHERE email_key = 'ada@site.example'");
    site.post(0, "/session/refresh", &jar).expect(401);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_login_replaces_a_bcrypt_hash_and_a_change_revokes() {
    let site = Site::start();
    let hash = "SELECT password_hash FROM users WHERE email_key = 'ada@site.example'";
    let here = site.cookies_of(0, "ADA@site.example");
    assert!(site.value::<String>(hash).starts_with("$argon2id$"));
    let elsewhere = access_token(&site.cookies_of(1, "ada@site.example"));
    let fields = [("current_password", PASSWORD), ("new_password", "seven quiet herons walk")];
    let request = with_cookies(post("/account/password"), "/account/password", &here);
    send_blocking(site.addresses()[0], &request.body(form(&fields))).expect(204);
    site.rejected(&elsewhere, "/profile");
    site.log_in(1, "ada@site.example").expect(401);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_person_registers_with_an_address_and_no_other_name() {
    let site = Site::start();
    let register = |name: &str| {
        let body = form(&[("username", name), ("password", PASSWORD)]);
        send_blocking(site.addresses()[0], &post("/register").body(body))
    };
    register("zoe@site.example").expect(201);
    register("ZOE@site.example").expect(409);
    let detail = register("zoe").expect_problem(422)["detail"].to_string();
    assert!(detail.contains("Enter your e-mail address"), "{detail}");
    // As every other failed login: the answer does not tell which names exist.
    site.log_in(1, "zoe").expect_problem(401);
    site.log_in(1, "zoe@site.example").expect(200);
    assert_eq!(
        site.value::<Vec<String>>("SELECT roles FROM users WHERE email_key = 'zoe@site.example'"),
        ["member"]
    );
}
