//! Making accounts. The unique index on the key decides who was first.

use hallpass_accounts::{NewAccount, RegistrationOutcome, RegistrationStore};

use super::{Store, column, statement::sql};
use crate::error::StoreError;

impl RegistrationStore for Store {
    async fn create(&self, account: NewAccount) -> Result<RegistrationOutcome, StoreError> {
        let insert =
            sql("INSERT INTO hallpass_accounts (id, username, username_key, password_hash, roles, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (username_key) DO NOTHING")
            .bind(account.id.as_str())
            .bind(account.username.as_str())
            .bind(account.username.key())
            .bind(&account.password_hash)
            .bind(column::from_roles(&account.roles)?)
            .bind(column::from_time(account.at));
        if self.change(insert).await? == 0 {
            return Ok(RegistrationOutcome::NameTaken);
        }
        Ok(RegistrationOutcome::Created(account.id))
    }
}
