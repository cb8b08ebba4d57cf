//! The connection that all commands share. It is replaced when it is lost.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection,
};
use tokio::sync::Mutex;

use crate::error::RedisStoreError;

/// One connection for any number of concurrent commands.
pub(crate) struct Line {
    client: Client,
    live: Mutex<Option<MultiplexedConnection>>,
}

impl Line {
    pub(crate) fn to(client: Client) -> Self {
        Self { client, live: Mutex::new(None) }
    }

    /// Returns the client, for connections of their own.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends the command and returns the response.
    ///
    /// A connection that was lost while it was idle fails only now, so the command is sent once
    /// more. The command may run twice, which is harmless for every command of this crate.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisStoreError> {
        match self.send(command).await {
            Err(error) if error.is_connection_dropped() => self.send(command).await,
            answer => answer,
        }
        .map_err(RedisStoreError::from_driver)
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        // Another task may have replaced the connection already. It is then replaced again, which
        // is rare and cheap.
        if matches!(&answer, Err(error) if error.is_io_error()) {
            *self.live.lock().await = None;
        }
        answer
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut live = self.live.lock().await;
        if let Some(connection) = &*live {
            return Ok(connection.clone());
        }
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_WAIT))
            .set_response_timeout(Some(ANSWER_WAIT));
        let connection =
            self.client.get_multiplexed_async_connection_with_config(&settings).await?;
        Ok(live.insert(connection).clone())
    }
}

/// A login fails after about twice this time.
const ANSWER_WAIT: Duration = Duration::from_millis(700);
const CONNECTION_WAIT: Duration = Duration::from_millis(700);
