//! A fault that lasts is logged at its beginning and then once per minute, and not once per
//! attempt. The cause is logged once.

use std::{
    error::Error,
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use hallpass_accounts::{
    Accounts, Cursor, Notifier, Readiness, RevocationLog, RevocationPage, RevocationSync, Settings,
    SiteStore,
};
use hallpass_core::UnixTime;
use tokio::time::{advance, sleep};
use tracing::Dispatch;

use crate::secret::Log;
use crate::site::{Site, SiteRole, stores};

impl Log {
    pub(crate) fn lines_with(&self, text: &str) -> Vec<String> {
        let logged = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        logged.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}

/// Sends the log lines of this thread to `log`, until the guard is dropped.
///
/// With one dispatcher in the process, `tracing` decides by the thread that logs first whether a
/// line is ever logged, and another test may run on that thread. A second dispatcher prevents that.
pub(crate) fn subscribed(log: &Log) -> tracing::dispatcher::DefaultGuard {
    static SECOND: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::fmt().finish()));
    LazyLock::force(&SECOND);
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    tracing::dispatcher::set_default(&Dispatch::new(subscriber))
}

#[tokio::test(start_paused = true)]
async fn log_that_cannot_be_read_is_logged_once_per_minute() {
    let log = Log::default();
    let _guard = subscribed(&log);
    let site = Site::new();
    let sync = RevocationSync::new(&site.accounts);
    sync.read().await.unwrap();
    site.store.set_down(true);
    for _ in 0..=150 {
        sync.read().await.unwrap_err();
        advance(Duration::from_secs(1)).await;
    }
    site.store.set_down(false);
    sync.read().await.unwrap();
    let lines = log.lines_with("the revocation log is not available");
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for (line, seconds) in lines.iter().zip([0, 60, 120]) {
        assert!(line.contains(&format!("seconds={seconds}")), "{line}");
    }
    assert_eq!(log.lines_with("revocation-log-silent").len(), 1, "an event has no reminder");
    assert_eq!(log.lines_with("revocation-log-answers").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn node_that_is_not_ready_repeats_the_reason_once_per_minute() {
    let log = Log::default();
    let _guard = subscribed(&log);
    let site = Site::new();
    let incarnation = |identity: &str| hallpass_accounts::Incarnation {
        identity: identity.to_owned(),
        timeline: 1,
    };
    assert!(site.store.record_incarnation(None, &incarnation("one")).await.unwrap());
    let sync = RevocationSync::new(&site.accounts);
    sync.read().await.unwrap();
    let (one, other) = (incarnation("one"), incarnation("other"));
    assert!(site.store.record_incarnation(Some(&one), &other).await.unwrap());
    for _ in 0..130 {
        sync.read().await.unwrap();
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(sync.readiness(), Readiness::Restored);
    assert_eq!(log.lines_with("\"not-ready\"").len(), 1);
    let lines = log.lines_with("this node is still not ready");
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("restored")), "{lines:#?}");
}

/// A log whose notifier cannot connect.
struct Unreachable;

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was refused")
    }
}

impl Error for Refused {}

impl Notifier for Unreachable {
    type Error = Refused;

    async fn notified(&mut self) -> Result<(), Refused> {
        Err(Refused)
    }
}

impl RevocationLog for Unreachable {
    type Error = Refused;

    async fn read_after(&self, _: Cursor) -> Result<RevocationPage, Refused> {
        Err(Refused)
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), Refused> {
        Ok(())
    }

    fn notifier(&self) -> impl Notifier {
        Self
    }
}

#[tokio::test(start_paused = true)]
async fn notifier_that_is_down_is_logged_once_per_minute() {
    let log = Log::default();
    let _guard = subscribed(&log);
    let site = Site::new();
    let mut stores = stores(&site.store);
    stores.notifiers.push(Arc::new(Unreachable).into());
    let accounts =
        Accounts::<SiteRole>::new(site.keys.clone(), stores, Settings::default()).unwrap();
    let sync = RevocationSync::new(&accounts);
    let task = tokio::spawn(async move { sync.run().await });
    sleep(Duration::from_secs(150)).await;
    task.abort();
    let lines = log.lines_with("the notifier is not available");
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for line in &lines {
        assert_eq!(line.matches("the connection was refused").count(), 1, "{line}");
    }
}
