//! Following the revocation feed: what other nodes and operators voided is put into this node's view, and what was revoked
//! here is told.

use std::{sync::atomic::Ordering, time::Duration};

use hallpass_core::{Role, UnixTime};

use crate::{
    accounts::Accounts,
    event::Event,
    revocation::store::{Cursor, Revocation},
    store::{ErasedNotifier, StoreFault},
};

impl<R: Role> Accounts<R> {
    /// Reads the feed from the cursor to its end into the view, and marks the view as of now. Answers where to go on.
    ///
    /// Called before a node says that it is ready, with [`Cursor::START`], and then again and again; how often is the bound
    /// within which a revocation elsewhere takes effect here. Without a feed the view is this node's own, and current.
    ///
    /// # Errors
    /// The store's fault. The view keeps what it has, grows stale, and its policy decides; the next call starts from the same
    /// cursor.
    pub async fn catch_up(&self, from: Cursor) -> Result<Cursor, StoreFault> {
        // Of before the reading: a change written while it goes on belongs to the next one.
        let now = self.now();
        let read = self.read_on(from).await;
        let was_silent = self.stores().feed_is_silent.swap(read.is_err(), Ordering::Relaxed);
        match (&read, was_silent) {
            (Err(error), false) => {
                let source = std::error::Error::source(error);
                tracing::error!(target: "hallpass", %error, source, "the revocation feed does not answer");
                self.events().happened(Event::FeedSilent);
            }
            (Ok(_), true) => {
                let staleness = self.view().staleness(now).unwrap_or_default();
                self.events().happened(Event::FeedAnswers { staleness });
            }
            _ => {}
        }
        #[cfg(feature = "metrics")]
        crate::event::metric::view_entries(self.view().len());
        let cursor = read?;
        self.view().synced(now);
        #[cfg(feature = "metrics")]
        crate::event::metric::view_synced(now);
        Ok(cursor)
    }

    async fn read_on(&self, from: Cursor) -> Result<Cursor, StoreFault> {
        let mut cursor = from;
        let Some(feed) = &self.stores().feed else {
            return Ok(cursor);
        };
        loop {
            let read = self.stores().within_bound(feed.since(cursor)).await?;
            for change in &read.changes {
                self.apply(change);
            }
            if read.cursor == cursor {
                return Ok(cursor);
            }
            cursor = read.cursor;
        }
    }

    /// Drops from feed and view what no live token can carry any more. Once a minute is often enough.
    ///
    /// # Errors
    /// The store's fault; the view has been tidied all the same.
    pub async fn forget(&self) -> Result<(), StoreFault> {
        let now = self.now();
        self.view().forget(now);
        let before = now.saturating_sub(self.issuer().access_lifetime() + CLOCKS_APART);
        for feed in self.stores().feed.iter().chain(&self.stores().pushes) {
            self.stores().within_bound(feed.forget(before)).await?;
        }
        Ok(())
    }

    /// The latest moment at which a token voided at `at` could still be alive.
    pub(crate) fn forget_after(&self, at: UnixTime) -> UnixTime {
        at.max(self.latest()).saturating_add(self.issuer().access_lifetime() + CLOCKS_APART)
    }

    fn apply(&self, change: &Revocation) {
        match change {
            Revocation::Generation { account, generation, at } => {
                self.view().raise_generation(account.as_str(), *generation, self.forget_after(*at))
            }
            Revocation::SessionEnded { session, at } => {
                self.view().end_session(&session.to_string(), self.forget_after(*at))
            }
        }
    }
}

/// One line on which news of the revocation feed arrives.
pub struct RevocationNotifier(Box<dyn ErasedNotifier>);

impl RevocationNotifier {
    /// Waits until the feed may have news: [`Notifier::news`](crate::Notifier::news).
    ///
    /// # Errors
    /// The line is down. Wait a little and call again.
    pub async fn news(&mut self) -> Result<(), StoreFault> {
        self.0.news().await
    }
}

impl std::fmt::Debug for RevocationNotifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedPush")
    }
}

impl<R: Role> Accounts<R> {
    /// The lines of this site: that of its feed, and those of each [`push_through`](crate::AccountsBuilder::push_through). Whoever
    /// hears something [catches up](Self::catch_up).
    #[must_use]
    pub fn pushes(&self) -> Vec<RevocationNotifier> {
        let stores = self.stores();
        stores.feed.iter().chain(&stores.pushes).map(|feed| RevocationNotifier(feed.push())).collect()
    }
}

impl<R: Role> Accounts<R> {
    /// Tells the feeds that live apart from the store what was revoked here, and what an earlier call could not tell.
    ///
    /// # Errors
    /// A feed's fault. What is left is told by the next call.
    pub async fn announce(&self) -> Result<(), StoreFault> {
        let stores = self.stores();
        while let Some(change) = stores.outbox.first() {
            for feed in stores.feed.iter().chain(&stores.pushes) {
                stores.within_bound(feed.announce(&change)).await?;
            }
            stores.outbox.told(&change);
        }
        Ok(())
    }

    /// Waits until something was revoked here since the last call.
    pub async fn revoked_something(&self) {
        self.stores().outbox.filled.notified().await;
    }
}

/// How far the clocks of two nodes may be apart: the node that issued a token may be ahead of the one that voids it.
const CLOCKS_APART: Duration = Duration::from_secs(60);
