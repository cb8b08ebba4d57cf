//! The connection that all commands share. It is replaced when it is lost, and when its server may
//! no longer be the primary.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection,
};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    error::RedisStoreError,
    reply::{Reaction, class_of},
};

/// One connection for any number of concurrent commands.
pub(crate) struct Line {
    client: Client,
    live: Mutex<Live>,
}

/// The connection, and the number of connections that were made so far.
#[derive(Default)]
struct Live {
    connection: Option<MultiplexedConnection>,
    number: u64,
}

impl Line {
    pub(crate) fn to(client: Client) -> Self {
        Self { client, live: Mutex::default() }
    }

    /// Returns the client, for a caller that needs a connection of its own.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Connects, if there is no connection.
    pub(crate) async fn connect(&self) -> Result<(), RedisStoreError> {
        self.connection().await.map(|_| ()).map_err(RedisStoreError::from_driver)
    }

    /// Sends the command and returns the response, within [`CALL_WAIT`].
    ///
    /// After an error that another connection can fix, the command is sent once more, so that a
    /// login immediately after a failover succeeds.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisStoreError> {
        let answer = timeout(CALL_WAIT, async {
            match self.send(command).await {
                Err((_, Reaction::Retry)) => self.send(command).await,
                answer => answer,
            }
        });
        match answer.await {
            Ok(answer) => answer.map_err(|(error, _)| RedisStoreError::from_driver(error)),
            Err(elapsed) => Err(RedisStoreError::timed_out(elapsed)),
        }
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, (RedisError, Reaction)> {
        let with_reaction = |error| {
            let (_, reaction) = class_of(&error);
            (error, reaction)
        };
        let (mut connection, number) = self.connection().await.map_err(with_reaction)?;
        let answer = command.query_async(&mut connection).await.map_err(with_reaction);
        if matches!(&answer, Err((_, reaction)) if *reaction != Reaction::Keep) {
            self.replace(number).await;
        }
        answer
    }

    /// Drops the connection with this number, unless another call has replaced it already. Without
    /// the number, each of many calls that failed together would drop the connection that the first
    /// of them has made.
    async fn replace(&self, number: u64) {
        let mut live = self.live.lock().await;
        if live.number == number {
            live.connection = None;
        }
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), RedisError> {
        let mut live = self.live.lock().await;
        if let Some(connection) = &live.connection {
            return Ok((connection.clone(), live.number));
        }
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_WAIT))
            .set_response_timeout(Some(ANSWER_WAIT));
        // The driver resolves the host for each connection.
        let connection =
            self.client.get_multiplexed_async_connection_with_config(&settings).await?;
        live.number += 1;
        Ok((live.connection.insert(connection).clone(), live.number))
    }
}

const ANSWER_WAIT: Duration = Duration::from_millis(700);
const CONNECTION_WAIT: Duration = Duration::from_millis(700);
/// Shorter than the default store timeout of the engine, 1.5 s. The error of that timeout does not
/// name the cause.
const CALL_WAIT: Duration = ANSWER_WAIT.saturating_add(CONNECTION_WAIT);
