//! The revocation feed, in a stream.
//!
//! Redis does one thing at a time, so places are given in the order in which changes appear. A place is two numbers of 64 bits, a
//! time and a counter, and just fills a cursor.

use std::collections::HashMap;

use hallpass_accounts::{AccountId, Change, Changes, Cursor, Feed, Push};
use hallpass_core::UnixTime;

use crate::{RedisStore, RedisStoreError, push::Follow};

/// An entry of a stream: its place, and its fields.
pub(crate) type Entry = (String, HashMap<String, String>);

impl Feed for RedisStore {
    type Error = RedisStoreError;

    async fn since(&self, cursor: Cursor) -> Result<Changes, RedisStoreError> {
        let mut range = redis::cmd("XRANGE");
        range.arg(self.feed_key()).arg(format!("({}", place(cursor))).arg("+").arg("COUNT").arg(STRETCH);
        let entries: Vec<Entry> = self.line.ask(&range).await?;
        let Some((last, _)) = entries.last() else {
            return Ok(Changes { changes: Vec::new(), cursor: self.end_before(cursor).await? });
        };
        let cursor = read_place(last)?;
        let changes = entries.iter().map(|(_, fields)| read(fields)).collect::<Result<_, _>>()?;
        Ok(Changes { changes, cursor })
    }

    async fn forget(&self, before: UnixTime) -> Result<(), RedisStoreError> {
        let mut cursor = Cursor::START;
        loop {
            let mut range = redis::cmd("XRANGE");
            range.arg(self.feed_key()).arg(format!("({}", place(cursor))).arg("+").arg("COUNT").arg(STRETCH);
            let entries: Vec<Entry> = self.line.ask(&range).await?;
            for (at_place, fields) in &entries {
                // The first that is to be kept. Clocks of nodes differ by seconds, and a second more is kept, not less.
                if read(fields)?.at() >= before {
                    return self.trim(at_place).await;
                }
                cursor = read_place(at_place)?;
            }
            if entries.is_empty() {
                return self.trim(&place(Cursor::from_number(cursor.number().saturating_add(1)))).await;
            }
        }
    }

    fn push(&self) -> impl Push {
        Follow::stream(self.clone())
    }

    async fn announce(&self, change: &Change) -> Result<(), RedisStoreError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.feed_key()).arg("*").arg("at").arg(change.at().as_secs());
        match change {
            Change::Generation { account, generation, .. } => {
                add.arg("account").arg(account.as_str()).arg("generation").arg(*generation)
            }
            Change::SessionEnded { session, .. } => add.arg("session").arg(session.to_string()),
            _ => return Err(RedisStoreError::corrupt("a change of a kind that this version does not know")),
        };
        let _place: String = self.line.ask(&add).await?;
        Ok(())
    }
}

impl RedisStore {
    /// A cursor beyond the stream's last entry is of a stream that was lost, on a server whose clock was set back: the reader has
    /// to begin again, or it would miss what comes.
    async fn end_before(&self, cursor: Cursor) -> Result<Cursor, RedisStoreError> {
        Ok(match self.last_place().await? {
            Some(last) if last < cursor => Cursor::START,
            _ => cursor,
        })
    }

    pub(crate) async fn last_place(&self) -> Result<Option<Cursor>, RedisStoreError> {
        let mut last = redis::cmd("XREVRANGE");
        last.arg(self.feed_key()).arg("+").arg("-").arg("COUNT").arg(1);
        let last: Vec<Entry> = self.line.ask(&last).await?;
        last.first().map(|(place, _)| read_place(place)).transpose()
    }

    async fn trim(&self, first_kept: &str) -> Result<(), RedisStoreError> {
        self.line.ask(redis::cmd("XTRIM").arg(self.feed_key()).arg("MINID").arg(first_kept)).await
    }
}

pub(crate) fn place(cursor: Cursor) -> String {
    format!("{}-{}", cursor.number() >> 64, cursor.number() & u128::from(u64::MAX))
}

pub(crate) fn read_place(text: &str) -> Result<Cursor, RedisStoreError> {
    let (time, counter) = text.split_once('-').ok_or_else(|| RedisStoreError::corrupt("a place is two numbers"))?;
    let half = |text: &str| text.parse::<u64>().map(u128::from).map_err(RedisStoreError::corrupt);
    Ok(Cursor::from_number(half(time)? << 64 | half(counter)?))
}

fn read(fields: &HashMap<String, String>) -> Result<Change, RedisStoreError> {
    let field = |name: &'static str| fields.get(name).ok_or_else(|| RedisStoreError::corrupt(name));
    let at = UnixTime::from_secs(field("at")?.parse().map_err(RedisStoreError::corrupt)?);
    Ok(match fields.get("session") {
        Some(session) => Change::SessionEnded { session: session.parse().map_err(RedisStoreError::corrupt)?, at },
        None => Change::Generation {
            account: AccountId::new(field("account")?.as_str()),
            generation: field("generation")?.parse().map_err(RedisStoreError::corrupt)?,
            at,
        },
    })
}

/// Entries a call.
const STRETCH: u32 = 1000;
