//! Log-ins, renewals and log-outs a second, on SQLite in a file, and on PostgreSQL where `DATABASE_URL` names an empty database: one after the
//! other, and eight people at once. `python3 benches/report accounts` runs it in a schema of its own and reads what it prints.
//!
//! `cargo bench -p hallpass-benches --bench accounts`. A log-in is one argon2 run at the default cost and one write; a renewal
//! and a log-out are one write each. Each write is flushed to the disk before it counts, so the disk is part of the figure: it is printed beside the bare
//! flushes that the same disk does.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::{
    fs,
    future::Future,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hallpass_accounts::{Accounts, OpenedSession, RateLimit, RateLimits, SessionSettings, Settings, StoreSet, Visitor};
use hallpass_benches::SiteRole;
use hallpass_core::{Clock, Identity, KeyRing, SystemClock};
use hallpass_sqlx::SqlStore;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::{runtime::Runtime, task::JoinSet};

const PASSWORD: &str = "correct horse battery staple";
const SESSIONS: usize = 240;
const LONG: Duration = Duration::from_secs(5);

fn main() {
    let directory = std::env::temp_dir().join(format!("hallpass-bench-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let rate = flushes(&directory);
    println!("bare flushes of the disk: {rate:.0}/s");
    let runtime = Runtime::new().unwrap();
    let file = format!("sqlite://{}", directory.join("site.db").display());
    println!("on SQLite {}:", runtime.block_on(sqlite_version()));
    runtime.block_on(run(&file));
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

async fn postgres_version(url: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT split_part(current_setting('server_version'), ' ', 1)")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn run(url: &str) {
    let ring = KeyRing::generate_hs256([7; 32], SystemClock.now());
    let store = SqlStore::open(url).await.unwrap();
    // Without a grace, a chain may be as fast as it can.
    let settings = Settings::<SiteRole> {
        session: SessionSettings::default().grace(Duration::ZERO),
        rate_limits: RateLimits::default().account(RateLimit::new(1000, Duration::from_secs(1))),
        ..Settings::default()
    };
    let site = Accounts::new(ring, StoreSet::all(&Arc::new(store)), settings).unwrap();
    for person in 0..8 {
        drop(site.register(&name(person), PASSWORD, &Visitor::default()).await.unwrap());
    }
    for at_once in [1, 8] {
        let log_ins = rate(&site, at_once, |site, person, end| async move {
            let mut count = 0;
            while Instant::now() < end {
                log_in(&site, person).await;
                count += 1;
            }
            count
        });
        println!("log-ins, {at_once} at once: {:.0}/s", log_ins.await);
        let refreshes_in_flight = rate(&site, at_once, |site, person, end| async move {
            let (mut token, mut count) = (log_in(&site, person).await, 0);
            while Instant::now() < end {
                token = site.refresh(token.as_bytes()).await.unwrap().refresh.unwrap().as_str().to_owned();
                count += 1;
            }
            count
        });
        println!("renewals, {at_once} at once: {:.0}/s", refreshes_in_flight.await);
        println!("log-outs, {at_once} at once: {:.0}/s", log_outs(&site, at_once).await);
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

/// How many a second end, so many people at once, of sessions that were opened before the clock starts.
async fn log_outs(site: &Accounts<SiteRole>, at_once: usize) -> f64 {
    let mut opening = JoinSet::new();
    for person in 0..at_once {
        let site = site.clone();
        opening.spawn(async move { sessions(&site, person, SESSIONS / at_once).await });
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

async fn sessions(site: &Accounts<SiteRole>, person: usize, count: usize) -> Vec<Identity<SiteRole>> {
    let (verifier, mut sessions) = (site.issuer().verifier(), Vec::new());
    for _ in 0..count {
        let access = open(site, person).await.access;
        sessions.push(verifier.verify(access.as_str().as_bytes(), SystemClock.now()).unwrap());
    }
    sessions
}

/// How many a second so many tasks get done together.
async fn rate<F>(
    site: &Accounts<SiteRole>,
    at_once: usize,
    task: impl Fn(Accounts<SiteRole>, usize, Instant) -> F,
) -> f64
where
    F: Future<Output = u32> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for person in 0..at_once {
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
