//! Waiting at the end of the stream.

use std::time::Duration;

use hallpass_accounts::{Cursor, Push};
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};

use crate::{
    RedisStore, RedisStoreError,
    feed::{Entry, place, read_place},
};

/// Waits on a connection of its own: whoever waits for a stream blocks the connection for others.
pub(crate) struct Follow {
    store: RedisStore,
    line: Option<(MultiplexedConnection, Cursor)>,
}

impl Follow {
    pub(crate) fn stream(store: RedisStore) -> Self {
        Self { store, line: None }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, redis::RedisError> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_WAIT))
            .set_response_timeout(Some(BLOCK + CONNECTION_WAIT));
        self.store.line.client().get_multiplexed_async_connection_with_config(&settings).await
    }
}

impl Push for Follow {
    type Error = RedisStoreError;

    async fn news(&mut self) -> Result<(), RedisStoreError> {
        // Put back only while it is good: a dropped future or an error leaves none, and the next call begins afresh.
        let Some((mut connection, mut seen)) = self.line.take() else {
            let connection = self.connect().await.map_err(RedisStoreError::from_driver)?;
            let end = self.store.last_place().await?.unwrap_or_default();
            self.line = Some((connection, end));
            return Ok(());
        };
        let mut wait = redis::cmd("XREAD");
        wait.arg("COUNT").arg(1000).arg("BLOCK").arg(BLOCK.as_millis().to_string());
        wait.arg("STREAMS").arg(self.store.feed_key()).arg(place(seen));
        let news: Option<Vec<(String, Vec<Entry>)>> =
            wait.query_async(&mut connection).await.map_err(RedisStoreError::from_driver)?;
        if let Some((last, _)) = news.iter().flatten().flat_map(|(_, entries)| entries).last() {
            seen = read_place(last)?;
        }
        // After a silence, too, the caller may read once more: it costs little, and hides no wrong cursor.
        self.line = Some((connection, seen));
        Ok(())
    }
}

const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// How long the server may be silent. An answer that does not come in time is a connection that was cut without a word.
const BLOCK: Duration = Duration::from_secs(10);
