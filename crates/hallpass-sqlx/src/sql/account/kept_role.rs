//! The roles of which at least one enabled account must remain, checked in the transaction that
//! demotes or disables an account.
//!
//! Two commands on the last two administrators lock two different rows. Each would find the other
//! account. So a command that takes such a role away first takes one lock for all of them, and
//! reads the other accounts after it. The holder of the lock waits for no row, so there are no
//! deadlocks.

use hallpass_accounts::AccountId;
use sqlx::Row as _;

use super::super::{Row, Write, sql};
use crate::error::StoreError;

/// Returns whether the account is the only enabled one with one of these roles. The account's row
/// is locked.
pub(crate) async fn is_last(
    write: &mut Write,
    id: &AccountId,
    lost: &[&String],
) -> Result<bool, StoreError> {
    if lost.is_empty() {
        return Ok(false);
    }
    let Some(account) = super::find(write, id).await? else { return Ok(false) };
    let held = |role: &&&String| account.roles().contains(role);
    let lost: Vec<_> = lost.iter().filter(held).collect();
    if account.disabled() || lost.is_empty() {
        return Ok(false);
    }
    write.lock_kept_roles().await?;
    for role in lost {
        let another = match write.own_row() {
            Some(row) => {
                let list = row.statements.role()?;
                another_in_own_table(write, list, id, role).await?
            }
            None => another(write, id, role).await?,
        };
        if !another {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds an enabled account with the role whose text is `$2`, other than `$1`. It walks through the
/// combinations of roles that occur, by the index, and not through the accounts.
///
/// `ORDER BY` makes the planner of PostgreSQL use the index also where it expects many accounts.
const ANOTHER: &str = "WITH RECURSIVE combination (roles) AS ( \
     SELECT min(roles) FROM hallpass_accounts UNION ALL \
     SELECT (SELECT min(a.roles) FROM hallpass_accounts a WHERE a.roles > c.roles) \
     FROM combination c WHERE c.roles IS NOT NULL) \
     SELECT 1 FROM combination c \
     WHERE c.roles IS NOT NULL AND replace(c.roles, $2, '') <> c.roles AND ( \
     SELECT a.roles FROM hallpass_accounts a JOIN hallpass_account_state s ON s.account_id = a.id \
     WHERE a.roles >= c.roles AND a.id <> $1 AND NOT s.disabled ORDER BY a.roles LIMIT 1) = c.roles";

async fn another(write: &mut Write, id: &AccountId, role: &str) -> Result<bool, StoreError> {
    // As it is in the JSON array, with its quotation marks.
    let role = serde_json::to_string(role).map_err(StoreError::corrupt)?;
    let row = write.row(sql(ANOTHER).bind(id.as_str()).bind(role)).await?;
    Ok(row.is_some())
}

/// The same for a site's own table. Its statement returns accounts that are enabled there.
async fn another_in_own_table(
    write: &mut Write,
    list: &'static str,
    id: &AccountId,
    role: &str,
) -> Result<bool, StoreError> {
    let mut after = String::new();
    loop {
        let rows = write.rows(sql(list).bind(role).bind(after.as_str()).bind(PAGE)).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        let next = id_in(last)?;
        for row in &rows {
            let other = id_in(row)?;
            if other == id.as_str() {
                continue;
            }
            let disabled =
                sql("SELECT 1 FROM hallpass_account_state WHERE account_id = $1 AND disabled");
            if write.row(disabled.bind(other)).await?.is_none() {
                return Ok(true);
            }
        }
        // A statement that ignores its parameters would return the same page for ever.
        if next == after {
            return Ok(false);
        }
        after = next;
    }
}

fn id_in(row: &Row) -> Result<String, StoreError> {
    row.try_get(0).map_err(StoreError::from_driver)
}

/// Accounts per page of the site's statement.
const PAGE: i64 = 100;
