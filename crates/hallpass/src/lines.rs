//! The lines to the other nodes: news that wakes this one, and what was revoked here and must be told.

use std::{error::Error, sync::Arc, time::Duration};

use hallpass_accounts::{Accounts, RevocationNotifier};
use hallpass_core::Role;
use tokio::{sync::Notify, task::JoinSet, time::sleep};

/// The tasks of the lines, for as long as this lives.
pub(crate) struct Lines {
    _tasks: JoinSet<()>,
    rung: Arc<Notify>,
}

impl Lines {
    /// Opens them all. Inside the runtime.
    pub(crate) fn open<R: Role>(accounts: &Accounts<R>) -> Self {
        let rung = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        for push in accounts.pushes() {
            tasks.spawn(listen(push, Arc::clone(&rung)));
        }
        tasks.spawn(tell(accounts.clone()));
        Self { _tasks: tasks, rung }
    }

    /// There are none.
    pub(crate) fn closed() -> Self {
        Self { _tasks: JoinSet::new(), rung: Arc::default() }
    }

    /// Waits until one of them has news. However many arrive while nobody waits are one.
    pub(crate) async fn news(&self) {
        self.rung.notified().await;
    }
}

/// Rings for all that arrives, and connects again when the line is down.
async fn listen(mut push: RevocationNotifier, rung: Arc<Notify>) {
    let mut is_down = false;
    loop {
        match push.news().await {
            Ok(()) => {
                if std::mem::take(&mut is_down) {
                    tracing::info!(target: "hallpass", "revocations are pushed again");
                }
                rung.notify_one();
            }
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    let source = error.source();
                    tracing::warn!(target: "hallpass", %error, source, "revocations are not pushed, and polled alone");
                }
                sleep(RETRY).await;
            }
        }
    }
}

/// Tells what is revoked here as soon as it is, and again while nobody takes it.
async fn tell<R: Role>(accounts: Accounts<R>) {
    let mut is_down = false;
    loop {
        match accounts.announce().await {
            Ok(()) => {
                is_down = false;
                accounts.revoked_something().await;
            }
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    let source = error.source();
                    tracing::warn!(target: "hallpass", %error, source, "revocations here cannot be announced yet");
                }
                sleep(RETRY).await;
            }
        }
    }
}

const RETRY: Duration = Duration::from_secs(1);
