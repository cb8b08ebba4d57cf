//! The revocation log, in a stream.
//!
//! The place of an entry is its id in the stream: two numbers of 64 bits, the time of the server in
//! milliseconds and a counter. A cursor of 128 bits contains both. Redis runs one command at a
//! time, so an entry never appears before one that was read already.

use std::{collections::HashMap, time::Duration};

use hallpass_accounts::{AccountId, Cursor, Notifier, Revocation, RevocationLog, RevocationPage};
use hallpass_core::UnixTime;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, aio::MultiplexedConnection};
use tokio::time::timeout;

use crate::{error::RedisStoreError, store::RedisStore};

/// An entry of a stream: its place, and its fields.
type Entry = (String, HashMap<String, String>);

impl RevocationLog for RedisStore {
    type Error = RedisStoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, RedisStoreError> {
        // The old primary of a failover still returns its entries, and no later ones. Without this
        // check a node would be ready and accept revoked tokens. Tested in
        // `a_demoted_server_is_not_the_end_of_the_log`.
        let () = self.line.ask(&check_primary(&self.log_key())).await?;
        let entries = self.entries_after(cursor).await?;
        let Some((last, _)) = entries.last() else {
            let cursor = self.end_before(cursor).await?;
            return Ok(RevocationPage {
                changes: Vec::new(),
                cursor,
                skipped: 0,
                facts: None,
                is_last: false,
            });
        };
        let cursor = read_place(last)?;
        let changes: Vec<_> = entries.iter().filter_map(|(_, fields)| read(fields).ok()).collect();
        let skipped = entries.len().saturating_sub(changes.len()) as u64;
        let is_last = entries.len() < STRETCH as usize;
        Ok(RevocationPage { changes, cursor, skipped, facts: None, is_last })
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), RedisStoreError> {
        let mut cursor = Cursor::START;
        loop {
            let entries = self.entries_after(cursor).await?;
            for (at_place, fields) in &entries {
                // The first entry to keep. The clocks of nodes differ by seconds, so an older entry
                // may follow it, which is kept a little longer.
                if read(fields).is_ok_and(|change| change.at() >= before) {
                    return self.trim(at_place).await;
                }
                cursor = read_place(at_place)?;
            }
            if entries.is_empty() {
                return self
                    .trim(&place(Cursor::from_number(cursor.number().saturating_add(1))))
                    .await;
            }
        }
    }

    async fn scope(&self, store_id: &str) -> Result<(), RedisStoreError> {
        Self::scope(self, store_id)
    }

    fn notifier(&self) -> impl Notifier {
        Follow::stream(self.clone())
    }

    async fn publish(&self, change: &Revocation) -> Result<(), RedisStoreError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.log_key()).arg("*").arg("at").arg(change.at().as_secs());
        match change {
            Revocation::RevokedBelow { account, number, disabled, .. } => {
                let kind = if *disabled { "disabled" } else { "revoked" };
                add.arg(kind).arg(account.as_str()).arg("number").arg(*number)
            }
            Revocation::StaleBelow { account, number, .. } => {
                add.arg("stale").arg(account.as_str()).arg("number").arg(*number)
            }
            Revocation::SessionEnded { session, .. } => add.arg("session").arg(session.to_string()),
            Revocation::EpochRaised { epoch, .. } => add.arg("epoch").arg(*epoch),
            _ => {
                return Err(RedisStoreError::corrupt("a revocation of an unknown kind"));
            }
        };
        let _place: String = self.line.ask(&add).await?;
        Ok(())
    }
}

impl RedisStore {
    /// Returns the first entries after the cursor, at most [`STRETCH`].
    async fn entries_after(&self, cursor: Cursor) -> Result<Vec<Entry>, RedisStoreError> {
        let mut range = redis::cmd("XRANGE");
        range
            .arg(self.log_key())
            .arg(format!("({}", place(cursor)))
            .arg("+")
            .arg("COUNT")
            .arg(STRETCH);
        self.line.ask(&range).await
    }

    /// Returns the cursor, or the start of the stream if the cursor is after the last entry. Such a
    /// cursor belongs to a stream that was lost on a server whose clock was then set back: the
    /// reader would miss the new entries.
    async fn end_before(&self, cursor: Cursor) -> Result<Cursor, RedisStoreError> {
        Ok(match self.last_place().await? {
            Some(last) if last < cursor => Cursor::START,
            _ => cursor,
        })
    }

    async fn last_place(&self) -> Result<Option<Cursor>, RedisStoreError> {
        place_of_first(&self.line.ask::<Vec<Entry>>(&last_entry(&self.log_key())).await?)
    }

    async fn trim(&self, first_kept: &str) -> Result<(), RedisStoreError> {
        self.line.ask(redis::cmd("XTRIM").arg(self.log_key()).arg("MINID").arg(first_kept)).await
    }
}

/// Returns a command that changes nothing and that a replica rejects, because it may write.
fn check_primary(log_key: &str) -> Cmd {
    let mut trim = redis::cmd("XTRIM");
    trim.arg(log_key).arg("MINID").arg("0-0");
    trim
}

