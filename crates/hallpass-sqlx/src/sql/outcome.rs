//! Stores the outcomes of forms.

use hallpass_accounts::{
    AccountId, Outcome, OutcomeId, OutcomeKind, OutcomeStore, PutOutcome, SessionId,
};
use hallpass_core::UnixTime;

use super::{
    Row, Store, Write, column, {get, sql},
};
use crate::error::StoreError;

/// The columns that [`read`] reads. A macro, because sqlx accepts only literal SQL.
macro_rules! select_outcomes {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, session_id, revoked_below, kind, sealed, at, keep_until ",
            "FROM hallpass_outcomes ",
            $rest
        )
    };
}

impl OutcomeStore for Store {
    async fn find(&self, id: &OutcomeId, now: UnixTime) -> Result<Option<Outcome>, StoreError> {
        let find = sql(select_outcomes!("WHERE id = $1 AND keep_until > $2"));
        let find = find.bind(id.as_bytes().as_slice()).bind(column::from_time(now));
        self.row(find).await?.as_ref().map(read).transpose()
    }

    async fn put(&self, outcome: &Outcome) -> Result<PutOutcome, StoreError> {
        let mut write = self.write().await?;
        let put = put(&mut write, outcome).await?;
        if put == PutOutcome::Inserted {
            write.commit().await?;
        }
        Ok(put)
    }

    async fn delete(&self, seen: &Outcome) -> Result<u64, StoreError> {
        let delete = sql("DELETE FROM hallpass_outcomes WHERE id = $1 AND at = $2 \
             AND revoked_below = $3 AND session_id IS NOT DISTINCT FROM $4")
        .bind(seen.id.as_bytes().as_slice())
        .bind(column::from_time(seen.at))
        .bind(i64::from(seen.revoked_below))
        .bind(seen.session.as_ref().map(SessionId::to_string));
        self.change(delete).await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_outcomes",
    "WHERE keep_until <= ",
    unestimated!("$1"),
    " ORDER BY keep_until LIMIT $2"
);

/// Inserts an outcome inside the transaction of a change, or returns the outcome that the form has.
/// A change calls this first. If the outcome exists, the transaction must not be committed.
///
/// A concurrent change with the same id waits here until the other one ends. The conflict locks the
/// row on PostgreSQL, so the row cannot be deleted before it is read.
pub(crate) async fn put(write: &mut Write, outcome: &Outcome) -> Result<PutOutcome, StoreError> {
    let insert = sql("INSERT INTO hallpass_outcomes \
         (id, account_id, session_id, revoked_below, kind, sealed, at, keep_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id, \
         session_id = excluded.session_id, revoked_below = excluded.revoked_below, \
         kind = excluded.kind, sealed = excluded.sealed, at = excluded.at, \
         keep_until = excluded.keep_until WHERE hallpass_outcomes.keep_until <= excluded.at")
    .bind(outcome.id.as_bytes().as_slice())
    .bind(outcome.account.as_ref().map(AccountId::as_str))
    .bind(outcome.session.as_ref().map(SessionId::to_string))
    .bind(i64::from(outcome.revoked_below))
    .bind(outcome.kind.as_str())
    .bind(outcome.sealed.as_deref())
    .bind(column::from_time(outcome.at))
    .bind(column::from_time(outcome.keep_until));
    if write.change(insert).await? != 0 {
        return Ok(PutOutcome::Inserted);
    }
    let existing = sql(select_outcomes!("WHERE id = $1")).bind(outcome.id.as_bytes().as_slice());
    match write.row(existing).await? {
        Some(row) => Ok(PutOutcome::Existing(Box::new(read(&row)?))),
        None => Err(StoreError::corrupt("an outcome disappeared while its row was locked")),
    }
}

fn read(row: &Row) -> Result<Outcome, StoreError> {
    let kind: &str = get(row, "kind")?;
    let kind = OutcomeKind::from_name(kind)
        .ok_or_else(|| StoreError::corrupt(format!("the kind of an outcome is {kind:?}")))?;
    let id = OutcomeId::from_bytes(column::to_hash(get(row, "id")?)?);
    let (at, keep_until) = (get(row, "at")?, get(row, "keep_until")?);
    let session: Option<&str> = get(row, "session_id")?;
    let session = session.map(str::parse).transpose().map_err(StoreError::corrupt)?;
    let outcome = Outcome::new(id, kind, column::to_time(at)?, column::to_time(keep_until)?)
        .with_session(session)
        .with_sealed(get(row, "sealed")?);
    let account: Option<String> = get(row, "account_id")?;
    Ok(match account {
        Some(account) => {
            let revoked_below = column::to_unsigned(get(row, "revoked_below")?)?;
            outcome.with_account(AccountId::new(account), revoked_below)
        }
        None => outcome,
    })
}
