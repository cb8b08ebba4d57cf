//! The reads of an operator's commands. This module is compiled twice, as `sql/` is.
//!
//! The store traits return an error for a page that contains one row which cannot be read. An
//! operator must be able to find that row, so these methods return such rows too.

use hallpass_accounts::AccountId;

use super::{
    Row, Store,
    sql::{
        account::{read, select_accounts},
        {get, sql},
    },
};
use crate::{
    column,
    error::{StoreError, StoreErrorKind},
    stored::{RevocationLogSize, StoredAccount, StoredRoles, StoredRows},
};

impl Store {
    /// Lists up to `limit` rows of accounts after the key `after`, ordered by their keys.
    pub(crate) async fn stored_accounts(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        // The key is read from its column and not computed from the name, because the name may be
        // the value that cannot be read, and the next page begins after the key.
        let list = sql(select_accounts!(
            ", a.username_key" =>
            "WHERE a.username_key > $1 ORDER BY a.username_key LIMIT $2"
        ));
        let rows = self.rows(list.bind(after).bind(i64::from(limit))).await?;
        rows.iter().map(account).collect()
    }

    /// Returns each combination of roles with its number of accounts.
    pub(crate) async fn stored_roles(&self) -> Result<Vec<StoredRoles>, StoreError> {
        let count = "SELECT roles, count(*) AS accounts FROM hallpass_accounts GROUP BY roles";
        let rows = self.rows(sql(count)).await?;
        rows.iter().map(roles).collect()
    }

    /// Returns the size of the revocation log.
    pub(crate) async fn revocation_log_size(&self) -> Result<RevocationLogSize, StoreError> {
        let size = "SELECT count(*) AS entries, min(at) AS oldest FROM hallpass_revocations";
        let Some(row) = self.row(sql(size)).await? else {
            return Ok(RevocationLogSize { entries: 0, oldest: None });
        };
        let oldest: Option<i64> = get(&row, "oldest")?;
        Ok(RevocationLogSize {
            entries: column::to_unsigned(get(&row, "entries")?)?,
            oldest: oldest.map(column::to_time).transpose()?,
        })
    }

    /// Counts the rows of each table whose rows expire.
    pub(crate) async fn stored_rows(&self) -> Result<StoredRows, StoreError> {
        // One by one, so that the time limit of a statement applies to each table.
        let count = async |count| {
            let row = self.row(sql(count)).await?;
            row.map_or(Ok(0), |row| column::to_unsigned(get(&row, "entries")?))
        };
        Ok(StoredRows {
            revocations: count("SELECT count(*) AS entries FROM hallpass_revocations").await?,
            sessions: count("SELECT count(*) AS entries FROM hallpass_sessions").await?,
            rate_limits: count("SELECT count(*) AS entries FROM hallpass_rate_limits").await?,
            browsers: count("SELECT count(*) AS entries FROM hallpass_browsers").await?,
            outcomes: count("SELECT count(*) AS entries FROM hallpass_outcomes").await?,
            consumed: count("SELECT count(*) AS entries FROM hallpass_consumed").await?,
            activity: count("SELECT count(*) AS entries FROM hallpass_activity").await?,
        })
    }

    /// Brings the tables up to date, if this store was created to do so at the start of its site.
    /// Creates nothing if they are, so that a database user without the right to create tables can
    /// start the site after a separate `migrate`.
    pub(crate) async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        if !self.migrates {
            return Ok(());
        }
        let step = self.schema().await?;
        if step.found == step.latest {
            return Ok(());
        }
        self.migrate().await.map_err(|error| StoreError::new(StoreErrorKind::Refused, error))
    }

    /// Writes a row with the values that it has, and commits. A transaction that is rolled back
    /// would not reach the disk, and would succeed on a full disk.
    pub(crate) async fn try_write(&self) -> Result<(), StoreError> {
        let same = "UPDATE hallpass_migrations SET name = name WHERE step = 1";
        self.change(sql(same)).await.map(drop)
    }
}

fn account(row: &Row) -> Result<StoredAccount, StoreError> {
    Ok(StoredAccount {
        id: AccountId::new(get::<String>(row, "id")?),
        key: get(row, "username_key")?,
        account: read(row),
    })
}

fn roles(row: &Row) -> Result<StoredRoles, StoreError> {
    Ok(StoredRoles {
        roles: serde_json::from_str(get(row, "roles")?).map_err(StoreError::corrupt),
        accounts: column::to_unsigned(get(row, "accounts")?)?,
    })
}
