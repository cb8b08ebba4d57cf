//! On SQLite: counts the steps of the virtual machine that each statement takes.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt,
    sync::{Mutex, Once},
};

use hallpass_sqlx::{SqlStore, SqliteStore};
use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    layer::{Context, SubscriberExt},
};

use super::{
    accounts, measure, normal, now, reads_a_table_by_design, sources::not_run_among,
    workload::every_statement,
};
use crate::scratch::Scratch;

/// A statement that reads a table of 10,000 rows takes 30,000 steps or more.
const MOST_STEPS: u64 = 5_000;
/// The read of the log takes 58.
const STEPS_PER_ROW: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn statements_read_no_whole_table() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db");
    let recorded = recorded_store(&scratch).await;
    fill(&url).await;
    every_statement(&recorded, "without-statistics").await;
    run(&url, "ANALYZE").await;
    recorded.close().await;
    let recorded = recorded_store(&scratch).await;
    every_statement(&recorded, "with-statistics").await;
    recorded.close().await;

    let steps = STEPS_OF_STATEMENTS.lock().unwrap().clone();
    let too_many = steps
        .iter()
        .filter(|(statement, steps)| **steps > MOST_STEPS && !reads_a_table_by_design(statement));
    assert_eq!(too_many.collect::<Vec<_>>(), [], "statements that read a whole table");
    let statements: Vec<String> = steps.into_keys().collect();
    let not_run = not_run_among(&statements, "sqlite");
    assert_eq!(not_run, [""; 0], "the workload does not run these statements");
    foreign_keys_have_an_index(&url).await;

    measure::on(&url, async |sql: &str| run(&url, sql).await).await;
}

async fn fill(url: &str) {
    let now = now().as_secs();
    let size = format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF; \
         CREATE TEMP TABLE size AS SELECT {} AS accounts, {now} AS now; {}",
        accounts(),
        include_str!("sqlite.sql")
    );
    run(url, &size).await;
}

async fn run(url: &str, sql: &str) {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The deletion of an account reads each table that refers to it. This is not part of a statement's
/// steps if the account has no rows there.
async fn foreign_keys_have_an_index(url: &str) {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let keys = "SELECT m.name, k.\"from\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) k \
         WHERE m.type = 'table'";
    let keys = sqlx::query(keys).fetch_all(&mut connection).await.unwrap();
    assert!(keys.len() >= 6, "{} foreign keys", keys.len());
    for key in keys {
        let (table, column): (String, String) = (key.get(0), key.get(1));
        let plan = format!("EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = ?");
        let plan = sqlx::query(AssertSqlSafe(plan)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(plan.iter().all(|step| step.starts_with("SEARCH")), "{table}.{column}: {plan:?}");
    }
}

/// Returns a store whose statements are recorded, with the settings that `SqliteStore::open` makes.
async fn recorded_store(scratch: &Scratch) -> SqlStore {
    static RECORD: Once = Once::new();
    RECORD.call_once(|| {
        let only_statements = Targets::new().with_target("sqlx::query", LevelFilter::TRACE);
        let recorder = Registry::default().with(Recorder.with_filter(only_statements));
        tracing::subscriber::set_global_default(recorder).unwrap();
    });
    let options = SqliteConnectOptions::new()
        .filename(scratch.path("site.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .thread_name(|number| format!("{RECORDED}{number}"));
    let pool = SqlitePoolOptions::new().max_connections(2).after_connect(|connection, _| {
        Box::pin(async move {
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(EVERY, || {
                STEPS.with(|steps| steps.set(steps.get() + u64::from(EVERY.unsigned_abs())));
                true
            });
            Ok(())
        })
    });
    let store = SqliteStore::from_pool(pool.connect_with(options).await.unwrap());
    store.migrate().await.unwrap();
    SqlStore::Sqlite(store)
}

/// The name of a thread whose statements are recorded. Each connection has a thread of its own.
const RECORDED: &str = "recorded-";
/// The steps after which the number is counted.
const EVERY: i32 = 10;

thread_local! {
    /// The steps of the current statement of this connection.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// The largest number of steps of each statement, without those for the rows that it returns or
/// changes.
static STEPS_OF_STATEMENTS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Records the event that sqlx writes at the end of a statement, on the thread of its connection.
struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !std::thread::current().name().is_some_and(|name| name.starts_with(RECORDED)) {
            return;
        }
        let steps = STEPS.with(Cell::take);
        let mut text = Text::default();
        event.record(&mut text);
        // The summary is the whole statement if that is short.
        let statement = if text.statement.is_empty() { text.summary } else { text.statement };
        let mut all = STEPS_OF_STATEMENTS.lock().unwrap();
        let most = all.entry(normal(&statement)).or_default();
        *most = steps.saturating_sub(STEPS_PER_ROW * text.rows).max(*most);
    }
}

#[derive(Default)]
struct Text {
    summary: String,
    statement: String,
    rows: u64,
}

impl tracing::field::Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if matches!(field.name(), "rows_returned" | "rows_affected") {
            self.rows += value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
