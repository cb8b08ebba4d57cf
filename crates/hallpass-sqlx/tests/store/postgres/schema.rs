//! A schema of its own for each test, gone afterwards.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let server = std::env::var("DATABASE_URL").unwrap();
        let schema = Self { server, name: format!("hallpass_test_{}_{number}", process::id()) };
        schema.run(format!("CREATE SCHEMA {}", schema.name)).await;
        schema
    }

    /// The database's address, with this schema in the place of `public`.
    pub(crate) fn url(&self) -> String {
        let mark = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{mark}options[search_path]={}", self.server, self.name)
    }

    pub(crate) async fn run(&self, sql: String) {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn drop_it(&self) {
        self.run(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.drop_it());
        };
        // A runtime cannot wait for another on its own thread.
        let _done = thread::scope(|scope| scope.spawn(run).join());
    }
}
