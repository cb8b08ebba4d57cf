//! Finding accounts: one statement, so one moment.

use hallpass_accounts::{Account, AccountId, Accounts, LiveFactor, Username};
use hallpass_core::TotpDrift;

use super::{
    Row, Store, column,
    statement::{get, sql},
    write::Write,
};
use crate::StoreError;

/// The columns that [`read`] reads. A macro, because sqlx takes literal SQL alone.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.username, a.password_hash, a.roles, a.generation, a.disabled, ",
            "f.sealed, f.last_step, f.drift ",
            "FROM hallpass_accounts a LEFT JOIN hallpass_second_factors f ON f.account_id = a.id ",
            $rest
        )
    };
}
pub(super) use select_accounts;

impl Accounts for Store {
    type Error = StoreError;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, StoreError> {
        let row = self.row(sql(select_accounts!("WHERE a.username_key = $1")).bind(name.key())).await?;
        row.as_ref().map(read).transpose()
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let row = self.row(sql(select_accounts!("WHERE a.id = $1")).bind(id.as_str())).await?;
        row.as_ref().map(read).transpose()
    }
}

/// The account as this transaction has written it. The lock on its row keeps it there.
pub(super) async fn written(write: &mut Write, id: &AccountId) -> Result<Account, StoreError> {
    find(write, id).await?.ok_or_else(|| StoreError::corrupt("an account vanished under its lock"))
}

pub(super) async fn find(write: &mut Write, id: &AccountId) -> Result<Option<Account>, StoreError> {
    let row = write.row(sql(select_accounts!("WHERE a.id = $1")).bind(id.as_str())).await?;
    row.as_ref().map(read).transpose()
}

pub(super) fn read(row: &Row) -> Result<Account, StoreError> {
    let username = Username::parse(get(row, "username")?).map_err(StoreError::corrupt)?;
    let roles: Vec<String> = serde_json::from_str(get(row, "roles")?).map_err(StoreError::corrupt)?;
    let last_step: Option<i64> = get(row, "last_step")?;
    let last_step = last_step.map(column::to_unsigned).transpose()?;
    let drift: Option<i64> = get(row, "drift")?;
    let drift = drift.map_or(TotpDrift::NONE, TotpDrift::from_steps);
    let sealed: Option<Vec<u8>> = get(row, "sealed")?;
    let id = AccountId::new(get::<String>(row, "id")?);
    Ok(Account::new(id, username, get::<String>(row, "password_hash")?)
        .with_roles(roles)
        .with_generation(column::to_unsigned(get(row, "generation")?)?)
        .with_disabled(get(row, "disabled")?)
        .with_second_factor(sealed.map(|sealed| LiveFactor::new(sealed, last_step).with_drift(drift))))
}