fn last_entry(log_key: &str) -> Cmd {
    let mut last = redis::cmd("XREVRANGE");
    last.arg(log_key).arg("+").arg("-").arg("COUNT").arg(1);
    last
}

fn place_of_first(entries: &[Entry]) -> Result<Option<Cursor>, RedisStoreError> {
    entries.first().map(|(place, _)| read_place(place)).transpose()
}

fn place(cursor: Cursor) -> String {
    format!("{}-{}", cursor.number() >> 64, cursor.number() & u128::from(u64::MAX))
}

fn read_place(text: &str) -> Result<Cursor, RedisStoreError> {
    let (time, counter) = text
        .split_once('-')
        .ok_or_else(|| RedisStoreError::corrupt("a place is not two numbers"))?;
    let half = |text: &str| text.parse::<u64>().map(u128::from).map_err(RedisStoreError::corrupt);
    Ok(Cursor::from_number(half(time)? << 64 | half(counter)?))
}

fn read(fields: &HashMap<String, String>) -> Result<Revocation, RedisStoreError> {
    let field = |name: &'static str| fields.get(name).ok_or_else(|| RedisStoreError::corrupt(name));
    let at = UnixTime::from_secs(field("at")?.parse().map_err(RedisStoreError::corrupt)?);
    let number = || field("number")?.parse().map_err(RedisStoreError::corrupt);
    for (kind, value) in fields {
        let account = || AccountId::new(value.as_str());
        return Ok(match kind.as_str() {
            "revoked" | "disabled" => Revocation::RevokedBelow {
                account: account(),
                number: number()?,
                disabled: kind == "disabled",
                at,
            },
            "stale" => Revocation::StaleBelow { account: account(), number: number()?, at },
            "session" => {
                let session = value.parse().map_err(RedisStoreError::corrupt)?;
                Revocation::SessionEnded { session, at }
            }
            "epoch" => {
                let epoch = value.parse().map_err(RedisStoreError::corrupt)?;
                Revocation::EpochRaised { epoch, at }
            }
            _ => continue,
        });
    }
    Err(RedisStoreError::corrupt("a revocation of an unknown kind"))
}

/// Maximum number of entries per read.
const STRETCH: u32 = 1000;

/// Waits at the end of the stream, on a connection of its own, because a blocking read delays every
/// other command of its connection.
struct Follow {
    store: RedisStore,
    line: Option<(MultiplexedConnection, Cursor)>,
}

impl Follow {
    fn stream(store: RedisStore) -> Self {
        Self { store, line: None }
    }

    /// Connects to the primary, and returns the connection and the last place of the stream there.
    async fn connect(&self) -> Result<(MultiplexedConnection, Cursor), RedisStoreError> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTION_WAIT))
            .set_response_timeout(Some(BLOCK + CONNECTION_WAIT));
        let client = self.store.line.client();
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&settings)
            .await
            .map_err(RedisStoreError::from_driver)?;
        let log_key = self.store.log_key();
        let end = timeout(CONNECTION_WAIT, async {
            send::<()>(&mut connection, &check_primary(&log_key)).await?;
            // From the server that the later reads use. The shared connection may lead to another
            // one.
            place_of_first(&send::<Vec<Entry>>(&mut connection, &last_entry(&log_key)).await?)
        });
        let end = end.await.map_err(RedisStoreError::timed_out)??;
        Ok((connection, end.unwrap_or_default()))
    }
}

impl Notifier for Follow {
    type Error = RedisStoreError;

    async fn notified(&mut self) -> Result<(), RedisStoreError> {
        // The connection is put back only while it works. After a dropped future or an error the
        // next call connects again.
        let Some((mut connection, mut seen)) = self.line.take() else {
            self.line = Some(self.connect().await?);
            return Ok(());
        };
        let log_key = self.store.log_key();
        let mut wait = redis::cmd("XREAD");
        wait.arg("COUNT").arg(1000).arg("BLOCK").arg(BLOCK.as_millis().to_string());
        wait.arg("STREAMS").arg(&log_key).arg(place(seen));
        let news: Option<Vec<(String, Vec<Entry>)>> = send(&mut connection, &wait).await?;
        match news.iter().flatten().flat_map(|(_, entries)| entries).last() {
            Some((last, _)) => seen = read_place(last)?,
            // Without news, this may be the old primary of a failover, whose replication is broken.
            None => send::<()>(&mut connection, &check_primary(&log_key)).await?,
        }
        // Returns after a read without news, too. The caller then reads the log, which costs little
        // and detects a wrong cursor.
        self.line = Some((connection, seen));
        Ok(())
    }

    fn push(&self) -> Option<&'static str> {
        Some("Redis")
    }
}

async fn send<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    command: &Cmd,
) -> Result<T, RedisStoreError> {
    command.query_async(connection).await.map_err(RedisStoreError::from_driver)
}

const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// The time for which a read waits for news. If no response arrives within [`CONNECTION_WAIT`]
/// after it, the connection was cut silently.
const BLOCK: Duration = Duration::from_secs(10);
