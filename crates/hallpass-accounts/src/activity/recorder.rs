//! Writes rows of activity after the response.
//!
//! One task per node writes the rows one after another, and ends when the queue is empty. The queue
//! has a maximum length, so that a store that is down does not fill the memory. A row that is not
//! written is a warning (one per minute) and a metric.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, time::timeout};

use crate::{
    account::AccountId, activity::Activity, event::reminder::Reminder, store::DynActivityStore,
};

/// The rows that are not written yet. Clones share them.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Shared>);

struct Shared {
    store: DynActivityStore,
    timeout: Duration,
    queue: Mutex<Queue>,
    /// Held while a row is written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Queue {
    rows: VecDeque<(AccountId, Activity)>,
    has_task: bool,
    losing: Reminder,
}

impl Recorder {
    pub(crate) fn new(store: DynActivityStore, timeout: Duration) -> Self {
        let (queue, writing) = (Mutex::default(), tokio::sync::Mutex::new(()));
        Self(Arc::new(Shared { store, timeout, queue, writing }))
    }

    /// Puts a row into the queue, and starts the task that writes it. Without a tokio runtime the
    /// row is written by the next call with one, or by [`flush`](Self::flush).
    pub(crate) fn record(&self, account: AccountId, activity: Activity) {
        let mut queue = self.queue();
        if queue.rows.len() >= MAX_QUEUE {
            return lost(&mut queue, "the queue is full");
        }
        queue.rows.push_back((account, activity));
        if !queue.has_task
            && let Ok(runtime) = Handle::try_current()
        {
            queue.has_task = true;
            let recorder = self.clone();
            runtime.spawn(async move {
                recorder.write_all().await;
            });
        }
    }

    /// Writes the rows before the process ends: an operator's command.
    pub(crate) async fn flush(&self) {
        while self.write_one().await {}
    }

    async fn write_all(&self) {
        loop {
            while self.write_one().await {}
            let mut queue = self.queue();
            if queue.rows.is_empty() {
                queue.has_task = false;
                return;
            }
        }
    }

    /// Returns `false` if there is no row.
    async fn write_one(&self) -> bool {
        let _order = self.0.writing.lock().await;
        let Some((account, activity)) = self.queue().rows.pop_front() else { return false };
        let written = timeout(self.0.timeout, self.0.store.record(&account, &activity)).await;
        match written {
            Ok(Ok(())) => {
                self.queue().losing.recovered();
            }
            Ok(Err(_)) => lost(&mut self.queue(), "the store failed"),
            Err(_) => lost(&mut self.queue(), "the store did not respond"),
        }
        true
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(queue: &mut Queue, reason: &'static str) {
    #[cfg(feature = "metrics")]
    crate::event::metric::activity_lost();
    if queue.losing.failed().is_some() {
        tracing::warn!(target: "hallpass", reason, "rows of the activity of accounts are lost");
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

/// A few megabytes, and more events than a node has in a second.
const MAX_QUEUE: usize = 10_000;
