//! The one task beside the requests: as soon as something is pushed, and each second in any case, it reads what was revoked
//! elsewhere; and each second whether the key file has changed.

use std::time::Duration;

use hallpass_accounts::{Accounts, Cursor};
use hallpass_core::{Clock, Keys, Role, UnixTime};
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{key_file::WatchedKeyFile, lines::Lines};

/// The task, for as long as this lives.
pub(crate) struct Background {
    task: Option<AbortHandle>,
    polls: bool,
}

/// What the task does.
pub(crate) struct Work<R> {
    pub(crate) accounts: Accounts<R>,
    pub(crate) key_file: Option<WatchedKeyFile>,
    /// How far the feed has been read; `None` where there is none.
    pub(crate) feed: Option<Cursor>,
}

impl Background {
    /// Starts the task on this runtime.
    pub(crate) fn start<R: Role>(runtime: &Handle, work: Work<R>) -> Self {
        let polls = work.feed.is_some();
        Self { task: Some(runtime.spawn(work.run()).abort_handle()), polls }
    }

    /// Nothing to do.
    pub(crate) const fn idle() -> Self {
        Self { task: None, polls: false }
    }

    /// Whether there is a feed to read.
    pub(crate) fn polls(&self) -> bool {
        self.polls
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl<R: Role> Work<R> {
    async fn run(mut self) {
        let keys: Keys = self.accounts.issuer().keys().clone();
        let lines = match self.feed {
            Some(_) => Lines::open(&self.accounts),
            None => Lines::closed(),
        };
        let mut ticks = interval(PERIOD);
        // After a pause, of the machine say, one reading is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut forget_at = UnixTime::from_secs(0);
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    if let Some(file) = &mut self.key_file {
                        file.take_up_changes(&keys).await;
                    }
                }
                () = lines.news() => {}
            }
            let Some(cursor) = &mut self.feed else { continue };
            // A failure is an event, and the next second another try.
            let Ok(read) = self.accounts.catch_up(*cursor).await else { continue };
            *cursor = read;
            let now = self.accounts.clock().now();
            if now >= forget_at {
                forget_at = now.saturating_add(FORGET_PERIOD);
                if let Err(error) = self.accounts.forget().await {
                    let source = std::error::Error::source(&error);
                    tracing::warn!(target: "hallpass", %error, source, "old revocations could not be deleted");
                }
            }
        }
    }
}

/// A fifth of the published bound: a reading may fail or be late, and the next ones still keep it.
const PERIOD: Duration = Duration::from_secs(1);
const FORGET_PERIOD: Duration = Duration::from_secs(60);
