//! `LISTEN`: what wakes a node as soon as somebody has revoked something.

use std::{io::ErrorKind, time::Duration};

use hallpass_accounts::Push;
use sqlx::{PgPool, postgres::PgListener};
use tokio::time::{Instant, timeout_at};

use super::PostgresStore;
use crate::StoreError;

/// Listens on a connection of its own, which it takes from nobody: the pool is asked for its address only.
pub(crate) struct Listen {
    pool: PgPool,
    line: Option<Line>,
}

struct Line {
    listener: PgListener,
    /// When another connection takes its place.
    until: Instant,
}

impl PostgresStore {
    pub(crate) fn listen(&self) -> Listen {
        Listen { pool: self.pool.clone(), line: None }
    }
}

impl Listen {
    async fn connect(&self) -> Result<Line, sqlx::Error> {
        let one = sqlx::postgres::PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTION_WAIT);
        let own = one.connect_with((*self.pool.connect_options()).clone()).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        // A lost connection is an answer: what was told meanwhile went to nobody.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Line { listener, until: Instant::now() + LINE_LIFE })
    }
}

impl Push for Listen {
    type Error = StoreError;

    async fn news(&mut self) -> Result<(), StoreError> {
        // The line is put back only while it is good: a dropped future or an error leaves none, and the next call begins afresh.
        let Some(mut line) = self.line.take() else {
            self.line = Some(self.connect().await.map_err(StoreError::from_driver)?);
            return Ok(());
        };
        match timeout_at(line.until, line.listener.try_recv()).await {
            Ok(Ok(Some(_notification))) => {
                // A burst is one piece of news.
                while line.listener.next_buffered().is_some() {}
                self.line = Some(line);
                Ok(())
            }
            Ok(Ok(None)) => Err(StoreError::from_driver(sqlx::Error::Io(ErrorKind::ConnectionReset.into()))),
            Ok(Err(error)) => Err(StoreError::from_driver(error)),
            Err(_line_is_old) => Ok(()),
        }
    }
}

/// What the trigger on the feed's table notifies.
const CHANNEL: &str = "hallpass_feed";
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// A line that was cut without a word, by a firewall say, looks like one without news. So it is laid anew each minute; what that
/// misses, the poll finds within its second.
const LINE_LIFE: Duration = Duration::from_secs(60);
