//! A database of its own for each test, on the server of `DATABASE_URL`, gone afterwards.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

pub(super) struct Database {
    /// Everything before the database's name, and what follows it.
    server: String,
    name: String,
}

impl Database {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("DATABASE_URL").expect("DATABASE_URL names a PostgreSQL database for tests");
        let server = url.rsplit_once('/').expect("a database in DATABASE_URL").0.to_owned();
        let name = format!("hallpass_blog_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(&url, format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub(super) fn url(&self) -> String {
        format!("{}/{}?sslmode=disable", self.server, self.name)
    }

    /// The server's host and port.
    pub(super) fn host(&self) -> String {
        let host = self.server.rsplit(['@', '/']).next().expect("a host");
        if host.contains(':') { host.to_owned() } else { format!("{host}:5432") }
    }

    /// The same database, by way of this port of this machine.
    pub(super) fn url_at(&self, port: u16) -> String {
        let user = self.server.rsplit_once('@').map_or("postgres://", |(user, _)| user);
        let at = if user.ends_with("//") { "" } else { "@" };
        format!("{user}{at}127.0.0.1:{port}/{}?sslmode=disable", self.name)
    }

    pub(super) fn run(&self, sql: &str) {
        run(&self.url(), sql.to_owned());
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let url = std::env::var("DATABASE_URL").unwrap_or_default();
        run(&url, format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn run(url: &str, sql: String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("the server is there");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("it may be done");
    });
}
