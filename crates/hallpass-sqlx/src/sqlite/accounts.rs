//! Finding accounts: one statement, so one moment.

use hallpass_signin::{Account, AccountId, Accounts, LiveFactor, Username};
use sqlx::{Row, sqlite::SqliteRow};

use super::{SqliteStore, column};
use crate::StoreError;

impl Accounts for SqliteStore {
    type Error = StoreError;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(select_accounts!("WHERE a.username_key = ?1")).bind(name.key());
        let row = query.fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(select_accounts!("WHERE a.id = ?1")).bind(id.as_str());
        let row = query.fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }
}

/// The columns that [`read`] reads. A macro, because sqlx takes literal SQL alone.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.username, a.password_hash, a.roles, a.generation, a.disabled, f.sealed, f.last_step ",
            "FROM hallpass_accounts a LEFT JOIN hallpass_second_factors f ON f.account_id = a.id ",
            $rest
        )
    };
}
pub(super) use select_accounts;

pub(super) fn read(row: &SqliteRow) -> Result<Account, StoreError> {
    let username = Username::parse(row.try_get("username")?).map_err(StoreError::corrupt)?;
    let roles: Vec<String> = serde_json::from_str(row.try_get("roles")?).map_err(StoreError::corrupt)?;
    let last_step: Option<i64> = row.try_get("last_step")?;
    let last_step = last_step.map(column::to_unsigned).transpose()?;
    let sealed: Option<Vec<u8>> = row.try_get("sealed")?;
    let id = AccountId::new(row.try_get::<String, _>("id")?);
    Ok(Account::new(id, username, row.try_get::<String, _>("password_hash")?)
        .with_roles(roles)
        .with_generation(column::to_unsigned(row.try_get("generation")?)?)
        .with_disabled(row.try_get("disabled")?)
        .with_second_factor(sealed.map(|sealed| LiveFactor::new(sealed, last_step))))
}
