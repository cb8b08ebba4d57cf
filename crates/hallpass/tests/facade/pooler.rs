//! Nodes behind a real PgBouncer, with the settings of the guide, in transaction mode and in
//! session mode; and the connections and reads that a node costs the server.

#![allow(clippy::print_stdout, reason = "prints the figures")]

mod budget;

use hallpass::flow::Proof;
use std::{
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use hallpass::flow::{Accounts, LoginStep, OpenedSession, TwoFactor, Visitor};
use hallpass::store::{Pooler, PostgresStore, StoreOpenError};
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{
    AccountId, Clock, Hallpass, HashCost, PasswordHasherSettings, RateLimit, RateLimits,
    SystemClock,
};
use hallpass_test_support::{pgbouncer::PgBouncer, postgres::Database, process::this_test};
use sqlx::{Connection, Executor, PgConnection, Row};
use tokio::{task::JoinSet, time::sleep};

use crate::{background::BOUND, scratch::Scratch, site::SiteRole};

pub(super) const PASSWORD: &str = "two grey herons";

/// Starts a node. The hash is cheap and the limits are wide, so that only the store matters.
pub(super) async fn node(url: &str, scratch: &Scratch) -> Hallpass<SiteRole> {
    on(PostgresStore::open(url).await.unwrap(), scratch).await
}

async fn on(store: PostgresStore, scratch: &Scratch) -> Hallpass<SiteRole> {
    let wide = RateLimit::new(1_000_000, Duration::from_secs(1));
    let hash = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
    let builder = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .default_roles([SiteRole::Guest])
        .password_hasher(hash)
        // The disk of a loaded test machine may need longer than the default for 50 logins.
        .store_timeout(Duration::from_secs(10))
        .rate_limits(
            RateLimits::default().network(wide.clone()).account(wide.clone()).address(wide),
        );
    builder.start().await.unwrap()
}

fn identity(node: &Hallpass<SiteRole>, access: &str) -> Option<hallpass_core::Identity<SiteRole>> {
    let verifier = node.request_authenticator().verifier();
    verifier.verify(access.as_bytes(), SystemClock.now()).ok()
}

pub(super) async fn registered(node: &Hallpass<SiteRole>, name: &str) -> OpenedSession {
    let step = node.accounts().register(name, PASSWORD, &Visitor::default()).await.unwrap();
    step.opened().unwrap()
}

async fn logged_in(accounts: &Accounts<SiteRole>, name: &str, code: Option<&str>) -> OpenedSession {
    let step = accounts.log_in(name, PASSWORD, code, &Visitor::default()).await.unwrap();
    step.opened().unwrap()
}

/// Waits until the node rejects the token, and returns the time.
pub(super) async fn until_rejected(node: &Hallpass<SiteRole>, access: &str) -> Duration {
    let start = Instant::now();
    while identity(node, access).is_some() {
        assert!(start.elapsed() < BOUND, "not within {BOUND:?}");
        sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

/// Uses each capability on two nodes.
async fn whole_facade([one, other]: [&Hallpass<SiteRole>; 2]) {
    let alice = registered(one, "alice").await;
    let id = AccountId::new(alice.user.id.clone());
    let again = logged_in(other.accounts(), "alice", None).await;
    let tokens = one.accounts().refresh(again.refresh.unwrap().as_str().as_bytes()).await.unwrap();

    // A second factor, on the other node.
    let who = identity(other, tokens.access.as_str()).unwrap();
    let TwoFactor::Off(set_up) = other.accounts().two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    // The code of the previous step, so that the one of this step is new.
    let now = SystemClock.now();
    let earlier = totp.code_at(now.saturating_sub(Duration::from_secs(30)));
    let (codes, tokens) = other
        .accounts()
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &earlier)
        .await
        .unwrap();
    let step = one.accounts().log_in("alice", PASSWORD, None, &Visitor::default()).await.unwrap();
    assert!(matches!(step, LoginStep::MfaRequired(_)), "{step:?}");
    let next = totp.code_at(now);
    let by_code = logged_in(one.accounts(), "alice", Some(&next)).await;
    let _by_recovery = logged_in(other.accounts(), "alice", Some(codes[0].as_str())).await;

    // Revocations on the other node: a logout, a role, an end of all sessions, a password.
    let who = identity(one, by_code.access.as_str()).unwrap();
    assert_eq!(one.accounts().sessions(&who).await.unwrap().len(), 3);
    one.accounts().log_out(&who).await.unwrap();
    until_rejected(other, by_code.access.as_str()).await;
    other.set_roles(&id, [SiteRole::Admin]).await.unwrap();
    until_rejected(one, tokens.access.as_str()).await;

    let bob = registered(other, "bob").await;
    let second = logged_in(one.accounts(), "bob", None).await;
    let who = identity(one, bob.access.as_str()).unwrap();
    let new = "seven maps of nowhere";
    let _tokens =
        one.accounts().change_password(&who, &Proof::of_password(PASSWORD), new).await.unwrap();
    until_rejected(other, second.access.as_str()).await;
    let bob = AccountId::new(bob.user.id.clone());
    other.disable(&bob).await.unwrap();
    other.enable(&bob).await.unwrap();
    other.log_out_everywhere(&bob).await.unwrap();
}

/// Logs in 50 times in parallel, on both nodes, and returns the time.
async fn fifty_logins(nodes: [&Hallpass<SiteRole>; 2]) -> Duration {
    for number in 0..10 {
        registered(nodes[0], &format!("user{number}")).await;
    }
    let start = Instant::now();
    let mut logins = JoinSet::new();
    for number in 0..50 {
        let accounts = nodes[number % 2].accounts().clone();
        let name = format!("user{}", number % 10);
        logins.spawn(async move { logged_in(&accounts, &name, None).await });
    }
    assert_eq!(logins.join_all().await.len(), 50);
    start.elapsed()
}

/// What another application finds on a connection of the server: the timeouts, and the number of
/// prepared statements, of channels that it listens on, and of advisory locks.
async fn found_by_another(connection: &mut PgConnection) -> String {
    let found = sqlx::raw_sql(
        "SELECT concat_ws(' ', current_setting('statement_timeout'), \
         current_setting('idle_in_transaction_session_timeout'), \
         current_setting('synchronous_commit'), \
         (SELECT count(*) FROM pg_prepared_statements), \
         (SELECT count(*) FROM pg_listening_channels()), \
         (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))",
    );
    connection.fetch_one(found).await.unwrap().get(0)
}

/// Checks the connections of the server that the pooler has open.
async fn assert_nothing_leaked(pooler: &PgBouncer, database: &Database, connections: usize) {
    let mut direct = PgConnection::connect(&database.url()).await.unwrap();
    let expected = found_by_another(&mut direct).await;
    let mut clients = Vec::new();
    for _ in 0..connections {
        let options: sqlx::postgres::PgConnectOptions =
            pooler.url(database.name()).parse().unwrap();
        let options = options.extra_float_digits(None);
        let mut client = PgConnection::connect_with(&options).await.unwrap();
        // An open transaction keeps its connection, so that each client has another one.
        client.execute(sqlx::raw_sql("BEGIN")).await.unwrap();
        assert_eq!(found_by_another(&mut client).await, expected);
        clients.push(client);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn whole_facade_works_in_transaction_mode() {
    let (pooler, database, scratch) =
        (PgBouncer::start("transaction", 3, ""), Database::new(), Scratch::new());
    let url = format!("{}&pooler=transaction", pooler.url(database.name()));
    let (one, other) = (node(&url, &scratch).await, node(&url, &scratch).await);
    whole_facade([&one, &other]).await;
    println!("transaction mode: 50 logins in {:?}", fifty_logins([&one, &other]).await);
    assert_nothing_leaked(&pooler, &database, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn whole_facade_works_in_session_mode() {
    // Two nodes with two connections and a listener each.
    let (pooler, database, scratch) =
        (PgBouncer::start("session", 6, ""), Database::new(), Scratch::new());
    let url = format!("{}&pooler=session&max_connections=2", pooler.url(database.name()));
    let (one, other) = (node(&url, &scratch).await, node(&url, &scratch).await);
    whole_facade([&one, &other]).await;
    println!("session mode: 50 logins in {:?}", fifty_logins([&one, &other]).await);
    assert_pushed([&one, &other]).await;
    drop((one, other));
    sleep(Duration::from_millis(500)).await;
    assert_nothing_leaked(&pooler, &database, 6).await;
}

/// Asserts that a revocation arrives faster than a poll, which takes half a second on average.
async fn assert_pushed([one, other]: [&Hallpass<SiteRole>; 2]) {
    let mut times = Vec::new();
    for number in 0..9 {
        let access = registered(one, &format!("pushed{number}")).await;
        let id = AccountId::new(access.user.id.clone());
        one.log_out_everywhere(&id).await.unwrap();
        times.push(until_rejected(other, access.access.as_str()).await);
        sleep(Duration::from_millis(60)).await;
    }
    times.sort();
    println!("pushed: median {:?}, longest {:?}", times[4], times[8]);
    assert!(times[4] < Duration::from_millis(100), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn listen_address_receives_pushes_in_milliseconds() {
    let (pooler, database, scratch) =
        (PgBouncer::start("transaction", 3, ""), Database::new(), Scratch::new());
    // The user and the password of the server are not those of the pooler.
    let listen = database.url().replace('?', "%3F").replace('&', "%26");
    let url = format!("{}&pooler=transaction&listen={listen}", pooler.url(database.name()));
    let (one, other) = (node(&url, &scratch).await, node(&url, &scratch).await);
    assert_pushed([&one, &other]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn pooler_without_the_setting_is_found() {
    for (further, all) in
        [("", false), ("ignore_startup_parameters = options, extra_float_digits", true)]
    {
        let (pooler, database, scratch) =
            (PgBouncer::start("transaction", 3, further), Database::new(), Scratch::new());
        let url = pooler.url(database.name());
        let store = PostgresStore::open(&url).await.unwrap();
        assert_eq!((store.pooler(), store.pooler_is_set()), (Pooler::Transaction, false));
        let (one, other) = (on(store, &scratch).await, node(&url, &scratch).await);
        if all {
            whole_facade([&one, &other]).await;
        }
        fifty_logins([&one, &other]).await;
        assert_nothing_leaked(&pooler, &database, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn pool_of_the_application_finds_the_pooler() {
    let further = "ignore_startup_parameters = extra_float_digits";
    let (pooler, database, scratch) =
        (PgBouncer::start("transaction", 3, further), Database::new(), Scratch::new());
    let pool = sqlx::PgPool::connect(&pooler.url(database.name())).await.unwrap();
    let store = PostgresStore::from_pool(pool).with_listener_at(&database.url()).unwrap();
    store.migrate().await.unwrap();
    assert_eq!((store.pooler(), store.pooler_is_set()), (Pooler::Transaction, false));
    let one = on(store, &scratch).await;
    let pool = sqlx::PgPool::connect(&pooler.url(database.name())).await.unwrap();
    let store = PostgresStore::from_pool(pool).with_pooler(Pooler::Transaction);
    let other = on(store, &scratch).await;
    whole_facade([&one, &other]).await;
    fifty_logins([&one, &other]).await;
    assert_nothing_leaked(&pooler, &database, 3).await;
    assert_pushed([&other, &one]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn wrong_settings_of_a_pooler_name_the_fix() {
    let (pooler, database) = (PgBouncer::start("transaction", 3, ""), Database::new());
    let url = pooler.url(database.name());
    let error = PostgresStore::open(&format!("{url}&pooler=session")).await.unwrap_err();
    assert!(matches!(error, StoreOpenError::PoolerMode { .. }), "{error:?}");
    assert!(error.to_string().contains("write pooler=transaction"), "{error}");
    for pooler in ["", "&pooler=transaction"] {
        let url = format!("{url}{pooler}&options[search_path]=accounts");
        let error = PostgresStore::open(&url).await.unwrap_err();
        assert!(matches!(error, StoreOpenError::PoolerOptions), "{error:?}");
    }
    // Without a pooler, the same options are used.
    let direct = format!("{}&options[search_path]=public", database.url());
    let store = PostgresStore::open(&direct).await.unwrap();
    assert_eq!((store.pooler(), store.pooler_is_set()), (Pooler::None, false));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn logins_succeed_after_pgbouncer_was_killed() {
    let (mut pooler, database, scratch) =
        (PgBouncer::start("transaction", 3, ""), Database::new(), Scratch::new());
    let url = format!("{}&pooler=transaction", pooler.url(database.name()));
    let (one, other) = (node(&url, &scratch).await, node(&url, &scratch).await);
    fifty_logins([&one, &other]).await;
    let live = registered(&one, "alice").await;
    pooler.kill();
    let failed = one.accounts().log_in("alice", PASSWORD, None, &Visitor::default()).await;
    assert!(failed.is_err());
    assert!(identity(&one, live.access.as_str()).is_some(), "live tokens are accepted");
    pooler.start_again();
    let start = Instant::now();
    // A connection is used without a check for 100 ms after its last use.
    sleep(Duration::from_millis(100)).await;
    for node in [&one, &other] {
        logged_in(node.accounts(), "alice", None).await;
        while !node.is_ready() {
            assert!(start.elapsed() < BOUND, "not ready");
            sleep(Duration::from_millis(20)).await;
        }
    }
    println!("PgBouncer killed: both nodes log in and are ready after {:?}", start.elapsed());
    let id = AccountId::new(live.user.id.clone());
    one.log_out_everywhere(&id).await.unwrap();
    until_rejected(&other, live.access.as_str()).await;
}

/// The output of `doctor`, and the log of a start, of another process.
fn said(url: &str, scratch: &Scratch) -> String {
    let mut child: Process = this_test("pooler::doctor_and_start_in_a_child_process");
    let output = child
        .env("POOLER_TEST_URL", url)
        .env("POOLER_TEST_KEYS", scratch.path("keys.json"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is started by doctor_and_start_name_the_pooler_and_the_push"]
async fn doctor_and_start_in_a_child_process() {
    use hallpass::{HallpassBuilder, cli::Command, store::SqlStore};

    let (Ok(url), Some(keys)) =
        (std::env::var("POOLER_TEST_URL"), std::env::var_os("POOLER_TEST_KEYS"))
    else {
        return;
    };
    let lines = tracing_subscriber::fmt().with_ansi(false).without_time().finish();
    tracing::subscriber::set_global_default(lines).unwrap();
    let site = async |store| {
        let builder: HallpassBuilder<SiteRole, SqlStore> =
            Hallpass::builder(store).everything().key_file(&keys);
        Ok::<_, std::convert::Infallible>(builder)
    };
    let store = SqlStore::open(&url).await.unwrap();
    let hallpass = site(store).await.unwrap().start().await.unwrap();
    sleep(Duration::from_millis(500)).await;
    drop(hallpass);
    let command = Command::parse(["site", "doctor"]).unwrap().unwrap();
    command.run(&url, site).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL (DATABASE_URL) and PgBouncer"]
async fn doctor_and_start_name_the_pooler_and_the_push() {
    let (pooler, database, scratch) =
        (PgBouncer::start("transaction", 3, ""), Database::new(), Scratch::new());
    let through = pooler.url(database.name());
    let listen = database.url().replace('?', "%3F").replace('&', "%26");
    let polled = "revocations are only polled";
    for (url, expected) in [
        (
            through.clone(),
            vec![
                "WARN hallpass: the address of the database leads to a pooler: add pooler=transaction",
                "WARN hallpass: revocations are only polled, because no store pushes them",
                "warn  pooler           the database is reached through a pooler, which the address",
                "warn  notifier         revocations are only polled, each second; fix: name the",
            ],
        ),
        (
            format!("{through}&pooler=transaction&listen={listen}"),
            vec![
                "connected to the database through a pooler pooler=\"transaction\"",
                "INFO hallpass: revocations are pushed push=\"LISTEN\"",
                "ok    pooler           the database is reached through a pooler in transaction mode",
                "ok    notifier         revocations are pushed to each node by LISTEN",
            ],
        ),
        (
            // A pooler is not an address to listen at.
            format!("{through}&pooler=transaction&listen={}", through.replace('?', "%3F")),
            vec![
                "WARN hallpass: revocations are only polled, because the notifier is not available",
                "warn  notifier         revocations are only polled, each second: ",
            ],
        ),
        (
            database.url(),
            vec![
                "INFO hallpass: revocations are pushed push=\"LISTEN\"",
                "ok    pooler           the connections to the database are direct",
                "ok    notifier         revocations are pushed to each node by LISTEN",
            ],
        ),
    ] {
        let said = said(&url, &scratch);
        for line in &expected {
            assert!(said.contains(line), "{line} is not in\n{said}");
        }
        let pushed = expected.iter().all(|line| !line.contains(polled));
        assert_eq!(said.contains(polled), !pushed, "{said}");
    }
}
