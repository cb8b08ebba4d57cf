//! The tasks of a node that wait for a push of other nodes, and that publish this node's
//! revocations.

use std::{error::Error, sync::Arc};

use hallpass_core::Role;
use tokio::{sync::Notify, time::sleep};

use super::RETRY;
use crate::{
    accounts::Accounts,
    event::reminder::Reminder,
    store::{ErasedNotifier, StoreFault, StoreSet},
};

/// Wakes the reader at each notification, and connects again after an error.
pub(super) async fn wait_for_news(
    log: &'static str,
    mut notifier: Box<dyn ErasedNotifier>,
    woken: Arc<Notify>,
) {
    let mut down = Reminder::default();
    let mut is_new = true;
    push_live(log, false);
    loop {
        match notifier.notified().await {
            Ok(()) => {
                push_live(log, true);
                if down.recovered().is_some() {
                    tracing::info!(target: "hallpass", "revocations are pushed again");
                } else if is_new {
                    let push = notifier.push();
                    tracing::info!(target: "hallpass", push, "revocations are pushed");
                }
                is_new = false;
                woken.notify_one();
            }
            Err(error) => {
                push_live(log, false);
                if let Some(lasts) = down.failed() {
                    let (source, seconds) = (error.source(), lasts.as_secs());
                    tracing::warn!(target: "hallpass", %error, source, seconds, "revocations are only polled, because the notifier is not available");
                }
                sleep(RETRY).await;
            }
        }
    }
}

fn push_live(log: &'static str, is_live: bool) {
    #[cfg(feature = "metrics")]
    crate::event::metric::push_live(log, is_live);
    #[cfg(not(feature = "metrics"))]
    let _ = (log, is_live);
}

/// Publishes each revocation of this node immediately, and again after an error.
pub(super) async fn publish<R: Role>(accounts: Accounts<R>) {
    let stores = accounts.stores();
    let mut down = Reminder::default();
    loop {
        match stores.publish().await {
            Ok(()) => {
                down.recovered();
                stores.outbox.filled.notified().await;
            }
            Err(error) => {
                if let Some(lasts) = down.failed() {
                    let (source, seconds) = (error.source(), lasts.as_secs());
                    tracing::warn!(target: "hallpass", %error, source, seconds, "revocations of this node cannot be published yet");
                }
                sleep(RETRY).await;
            }
        }
    }
}

impl StoreSet {
    /// Publishes this node's revocations to the logs outside the store, including those that an
    /// earlier call could not publish.
    ///
    /// # Errors
    /// The error of a log. The next call publishes the rest.
    pub(crate) async fn publish(&self) -> Result<(), StoreFault> {
        while let Some(change) = self.outbox.first() {
            for log in self.logs() {
                self.within_bound(log.publish(&change)).await?;
            }
            self.outbox.told(&change);
        }
        Ok(())
    }
}
