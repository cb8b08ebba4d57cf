//! Log-ins and renewals a second, on SQLite in a file: one after the other, and eight at once.
//!
//! `cargo bench -p hallpass-benches --bench sign_in`. A log-in is one argon2 run at the default cost and one write; a renewal is one
//! write. Each write is flushed to the disk before it counts, so the disk is part of the figure: it is printed beside the bare
//! flushes that the same disk does.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::{
    fs,
    future::Future,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use hallpass_benches::SiteRole;
use hallpass_core::{Clock, Issuer, KeyRing, SystemClock};
use hallpass_signin::{AttemptPolicy, SessionLimits, SignIn, Visitor};
use hallpass_sqlx::SqliteStore;
use tokio::{runtime::Runtime, task::JoinSet};

const PASSWORD: &str = "correct horse battery staple";
const LONG: Duration = Duration::from_secs(5);

fn main() {
    let directory = std::env::temp_dir().join(format!("hallpass-bench-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let rate = flushes(&directory);
    println!("bare flushes of the disk: {rate:.0}/s");
    Runtime::new().unwrap().block_on(run(&format!("sqlite://{}", directory.join("site.db").display())));
    fs::remove_dir_all(&directory).unwrap();
}

async fn run(url: &str) {
    let ring = KeyRing::generate_hs256([7; 32], SystemClock.now());
    let store = SqliteStore::open(url).await.unwrap();
    // Without a grace, a chain may be as fast as it can.
    let limits = SessionLimits::default().grace(Duration::ZERO);
    let site = SignIn::<SiteRole>::builder(store, Issuer::new(ring, "https://site.example", "site"))
        .session_limits(limits)
        .account_attempts(AttemptPolicy::new(1000, Duration::from_secs(1)))
        .everything()
        .build()
        .unwrap();
    let registered = site.register("ann", PASSWORD, &Visitor::default()).await.unwrap();
    drop(registered);
    for at_once in [1, 8] {
        let log_ins = rate(&site, at_once, |site, end| async move {
            let mut count = 0;
            while Instant::now() < end {
                log_in(&site).await;
                count += 1;
            }
            count
        });
        println!("log-ins, {at_once} at once: {:.0}/s", log_ins.await);
        let renewals = rate(&site, at_once, |site, end| async move {
            let (mut token, mut count) = (log_in(&site).await, 0);
            while Instant::now() < end {
                token = site.refresh(token.as_bytes()).await.unwrap().refresh.unwrap().as_str().to_owned();
                count += 1;
            }
            count
        });
        println!("renewals, {at_once} at once: {:.0}/s", renewals.await);
    }
}

async fn log_in(site: &SignIn<SiteRole>) -> String {
    let step = site.log_in("ann", PASSWORD, None, &Visitor::default()).await.unwrap();
    step.opened().unwrap().refresh.unwrap().as_str().to_owned()
}

/// How many a second so many tasks get done together.
async fn rate<F>(site: &SignIn<SiteRole>, at_once: usize, task: impl Fn(SignIn<SiteRole>, Instant) -> F) -> f64
where
    F: Future<Output = u32> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        tasks.spawn(task(site.clone(), start + LONG));
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
