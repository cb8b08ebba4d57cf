//! What an operator does to an account.

use hallpass_accounts::{Account, AccountId, Actor, Administration, CommandOutcome, Username};
use hallpass_core::UnixTime;

use super::{
    Store,
    accounts::{self, select_accounts},
    column, own_change, revoke,
    statement::sql,
};
use crate::StoreError;

impl Administration for Store {
    async fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(id, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        let update = sql("UPDATE hallpass_accounts SET roles = $2 WHERE id = $1");
        write.change(update.bind(id.as_str()).bind(column::from_roles(roles)?)).await?;
        revoke::generation(&mut write, id, at).await?;
        own_change::commanded(write, id).await
    }

    async fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(id, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        let update = sql("UPDATE hallpass_accounts SET disabled = $2 WHERE id = $1");
        write.change(update.bind(id.as_str()).bind(disabled)).await?;
        match disabled {
            true => revoke::everything(&mut write, id, None, at).await?,
            false => revoke::generation(&mut write, id, at).await?,
        }
        own_change::commanded(write, id).await
    }

    async fn list(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let list = sql(select_accounts!("WHERE a.username_key > $1 ORDER BY a.username_key LIMIT $2"));
        // No key is empty, so the empty text is before the first one.
        let rows = self.rows(list.bind(after.map_or("", Username::key)).bind(i64::from(limit))).await?;
        rows.iter().map(accounts::read).collect()
    }
}
