//! Logins, refreshes and logouts per second, on SQLite in a file and, with the feature `postgres`,
//! on the PostgreSQL that `DATABASE_URL` names: first by one person, then by eight concurrently.
//!
//! `cargo bench -p hallpass-sqlx --features postgres --bench accounts`. The database must be empty;
//! `python3 benches/report accounts` runs the bench in a schema of its own and reads what it
//! prints.
//!
//! A login is one argon2 run at the default cost and one write; a refresh and a logout are one
//! write each. Each write is flushed to the disk before it is acknowledged, so the disk is part of
//! the figure. The rate of bare flushes of the same disk is printed first.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::{
    fs,
    future::Future,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hallpass_accounts::{
    Accounts, OpenedSession, RateLimit, RateLimits, SessionSettings, Settings, StoreSet, Visitor,
};
use hallpass_core::{Clock, Identity, KeyRing, Role, SystemClock};
use hallpass_sqlx::SqlStore;
use sqlx::{Connection, SqliteConnection};
use tokio::{runtime::Runtime, task::JoinSet};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

fn main() {
    let directory = std::env::temp_dir().join(format!("hallpass-bench-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    println!("bare flushes of the disk: {:.0}/s", flushes(&directory));
    let runtime = Runtime::new().unwrap();
    let file = format!("sqlite://{}", directory.join("site.db").display());
    println!("on SQLite {}:", runtime.block_on(sqlite_version()));
    runtime.block_on(run(&file));
    #[cfg(feature = "postgres")]
    if let Ok(url) = std::env::var("DATABASE_URL") {
        println!("on PostgreSQL {}:", runtime.block_on(postgres_version(&url)));
        runtime.block_on(run(&url));
    }
    fs::remove_dir_all(&directory).unwrap();
}

async fn sqlite_version() -> String {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.unwrap()
}

#[cfg(feature = "postgres")]
async fn postgres_version(url: &str) -> String {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT split_part(current_setting('server_version'), ' ', 1)")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn run(url: &str) {
    let ring = KeyRing::generate_hs256([7; 32], SystemClock.now());
    let store = SqlStore::open(url).await.unwrap();
    // Without a grace period a refresh token may be refreshed as fast as the store allows.
    let settings = Settings::<SiteRole> {
        session: SessionSettings::default().grace(Duration::ZERO),
        rate_limits: RateLimits::default()
            .network(RateLimit::new(1000, Duration::from_secs(1)))
            .account(RateLimit::new(1000, Duration::from_secs(1))),
        ..Settings::default()
    };
    let site = Accounts::new(ring, StoreSet::all(&Arc::new(store)), settings).unwrap();
    for person in 0..8 {
        drop(site.register(&name(person), PASSWORD, &Visitor::default()).await.unwrap());
    }
    for people in [1, 8] {
        let logins = rate(&site, people, |site, person, end| async move {
            let mut count = 0;
            while Instant::now() < end {
                log_in(&site, person).await;
                count += 1;
            }
            count
        });
        println!("logins, {people} concurrent: {:.0}/s", logins.await);
        let refreshes = rate(&site, people, |site, person, end| async move {
            let (mut token, mut count) = (log_in(&site, person).await, 0);
            while Instant::now() < end {
                token = site
                    .refresh(token.as_bytes())
                    .await
                    .unwrap()
                    .refresh
                    .unwrap()
                    .as_str()
                    .to_owned();
                count += 1;
            }
            count
        });
        println!("refreshes, {people} concurrent: {:.0}/s", refreshes.await);
        println!("logouts, {people} concurrent: {:.0}/s", logouts(&site, people).await);
    }
}

fn name(person: usize) -> String {
    format!("person{person}")
}

async fn log_in(site: &Accounts<SiteRole>, person: usize) -> String {
    open(site, person).await.refresh.unwrap().as_str().to_owned()
}

async fn open(site: &Accounts<SiteRole>, person: usize) -> OpenedSession {
    let step = site.log_in(&name(person), PASSWORD, None, &Visitor::default()).await.unwrap();
    step.opened().unwrap()
}

/// Logouts per second of sessions that are opened before the clock starts.
async fn logouts(site: &Accounts<SiteRole>, people: usize) -> f64 {
    let mut opening = JoinSet::new();
    for person in 0..people {
        let site = site.clone();
        opening.spawn(async move { sessions(&site, person, SESSIONS / people).await });
    }
    let open = opening.join_all().await;
    let (start, mut ending) = (Instant::now(), JoinSet::new());
    for sessions in open {
        let site = site.clone();
        ending.spawn(async move {
            for who in &sessions {
                site.log_out(who).await.unwrap();
            }
        });
    }
    ending.join_all().await;
    SESSIONS as f64 / start.elapsed().as_secs_f64()
}

async fn sessions(
    site: &Accounts<SiteRole>,
    person: usize,
    count: usize,
) -> Vec<Identity<SiteRole>> {
    let (verifier, mut sessions) = (site.issuer().verifier(), Vec::new());
    for _ in 0..count {
        let access = open(site, person).await.access;
        sessions.push(verifier.verify(access.as_str().as_bytes(), SystemClock.now()).unwrap());
    }
    sessions
}

/// Completions per second of `task`, run by `people` concurrently.
async fn rate<F>(
    site: &Accounts<SiteRole>,
    people: usize,
    task: impl Fn(Accounts<SiteRole>, usize, Instant) -> F,
) -> f64
where
    F: Future<Output = u32> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for person in 0..people {
        tasks.spawn(task(site.clone(), person, start + LONG));
    }
    let count: u32 = tasks.join_all().await.iter().sum();
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn flushes(directory: &Path) -> f64 {
    let mut file = fs::File::create(directory.join("flushes")).unwrap();
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 4096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

const PASSWORD: &str = "correct horse battery staple";
const SESSIONS: usize = 240;
const LONG: Duration = Duration::from_secs(5);
