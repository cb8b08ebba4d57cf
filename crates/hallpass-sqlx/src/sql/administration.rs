//! What an operator does to an account.

use hallpass_core::UnixTime;
use hallpass_signin::{Account, AccountId, Administration, Username};

use super::{
    Store,
    accounts::{self, select_accounts},
    column, revoke,
    statement::sql,
};
use crate::StoreError;

impl Administration for Store {
    async fn set_roles(&self, id: &AccountId, roles: &[String], at: UnixTime) -> Result<Option<u32>, StoreError> {
        let mut write = self.write_to(id).await?;
        let update = sql("UPDATE hallpass_accounts SET roles = $2 WHERE id = $1");
        write.change(update.bind(id.as_str()).bind(column::from_roles(roles)?)).await?;
        let generation = revoke::generation(&mut write, id, at).await?;
        write.commit().await?;
        Ok(generation)
    }

    async fn set_disabled(&self, id: &AccountId, disabled: bool, at: UnixTime) -> Result<Option<u32>, StoreError> {
        let mut write = self.write_to(id).await?;
        let update = sql("UPDATE hallpass_accounts SET disabled = $2 WHERE id = $1");
        write.change(update.bind(id.as_str()).bind(disabled)).await?;
        let generation = match disabled {
            true => revoke::everything(&mut write, id, None, at).await?,
            false => revoke::generation(&mut write, id, at).await?,
        };
        write.commit().await?;
        Ok(generation)
    }

    async fn list(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let list = sql(select_accounts!("WHERE a.username_key > $1 ORDER BY a.username_key LIMIT $2"));
        // No key is empty, so the empty text is before the first one.
        let rows = self.rows(list.bind(after.map_or("", Username::key)).bind(i64::from(limit))).await?;
        rows.iter().map(accounts::read).collect()
    }
}
