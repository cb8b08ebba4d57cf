//! A schema or a database for one test, on the PostgreSQL server in `DATABASE_URL`.

use std::{
    net::SocketAddr,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A new schema. Dropping it drops the schema.
#[derive(Debug)]
pub struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// Creates a schema in the database in `DATABASE_URL`.
    ///
    /// # Panics
    /// Panics if the variable is not set, or if the server cannot be reached.
    pub async fn new() -> Self {
        let schema = Self::named(&server());
        schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    /// Creates a schema in the database at this URL. For tests without an async runtime.
    ///
    /// # Panics
    /// Panics if the server cannot be reached.
    #[must_use]
    pub fn on(server: &str) -> Self {
        let schema = Self::named(server);
        block_on(schema.run(format!("CREATE SCHEMA {}", schema.name)));
        schema
    }

    fn named(server: &str) -> Self {
        Self { server: server.to_owned(), name: unique_name() }
    }

    /// Returns the name of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the host and the port of the server.
    #[must_use]
    pub fn host(&self) -> String {
        host_and_port(&self.server)
    }

    /// Returns the URL of the database, with this schema instead of `public`.
    #[must_use]
    pub fn url(&self) -> String {
        self.in_schema(&self.server)
    }

    /// Returns the same URL with the address of a proxy instead of the server's.
    #[must_use]
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        self.in_schema(&through(&self.server, proxy))
    }

    fn in_schema(&self, url: &str) -> String {
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}options[search_path]={}", self.name)
    }

    /// Runs statements in the schema, on a new connection.
    ///
    /// # Panics
    /// Panics if the server rejects a statement.
    pub async fn run(&self, sql: String) {
        run(&self.url(), sql).await;
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        block_on(self.run(format!("DROP SCHEMA {} CASCADE", self.name)));
    }
}

/// A new database, for tests without an async runtime. Dropping it drops the database and closes
/// the connections to it.
///
/// PostgreSQL sends a notification to all listeners of a database. A test that counts notifications
/// needs a separate database.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
}

impl Database {
    /// Creates a database on the server in `DATABASE_URL`.
    ///
    /// # Panics
    /// Panics if the variable is not set, or if the server cannot be reached.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "`default` must not create a database")]
    pub fn new() -> Self {
        let (server, name) = (server(), unique_name());
        block_on(run(&server, format!("CREATE DATABASE {name}")));
        let base = server.rsplit_once('/').expect("DATABASE_URL names a database").0;
        Self { url: format!("{base}/{name}?sslmode=disable"), name }
    }

    /// Returns the name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the host and the port of the server.
    #[must_use]
    pub fn host(&self) -> String {
        host_and_port(&self.url)
    }

    /// Returns the URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns the same URL with the address of a proxy instead of the server's.
    #[must_use]
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        through(&self.url, proxy)
    }

    /// Runs statements in the database.
    ///
    /// # Panics
    /// Panics if the server rejects a statement.
    pub fn run(&self, sql: &str) {
        block_on(run(&self.url, sql.to_owned()));
    }

    /// Returns the first column of the rows, which is a text.
    ///
    /// # Panics
    /// Panics if the server rejects the statement.
    #[must_use]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let mut rows = Vec::new();
        block_on(async {
            let connection = PgConnection::connect(&self.url).await;
            let mut connection = connection.expect("the server is reachable");
            let sql = AssertSqlSafe(sql.to_owned());
            let read = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
            rows = read.expect("the server accepts the statement");
            let _ = connection.close().await;
        });
        rows
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        block_on(run(&server(), format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

fn server() -> String {
    std::env::var("DATABASE_URL").expect("set DATABASE_URL to a PostgreSQL database for tests")
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("hallpass_test_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn run(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the server is reachable");
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
    done.expect("the server accepts the statement");
    let _ = connection.close().await;
}

/// Waits for a future in a new thread, because a runtime cannot block within another runtime. If
/// the future panics, this function panics too, unless the caller is already panicking.
fn block_on(future: impl Future<Output = ()> + Send) {
    let runtime = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be built").block_on(future);
    };
    let done = thread::scope(|scope| scope.spawn(runtime).join());
    assert!(done.is_ok() || thread::panicking(), "the other thread panicked: see its message");
}

/// Returns the part of a URL between the user and the database.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").expect("the URL has a scheme").1;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn host_and_port(url: &str) -> String {
    let host = authority(url);
    if host.contains(':') { host.to_owned() } else { format!("{host}:5432") }
}

fn through(url: &str, proxy: SocketAddr) -> String {
    let host = authority(url);
    let place = host.as_ptr() as usize - url.as_ptr() as usize;
    format!("{}{proxy}{}", &url[..place], &url[place + host.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_address_replaces_host_and_port_of_a_url() {
        let proxy = ([127, 0, 0, 1], 81).into();
        for (url, host, expected) in [
            ("postgres://a.example/a", "a.example:5432", "postgres://127.0.0.1:81/a"),
            (
                "postgres://a:b@a.example:5/c?d=e",
                "a.example:5",
                "postgres://a:b@127.0.0.1:81/c?d=e",
            ),
            ("postgres://a@h?d=e", "h:5432", "postgres://a@127.0.0.1:81?d=e"),
        ] {
            assert_eq!(
                (host_and_port(url).as_str(), through(url, proxy).as_str()),
                (host, expected)
            );
        }
    }
}
