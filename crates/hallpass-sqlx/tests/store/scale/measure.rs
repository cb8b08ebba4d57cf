//! Measures the operations that a large table could make slow, and prints the times.

use std::{fmt, sync::Arc, time::Duration};

use hallpass_accounts::{
    Accounts, HashCost, LoginStep, OpenedSession, PasswordHasherSettings, RevocationLog,
    RevocationSync, Settings, StoreSet, Visitor,
};
use hallpass_core::{KeyRing, Keys, Role};
use hallpass_sqlx::SqlStore;
use tokio::time::Instant;

use super::{accounts, is_full_size, now, workload::end_of_log};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    #[role(default)]
    Guest,
}

const PASSWORD: &str = "two grey herons at dawn";

/// Measures the operations on the tables at this address. `run` runs a statement there.
pub(super) async fn on(url: &str, run: impl AsyncFn(&str)) {
    let site = Site {
        url,
        keys: Keys::from(KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), now())),
    };
    let poll = site.poll().await;
    let start = site.start_of_a_node().await;
    // 140 revocations per second, for an hour, of the 2,000,000 at full size.
    run("DELETE FROM hallpass_revocations WHERE place <= \
         (SELECT max(place) FROM hallpass_revocations) / 4 * 3")
    .await;
    let start_after_an_hour = site.start_of_a_node().await;

    let node = site.node().await;
    let people = people(&node).await;
    let mut quiet = Logins::default();
    for _ in 0..10 {
        quiet.all_of(&node, &people).await;
    }
    println!("login: {}\nrefresh: {}", quiet.logins, quiet.refreshes);
    let during = site.logins_during_purge(&node, &people).await;

    if is_full_size() {
        assert!(poll < Duration::from_millis(2), "poll: {poll:?}");
        assert!(start < Duration::from_secs(5), "start of a node: {start:?}");
        assert!(start_after_an_hour < Duration::from_secs(5), "{start_after_an_hour:?}");
        // A call of the store fails after 1.5 s (`Settings::store_timeout`).
        assert!(during < Duration::from_millis(1500), "slowest login during prune: {during:?}");
    }
}

struct Site<'a> {
    url: &'a str,
    keys: Keys,
}

impl Site<'_> {
    /// Creates the engine of a node with connections of its own.
    async fn node(&self) -> Accounts<SiteRole> {
        let store = Arc::new(SqlStore::open(self.url).await.unwrap());
        let mut stores = StoreSet::all(&store);
        stores.browsers = Some(store.clone().into());
        stores.outcomes = Some(store.clone().into());
        stores.consumed = Some(store.clone().into());
        stores.activity = Some(store.clone().into());
        let hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
        let settings = Settings { password_hasher: hasher, ..Settings::default() };
        Accounts::new(self.keys.clone(), stores, settings).unwrap()
    }

    /// Reads the log with nothing new, 1,000 times.
    async fn poll(&self) -> Duration {
        let store = SqlStore::open(self.url).await.unwrap();
        let end = end_of_log(&store).await;
        let mut times = Times::default();
        for _ in 0..1000 {
            let start = Instant::now();
            assert_eq!(store.read_after(end).await.unwrap().changes, []);
            times.0.push(start.elapsed());
        }
        println!("poll: {times}");
        times.median()
    }

    async fn start_of_a_node(&self) -> Duration {
        let node = self.node().await;
        let start = Instant::now();
        let sync = RevocationSync::new(&node);
        sync.begin().await.unwrap();
        let time = start.elapsed();
        let entries = node.settings().revocation_list.len();
        println!("start of a node: {} ms for {entries} entries in the list", time.as_millis());
        assert!(sync.is_ready());
        time
    }

    /// Logs in while another node deletes the expired rows. Returns the time of the slowest login.
    async fn logins_during_purge(&self, node: &Accounts<SiteRole>, people: &[String]) -> Duration {
        let purging = RevocationSync::new(&self.node().await);
        purging.read().await.unwrap();
        let purge = tokio::spawn(async move {
            let start = Instant::now();
            // On SQLite, the logins of this test can hold the file's lock for longer than a delete
            // waits. A node then repeats the deletion a minute later.
            let mut failed = 0;
            let pruned = loop {
                match purging.prune().await {
                    Ok(pruned) => break pruned,
                    Err(error) if failed == 10 => panic!("{error:?}"),
                    Err(_) => failed += 1,
                }
            };
            (pruned, failed, start.elapsed())
        });
        let mut during = Logins::default();
        while !purge.is_finished() {
            during.all_of(node, people).await;
        }
        let (pruned, failed, time) = purge.await.unwrap();
        println!("prune: {pruned:?} in {} ms, {failed} times interrupted", time.as_millis());
        println!("login during prune: {}", during.logins);
        println!("refresh during prune: {}", during.refreshes);
        let is_whole = failed == 0;
        assert!(!is_whole || pruned.sessions > accounts() / 2, "half of the sessions had expired");
        during.logins.slowest()
    }
}

async fn people(node: &Accounts<SiteRole>) -> Vec<String> {
    let mut names = Vec::new();
    for number in 0..20 {
        let name = format!("person{number}");
        let _opened = opened(node.register(&name, PASSWORD, &Visitor::default()).await.unwrap());
        names.push(name);
    }
    names
}

#[derive(Default)]
struct Logins {
    logins: Times,
    refreshes: Times,
}

impl Logins {
    /// Each person logs in, and refreshes the session.
    async fn all_of(&mut self, node: &Accounts<SiteRole>, people: &[String]) {
        for name in people {
            let start = Instant::now();
            let step = node.log_in(name, PASSWORD, None, &Visitor::default()).await;
            let session = opened(step.unwrap());
            self.logins.0.push(start.elapsed());
            let start = Instant::now();
            let token = session.refresh.unwrap();
            let _tokens = node.refresh(token.as_str().as_bytes()).await.unwrap();
            self.refreshes.0.push(start.elapsed());
        }
    }
}

fn opened(step: LoginStep) -> OpenedSession {
    step.opened().unwrap()
}

#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn at(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() - 1) * percent / 100]
    }

    fn median(&self) -> Duration {
        self.at(50)
    }

    fn slowest(&self) -> Duration {
        self.at(100)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.at(percent).as_secs_f64() * 1000.0;
        let (median, p99, slowest) = (ms(50), ms(99), ms(100));
        write!(f, "median {median:.2} ms, p99 {p99:.2} ms, slowest {slowest:.2} ms")?;
        write!(f, " ({} times)", self.0.len())
    }
}
