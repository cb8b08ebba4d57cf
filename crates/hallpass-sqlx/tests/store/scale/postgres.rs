//! On PostgreSQL: reads the plan of each statement, with the number of rows that each part has
//! read, from the log of a server of its own. The server's module `auto_explain` writes them, also
//! for the statements of triggers and foreign keys.

use std::collections::BTreeMap;

use hallpass_accounts::SessionStore;
use hallpass_sqlx::{PostgresStore, SqlStore};
use hallpass_test_support::postgres_server::PostgresServer;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    accounts, is_full_size, measure, normal, now, reads_a_table_by_design, sources::not_run_among,
    workload::every_statement,
};

/// A read of the log returns 1,000 rows. The smallest table has 10,000.
const MOST_ROWS: f64 = 1_100.0;
/// A row of a table and of an index, with the levels above the index's leaves.
const PAGES_PER_ROW: f64 = 10.0;
const MOST_PAGES: f64 = 50.0;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: the programs of the server"]
async fn statements_read_no_whole_table() {
    let server = PostgresServer::start();
    let [custom, generic] = ["force_custom_plan", "force_generic_plan"].map(|plans| {
        let settings = [
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_buffers", "on"),
            ("auto_explain.log_timing", "off"),
            ("auto_explain.log_nested_statements", "on"),
            ("auto_explain.log_format", "json"),
            ("plan_cache_mode", plans),
        ];
        let options = settings.map(|(name, value)| format!("&options[{name}]={value}")).concat();
        format!("{}{options}", server.url())
    });
    // Automatic statistics would make the plans depend on the time of the test.
    server.query("ALTER SYSTEM SET autovacuum = off");
    server.query("SELECT pg_reload_conf()");
    // The first one also creates the tables.
    let store = SqlStore::Postgres(PostgresStore::open(&custom).await.unwrap());
    fill(&server.url()).await;
    every_statement(&store, "no-statistics").await;
    server.query("VACUUM ANALYZE");
    every_statement(&store, "custom-plans").await;
    prune_with_old_statistics(&server, &store).await;
    store.close().await;
    let store = SqlStore::Postgres(PostgresStore::open(&generic).await.unwrap());
    every_statement(&store, "generic-plans").await;
    store.close().await;

    let plans = plans_in(&server.log());
    let mut faults = BTreeMap::new();
    for plan in &plans {
        let statement = normal(plan["Query Text"].as_str().unwrap());
        if !reads_a_table_by_design(&statement)
            && let Some(fault) = compiled(plan).or_else(|| fault_of(&plan["Plan"]))
        {
            faults.insert(statement, fault);
        }
    }
    assert_eq!(faults, BTreeMap::new(), "statements that read a whole table");
    let texts = plans.iter().filter_map(|plan| plan["Query Text"].as_str());
    let statements: Vec<String> = texts.map(normal).collect();
    let not_run = not_run_among(&statements, "postgres");
    assert_eq!(not_run, [""; 0], "the workload does not run these statements");

    server.query("SELECT pg_stat_reset()");
    server.query("ALTER SYSTEM RESET autovacuum");
    server.query("SELECT pg_reload_conf()");
    measure::on(&server.url(), async |sql: &str| {
        server.query(sql);
        server.query("VACUUM hallpass_revocations");
    })
    .await;
    print_shares_of_heap_only_updates(&server);
}

async fn fill(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let (accounts, now) = (accounts(), now().as_secs());
    // To sort 20,000 entries once is cheap, so the planner may do it if it has no statistics.
    let revocations = (2 * accounts).max(100_000);
    let settings = format!(
        "SET scale.accounts = {accounts}; SET scale.revocations = {revocations}; \
         SET scale.now = {now}"
    );
    // One by one, because some cannot run together with others.
    for statement in
        [settings.as_str()].into_iter().chain(include_str!("postgres.sql").split("\n\n"))
    {
        let statement = AssertSqlSafe(statement.to_owned());
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// No node ran for a while: according to the statistics a few sessions have expired, but most have.
async fn prune_with_old_statistics(server: &PostgresServer, store: &SqlStore) {
    if is_full_size() {
        return;
    }
    let (now, year) = (now(), 365 * 24 * 3600);
    let few = format!("expires_at > {} - 2400000", now.as_secs());
    server.query(&format!(
        "UPDATE hallpass_sessions SET expires_at = expires_at + {year} WHERE {few}"
    ));
    server.query("ANALYZE hallpass_sessions");
    server.query(&format!(
        "UPDATE hallpass_sessions SET expires_at = expires_at - {year} WHERE {few}"
    ));
    assert_eq!(SessionStore::prune(store, now, 1000).await.unwrap(), 1000);
    server.query("VACUUM ANALYZE hallpass_sessions");
}

/// Returns the plans in a log of the server. The lines of a plan begin with a tab.
fn plans_in(log: &str) -> Vec<Value> {
    let mut plans = Vec::new();
    let mut lines = log.lines();
    while let Some(line) = lines.next() {
        if line.contains("  plan:") {
            let rest = lines.clone().take_while(|line| line.starts_with('\t'));
            let plan = rest.collect::<String>();
            plans.push(serde_json::from_str(&plan).unwrap_or_else(|_| panic!("{plan}")));
        }
    }
    plans
}

/// To compile a statement takes a second. The server does so if it expects many rows.
fn compiled(plan: &Value) -> Option<String> {
    plan.get("JIT").map(|_| "compiled (JIT)".to_owned())
}

/// Returns a part of the plan that reads too much.
fn fault_of(part: &Value) -> Option<String> {
    let number = |name: &str| part[name].as_f64().unwrap_or_default();
    let text = |name: &str| part[name].as_str().unwrap_or_default();
    if !text("Relation Name").is_empty() && text("Node Type").ends_with("Scan")
        || text("Node Type") == "Bitmap Index Scan"
    {
        let loops = number("Actual Loops");
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let rows = (number("Actual Rows") + removed) * loops;
        // A lookup that finds no row reads the levels of the index too. A subplan has a limit of
        // its own.
        let subplans: f64 = part["Plans"].as_array().into_iter().flatten().map(pages_of).sum();
        let pages = pages_of(part) - subplans;
        if rows > MOST_ROWS || pages > MOST_PAGES + PAGES_PER_ROW * rows.max(loops) {
            let table = format!("{} {}", text("Relation Name"), text("Index Name"));
            return Some(format!("{} {table}: {rows} rows, {pages} pages", text("Node Type")));
        }
    }
    part["Plans"].as_array().into_iter().flatten().find_map(fault_of)
}

/// Returns the pages that a part of a plan has read, with those of its subplans.
fn pages_of(part: &Value) -> f64 {
    let number = |name: &str| part[name].as_f64().unwrap_or_default();
    number("Shared Hit Blocks") + number("Shared Read Blocks")
}

fn print_shares_of_heap_only_updates(server: &PostgresServer) {
    let shares = "SELECT relname || ' ' || round(100.0 * n_tup_hot_upd / n_tup_upd) || ' % of ' \
         || n_tup_upd FROM pg_stat_user_tables WHERE n_tup_upd > 100 ORDER BY relname";
    println!("heap-only updates (HOT):\n{}", server.query(shares));
}
