//! Finds and creates accounts, and runs the commands of an operator.

use hallpass_accounts::{
    Account, AccountId, AccountStore, Actor, AdministrationStore, CommandOutcome, NewAccount,
    RegistrationOutcome, RegistrationStore, Username,
};
use hallpass_core::UnixTime;

use super::{
    Row, Store, Write, column,
    revocation::{self, Credential},
    {get, sql},
};
use crate::error::StoreError;

mod kept_role;
pub(crate) mod own_change;
pub(crate) mod state;

/// The columns that [`read`] reads, and further columns. A macro, because sqlx accepts only literal
/// SQL.
macro_rules! select_accounts {
    ($rest:literal) => {
        select_accounts!("" => $rest)
    };
    ($columns:literal => $rest:literal) => {
        concat!(
            "SELECT a.id, a.username, a.password_hash, a.roles, ",
            "s.account_id, s.revoked_below, s.stale_below, s.credential, ",
            "s.disabled, (SELECT epoch FROM hallpass_site) AS epoch, ",
            "f.encrypted, f.last_step, f.drift",
            $columns,
            " FROM hallpass_accounts a JOIN hallpass_account_state s ON s.account_id = a.id ",
            "LEFT JOIN hallpass_two_factor f ON f.account_id = a.id ",
            $rest
        )
    };
}
pub(crate) use select_accounts;

impl AccountStore for Store {
    type Error = StoreError;

    async fn prepare(&self) -> Result<(), StoreError> {
        self.bring_up_to_date().await
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        self.read_database_id().await.map(Some)
    }

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, StoreError> {
        let row =
            self.row(sql(select_accounts!("WHERE a.username_key = $1")).bind(name.key())).await?;
        row.as_ref().map(read).transpose()
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let row = self.row(sql(select_accounts!("WHERE a.id = $1")).bind(id.as_str())).await?;
        row.as_ref().map(read).transpose()
    }
}

/// The unique index on the key decides which of two calls creates the account.
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

/// Returns the account as this transaction has written it. Its row is locked, so it exists.
pub(crate) async fn written(write: &mut Write, id: &AccountId) -> Result<Account, StoreError> {
    find(write, id)
        .await?
        .ok_or_else(|| StoreError::corrupt("an account disappeared while its row was locked"))
}

/// Returns the account, as this transaction sees it. The row of the site's own table, if it has
/// one, was read before.
pub(crate) async fn find(write: &mut Write, id: &AccountId) -> Result<Option<Account>, StoreError> {
    if write.own_row().is_some() {
        return state::find(write, id).await;
    }
    let row = write.row(sql(select_accounts!("WHERE a.id = $1")).bind(id.as_str())).await?;
    row.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &Row) -> Result<Account, StoreError> {
    let username = Username::parse(get(row, "username")?).map_err(StoreError::corrupt)?;
    let roles: Vec<String> =
        serde_json::from_str(get(row, "roles")?).map_err(StoreError::corrupt)?;
    let id = AccountId::new(get::<String>(row, "id")?);
    let account = Account::new(id, username, get::<String>(row, "password_hash")?);
    Ok(state::read(row)?.of(account.with_roles(roles)))
}

impl AdministrationStore for Store {
    async fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(id, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        let lost: Vec<_> = keep.iter().filter(|role| !roles.contains(role)).collect();
        if kept_role::is_last(&mut write, id, &lost).await? {
            return Ok(CommandOutcome::LastOfRole);
        }
        let update = match write.own_row() {
            Some(row) => sql(row.statements.roles()?),
            None => sql("UPDATE hallpass_accounts SET roles = $2 WHERE id = $1"),
        };
        let update = update.bind(id.as_str()).bind(column::from_roles(roles)?);
        if write.change(update).await? == 0 {
            return Ok(CommandOutcome::NotFound);
        }
        write.own_row_has(|account| account.with_roles(roles));
        revocation::stale(&mut write, id, at).await?;
        own_change::commanded(write, id).await
    }

    async fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(id, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        let lost: Vec<_> = keep.iter().filter(|_| disabled).collect();
        if kept_role::is_last(&mut write, id, &lost).await? {
            return Ok(CommandOutcome::LastOfRole);
        }
        let update = sql("UPDATE hallpass_account_state SET disabled = $2 WHERE account_id = $1");
        write.change(update.bind(id.as_str()).bind(disabled)).await?;
        match disabled {
            true => revocation::everything(&mut write, id, None, Credential::Same, at).await?,
            false => revocation::account(&mut write, id, Credential::Same, at).await?,
        }
        own_change::commanded(write, id).await
    }

    async fn list(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let list =
            sql(select_accounts!("WHERE a.username_key > $1 ORDER BY a.username_key LIMIT $2"));
        // No key is empty, so the empty string is before the first key.
        let rows =
            self.rows(list.bind(after.map_or("", Username::key)).bind(i64::from(limit))).await?;
        rows.iter().map(read).collect()
    }
}
