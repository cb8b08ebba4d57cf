//! The revocation feed.
//!
//! PostgreSQL gives out numbers when a transaction asks for them, not when it commits, so a row may appear behind others that were
//! read long ago. A cursor therefore stands only where nothing can appear any more: behind rows whose transaction, and every one
//! before it, has ended (`pg_snapshot_xmin`). Rows beyond that are handed over as soon as they can be seen, and again until they
//! are settled: a transaction that stays open for an hour, in whatever database of the server, delays no revocation.
//!
//! Transaction numbers are those of this server. Whoever restores a dump on another one restarts the nodes, whose cursors mean
//! nothing there; a physical replica that takes over has the same numbers.

use hallpass_accounts::{AccountId, Change, Changes, Cursor, Feed, Push, SessionId};
use hallpass_core::UnixTime;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, column,
    statement::{get, sql},
    write::Write,
};
use crate::StoreError;

impl Feed for PostgresStore {
    type Error = StoreError;

    async fn since(&self, cursor: Cursor) -> Result<Changes, StoreError> {
        let (transaction, place) = parts(cursor);
        let rows = self.rows(sql(SINCE).bind(transaction).bind(place).bind(STRETCH)).await?;
        let mut read = Changes { changes: Vec::with_capacity(rows.len()), cursor };
        for row in &rows {
            read.changes.push(change(row)?);
            if get(row, "settled")? {
                read.cursor = place_of(row)?;
            }
        }
        Ok(read)
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        self.change(sql("DELETE FROM hallpass_feed WHERE at < $1").bind(column::from_time(before))).await.map(drop)
    }

    fn push(&self) -> impl Push {
        self.listen()
    }
}

/// One statement, so that the limit of what is settled and the rows are of one snapshot.
///
/// What is settled comes in stretches, and behind the last of them, whole, what is not, since no cursor can point into it. That is
/// at most what was revoked while the oldest open transaction runs, and not yet [forgotten](Feed::forget).
const SINCE: &str = "WITH open AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS first), \
     stretch AS MATERIALIZED ( \
        SELECT *, TRUE AS settled FROM hallpass_feed \
        WHERE (transaction, place) > ($1, $2) AND transaction < (SELECT first FROM open) \
        ORDER BY transaction, place LIMIT $3) \
     SELECT transaction, place, account_id, generation, session_id, at, settled FROM ( \
        SELECT * FROM stretch \
        UNION ALL \
        SELECT *, FALSE FROM hallpass_feed \
        WHERE transaction >= (SELECT first FROM open) AND (SELECT count(*) FROM stretch) < $3 \
     ) AS news ORDER BY transaction, place";

/// The transaction in the upper half, the place in the lower. The first transaction of a server is number 3.
fn parts(cursor: Cursor) -> (i64, i64) {
    let half = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
    (half(cursor.number() >> 64), half(cursor.number() & u128::from(u64::MAX)))
}

fn place_of(row: &PgRow) -> Result<Cursor, StoreError> {
    let transaction: u64 = column::to_unsigned(get(row, "transaction")?)?;
    let place: u64 = column::to_unsigned(get(row, "place")?)?;
    Ok(Cursor::from_number(u128::from(transaction) << 64 | u128::from(place)))
}

pub(super) async fn generation_raised(
    write: &mut Write,
    account: &AccountId,
    generation: u32,
    at: UnixTime,
) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO hallpass_feed (account_id, generation, at) VALUES ($1, $2, $3)");
    let insert = insert.bind(account.as_str()).bind(i64::from(generation)).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

pub(super) async fn session_ended(write: &mut Write, session: &SessionId, at: UnixTime) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO hallpass_feed (session_id, at) VALUES ($1, $2)");
    let insert = insert.bind(session.to_string()).bind(column::from_time(at));
    write.change(insert).await.map(drop)
}

fn change(row: &PgRow) -> Result<Change, StoreError> {
    let at = column::to_time(get(row, "at")?)?;
    let session: Option<&str> = get(row, "session_id")?;
    Ok(match session {
        Some(session) => Change::SessionEnded { session: session.parse().map_err(StoreError::corrupt)?, at },
        None => Change::Generation {
            account: AccountId::new(get::<String>(row, "account_id")?),
            generation: column::to_unsigned(get(row, "generation")?)?,
            at,
        },
    })
}

/// Rows a call: some 100 KiB of memory, and a million rows in a thousand calls.
const STRETCH: i64 = 1000;
