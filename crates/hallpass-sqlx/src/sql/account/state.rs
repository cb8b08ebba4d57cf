//! The state of an account whose row is in the site's own users table, and the operations that read
//! it.
//!
//! The row of the site is read outside the transaction, after the numbers. If the numbers are still
//! the same under the lock of the transaction, the row is at least as new as they are: a role that
//! was removed before a number was raised is not in a token of the raised number. Otherwise the
//! operation begins again.

use hallpass_accounts::{Account, AccountId, AccountNumbers, LiveFactor, SessionId};
use hallpass_core::TotpDrift;
use sqlx::Row as _;

use super::super::{
    Row, Store, Write, column, {get, sql},
};
use crate::{
    error::StoreError,
    own_users::{AccountState, behind},
};

/// The state of an account, and the epoch of the site. An account without a row has the numbers 0
/// and is enabled.
const STATE: &str = "SELECT t.epoch, s.account_id, COALESCE(s.revoked_below, 0) AS revoked_below, \
     COALESCE(s.stale_below, 0) AS stale_below, COALESCE(s.credential, 0) AS credential, \
     COALESCE(s.disabled, FALSE) AS disabled, f.encrypted, f.last_step, f.drift \
     FROM hallpass_site t LEFT JOIN hallpass_account_state s ON s.account_id = $1 \
     LEFT JOIN hallpass_two_factor f ON f.account_id = $1";

/// Returns [`behind`] if the numbers of the account have changed since the site's row was read. Has
/// no effect on accounts of hallpass's own table. The account is locked.
pub(crate) async fn check(write: &mut Write) -> Result<(), StoreError> {
    let Some(row) = write.own_row() else { return Ok(()) };
    let (id, expected) = (row.account.id().clone(), row.account.numbers());
    let found = write.row(sql(STATE).bind(id.as_str())).await?;
    match found.as_ref().map(read).transpose()? {
        Some(state) if state.exists && state.numbers == expected => Ok(()),
        _ => Err(behind()),
    }
}

/// Returns the account: the site's row with the state as this transaction sees it.
pub(crate) async fn find(write: &mut Write, id: &AccountId) -> Result<Option<Account>, StoreError> {
    let found = write.row(sql(STATE).bind(id.as_str())).await?;
    let Some(state) = found.as_ref().map(read).transpose()? else { return Ok(None) };
    match write.own_row() {
        Some(row) if row.account.id() == id => Ok(Some(state.of(row.account.clone()))),
        _ => Err(behind()),
    }
}

impl Write {
    /// Applies a change of this transaction to the site's row.
    pub(crate) fn own_row_has(&mut self, change: impl FnOnce(Account) -> Account) {
        if let Some(row) = self.own_row_mut() {
            row.account = change(row.account.clone());
        }
    }
}

impl Store {
    pub(crate) async fn read_state(&self, id: &AccountId) -> Result<AccountState, StoreError> {
        let row = self.row(sql(STATE).bind(id.as_str())).await?;
        row.as_ref()
            .map(read)
            .transpose()?
            .ok_or_else(|| StoreError::corrupt("the table hallpass_site is empty"))
    }

    /// Creates the state of an account of the site's table. Has no effect if it exists.
    pub(crate) async fn begin_state(&self, id: &AccountId) -> Result<(), StoreError> {
        let begin = sql("INSERT INTO hallpass_account_state (account_id) VALUES ($1) \
             ON CONFLICT (account_id) DO NOTHING");
        self.change(begin.bind(id.as_str())).await.map(drop)
    }

    /// Returns the account of a session.
    pub(crate) async fn account_of(
        &self,
        session: &SessionId,
    ) -> Result<Option<AccountId>, StoreError> {
        let account = sql("SELECT account_id FROM hallpass_sessions WHERE id = $1");
        let row = self.row(account.bind(session.to_string())).await?;
        row.map(|row| get::<String>(&row, "account_id").map(AccountId::new)).transpose()
    }

    /// Returns the ids that a statement of the site lists.
    pub(crate) async fn own_ids(
        &self,
        list: &'static str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<AccountId>, StoreError> {
        let rows = self.rows(sql(list).bind(after).bind(i64::from(limit))).await?;
        let id = |row: &Row| row.try_get::<String, _>(0).map_err(StoreError::from_driver);
        rows.iter().map(|row| id(row).map(AccountId::new)).collect()
    }
}

/// Reads the state of an account from a row of any statement that has its columns.
pub(crate) fn read(row: &Row) -> Result<AccountState, StoreError> {
    let last_step: Option<i64> = get(row, "last_step")?;
    let last_step = last_step.map(column::to_unsigned).transpose()?;
    let drift: Option<i64> = get(row, "drift")?;
    let drift = drift.map_or(TotpDrift::NONE, TotpDrift::from_steps);
    let encrypted: Option<Vec<u8>> = get(row, "encrypted")?;
    Ok(AccountState {
        exists: get::<Option<&str>>(row, "account_id")?.is_some(),
        numbers: AccountNumbers {
            revoked_below: column::to_unsigned(get(row, "revoked_below")?)?,
            stale_below: column::to_unsigned(get(row, "stale_below")?)?,
            credential: column::to_unsigned(get(row, "credential")?)?,
        },
        disabled: get(row, "disabled")?,
        epoch: column::to_unsigned(get(row, "epoch")?)?,
        factor: encrypted.map(|encrypted| LiveFactor::new(encrypted, last_step).with_drift(drift)),
    })
}
