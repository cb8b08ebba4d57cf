//! Opens and refreshes sessions in one statement each, instead of a transaction of several.
//!
//! The statement locks the account's row, as every change of an account does, and writes only if
//! the numbers of the locked row are the numbers of the account that is returned. Every change of
//! roles, passwords, factors and disabling raises a number. So the returned account is the one that
//! the lock protects, although it was read before the lock was taken. If it is not, the operation
//! starts again. That needs another committed change of this account for each round.

use hallpass_accounts::{
    NewSession, OpenOutcome, RefreshOutcome, Rotation, RotationOutcome, SessionId,
};

use super::{
    PostgresStore,
    sql::{
        account::{self, select_accounts},
        get,
        session::refresh_token::{LOAD, lost, read_both, refreshed},
        sql,
    },
};
use crate::{column, error::StoreError};

impl PostgresStore {
    /// Opens a session. Returns `None` if the account is in the site's own users table, which the
    /// statement does not read, or if it has half of the sessions that it may have. The transaction
    /// that is then used counts the sessions under the lock; the statement counts them before it.
    pub(super) async fn open_in_one_statement(
        &self,
        session: &NewSession,
    ) -> Result<Option<OpenOutcome>, StoreError> {
        if self.own_row.is_some() {
            return Ok(None);
        }
        let refresh_chain = session.refresh_chain.as_ref();
        loop {
            let open = sql(OPEN)
                .bind(session.id.to_string())
                .bind(session.account.as_str())
                .bind(i64::from(session.generation))
                .bind(&session.device)
                .bind(column::from_time(session.at))
                .bind(column::from_time(session.expires))
                .bind(refresh_chain.map(|chain| chain.first.as_bytes().as_slice()))
                .bind(refresh_chain.map(|chain| column::from_time(chain.idle_until)))
                .bind(refresh_chain.map(|chain| column::from_methods(chain.methods)))
                .bind(i64::from(session.limit / 2))
                .bind(session.authenticated_at.map(column::from_time));
            let Some(rows) = self.rows_unless_raced(open).await? else { continue };
            let Some(row) = rows.first() else {
                return Ok(Some(OpenOutcome::AccountChanged));
            };
            if get(row, "opened")? {
                let account = Box::new(account::read(row)?);
                return Ok(Some(OpenOutcome::Opened { account, ended: Vec::new() }));
            }
            if !get::<bool>(row, "accepted")? {
                return Ok(Some(OpenOutcome::AccountChanged));
            }
            if get(row, "many")? {
                return Ok(None);
            }
        }
    }

    /// Refreshes a session. Returns `None` if the session is to be ended, or if the account is in
    /// the site's own users table.
    pub(super) async fn refresh_in_one_statement(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> Result<Option<RefreshOutcome>, StoreError> {
        if self.own_row.is_some() {
            return Ok(None);
        }
        // One connection, because each is checked before its first statement.
        let mut pooled = self.connect().await?;
        loop {
            let row = pooled.row(sql(LOAD).bind(session.to_string())).await?;
            let Some((account, kept)) = row.as_ref().map(read_both).transpose()? else {
                return Ok(Some(RefreshOutcome::Ended));
            };
            let Some(state) = &kept.state else { return Ok(Some(RefreshOutcome::Ended)) };
            let next = match rotation.present(state) {
                RotationOutcome::Consumed(next) => next,
                RotationOutcome::InGrace { consumed } => {
                    let live = state.live;
                    let session = refreshed(account, &kept, state);
                    return Ok(Some(RefreshOutcome::InGrace { live, consumed, session }));
                }
                RotationOutcome::Lost => return Ok(Some(lost(&account, state))),
                RotationOutcome::TooOften => return Ok(Some(RefreshOutcome::TooOften)),
                RotationOutcome::Reused | RotationOutcome::Over => return Ok(None),
            };
            let numbers = account.numbers();
            let consume = sql(CONSUME)
                .bind(session.to_string())
                .bind(state.live.as_bytes().as_slice())
                .bind(next.live.as_bytes().as_slice())
                .bind(next.consumed.to_bytes())
                .bind(column::from_time(next.refreshed))
                .bind(column::from_time(next.idle_until))
                .bind(column::from_time(next.expires))
                .bind(account.id().as_str())
                .bind(i64::from(numbers.revoked_below))
                .bind(i64::from(numbers.stale_below))
                .bind(i64::from(numbers.credential))
                .bind(column::from_epoch(account.epoch())?);
            if pooled.rows_unless_raced(consume).await?.is_some_and(|rows| !rows.is_empty()) {
                pooled.finish(Ok(())).await?;
                let session = refreshed(account, &kept, &next);
                return Ok(Some(RefreshOutcome::Consumed(session)));
            }
        }
    }
}

/// `accepted` is whether the locked account accepts the generation, `many` whether it has `$10`
/// sessions, and `opened` whether it has fewer and its numbers are those of the returned account
/// too. The session gets the epoch that is returned.
const OPEN: &str = concat!(
    "WITH locked AS MATERIALIZED ( \
        SELECT account_id, revoked_below, stale_below, credential FROM hallpass_account_state \
        WHERE account_id = $2 AND ",
    accepts_generation!("$3"),
    " FOR NO KEY UPDATE), \
     counted AS MATERIALIZED ( \
        SELECT count(*) >= $10 AS many FROM hallpass_sessions WHERE account_id = $2), \
     opened AS ( \
        INSERT INTO hallpass_sessions \
        (id, account_id, epoch, device, created_at, refreshed_at, expires_at, refresh_hash, idle_at, methods, \
         authenticated_at) \
        SELECT $1, account_id, (SELECT epoch FROM hallpass_site), $4, $5, $5, $6, $7, $8, $9, $11 \
        FROM locked JOIN hallpass_account_state \
        USING (account_id, revoked_below, stale_below, credential) \
        WHERE NOT disabled AND NOT (SELECT many FROM counted) RETURNING 1) ",
    select_accounts!(
        ", EXISTS (SELECT 1 FROM locked) AS accepted, EXISTS (SELECT 1 FROM opened) AS opened, \
         (SELECT many FROM counted) AS many"
        => "WHERE a.id = $2"
    ),
);

/// Replaces the live token with the next one, if it is still the live one, and if the account is as
/// it was read.
const CONSUME: &str = "WITH locked AS MATERIALIZED ( \
        SELECT account_id FROM hallpass_account_state WHERE account_id = $8 AND NOT disabled \
        AND revoked_below = $9 AND stale_below = $10 AND credential = $11 FOR NO KEY UPDATE) \
     UPDATE hallpass_sessions t \
     SET refresh_hash = $3, consumed = $4, refreshed_at = $5, idle_at = $6, expires_at = $7 \
     FROM locked WHERE t.id = $1 AND t.account_id = locked.account_id AND t.refresh_hash = $2 \
     AND t.epoch = $12 AND $12 = (SELECT epoch FROM hallpass_site) RETURNING 1";
