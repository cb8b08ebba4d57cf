//! Stores known browsers.
//!
//! A login locks the row of its account, and then the browser. So one login at a time counts the
//! rows of an account, and those of a browser. The rows beyond a maximum are deleted last, without
//! waiting for a lock. Two logins therefore cannot wait for each other, even if each of them
//! deletes a row of the other's account.

use hallpass_accounts::{
    AccountId, BrowserHash, BrowserId, BrowserLogin, BrowserName, BrowserStore, KnownBrowser,
    WhichBrowsers,
};
use hallpass_core::UnixTime;

use super::{
    Row, Statement, Store, Write, column, {get, sql},
};
use crate::error::StoreError;

/// The columns that [`read`] reads. A macro, because sqlx accepts only literal SQL.
macro_rules! select_browsers {
    ($rest:literal) => {
        concat!(
            "SELECT browser_hash, id, credential, created_at, used_at, trusted_until, name ",
            "FROM hallpass_browsers ",
            $rest
        )
    };
}

/// Deletes the rows beyond the `$3` last used ones. Only the deleted rows are locked. A login adds
/// one row, so there are never 100 rows to delete.
macro_rules! surplus {
    ($rows:literal) => {
        delete_some!(
            "hallpass_browsers",
            "WHERE ",
            selected_rows!(
                "hallpass_browsers",
                "WHERE ",
                $rows,
                " ORDER BY used_at DESC, id LIMIT 100 OFFSET $3"
            )
        )
    };
}

impl BrowserStore for Store {
    async fn remember(&self, login: &BrowserLogin) -> Result<(), StoreError> {
        // Most logins are in a known browser: one statement, because no row is added.
        if login.is_known && login.replaces.is_none() && self.change(touch(login)).await? != 0 {
            return Ok(());
        }
        let replaced = login.replaces.as_ref().filter(|old| **old != login.browser);
        let browsers: Vec<_> = replaced.into_iter().chain([&login.browser]).collect();
        let mut write = self.write_to_browsers(&login.account, &browsers).await?;
        if let Some(old) = replaced {
            move_rows(&mut write, old, &login.browser).await?;
        }
        match remember(&mut write, login).await? {
            0 => Ok(()),
            _ => write.commit().await,
        }
    }

    async fn find(
        &self,
        account: &AccountId,
        browser: &BrowserHash,
        credential: u32,
    ) -> Result<Option<KnownBrowser>, StoreError> {
        let find = sql(select_browsers!(
            "WHERE account_id = $1 AND browser_hash = $2 AND credential = $3"
        ));
        let find = find.bind(account.as_str()).bind(browser.as_bytes().as_slice());
        let row = self.row(find.bind(i64::from(credential))).await?;
        row.as_ref().map(read).transpose()
    }

    async fn list(&self, account: &AccountId) -> Result<Vec<KnownBrowser>, StoreError> {
        let list = sql(select_browsers!("WHERE account_id = $1 ORDER BY used_at DESC, id"));
        let rows = self.rows(list.bind(account.as_str())).await?;
        rows.iter().map(read).collect()
    }

    async fn untrust(&self, account: &AccountId, browser: &BrowserHash) -> Result<(), StoreError> {
        let untrust = sql("UPDATE hallpass_browsers SET trusted_until = NULL \
             WHERE account_id = $1 AND browser_hash = $2 AND trusted_until IS NOT NULL");
        let untrust = untrust.bind(account.as_str()).bind(browser.as_bytes().as_slice());
        self.change(untrust).await.map(drop)
    }

    async fn forget(&self, account: &AccountId, which: WhichBrowsers) -> Result<u64, StoreError> {
        let one = "DELETE FROM hallpass_browsers WHERE account_id = $1 AND id = $2";
        let all = "DELETE FROM hallpass_browsers WHERE account_id = $1";
        let forget = match which {
            WhichBrowsers::One(id) => sql(one).bind(account.as_str()).bind(id.to_string()),
            WhichBrowsers::All => sql(all).bind(account.as_str()),
        };
        self.change(forget).await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }
}

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_browsers",
    "WHERE keep_until <= ",
    unestimated!("$1"),
    " ORDER BY keep_until LIMIT $2"
);

/// Returns the end of the row. It is rounded up, so that the indexed column changes once in 30 days
/// and not with each login.
fn keep_until(login: &BrowserLogin) -> UnixTime {
    const PERIOD: u64 = 30 * 24 * 3600;
    let end = login.at.saturating_add(KnownBrowser::KEPT);
    let end = login.trusted_until.map_or(end, |trusted_until| end.max(trusted_until)).as_secs();
    UnixTime::from_secs(end.checked_next_multiple_of(PERIOD).unwrap_or(end))
}

/// Keeps the browser known after a change that has raised the credential number, if it was known
/// before. The trust ends. The account's row is locked.
pub(crate) async fn keep_known(
    write: &mut Write,
    account: &AccountId,
    browser: &BrowserHash,
) -> Result<(), StoreError> {
    let keep =
        sql("UPDATE hallpass_browsers SET credential = credential + 1, trusted_until = NULL \
         WHERE account_id = $1 AND browser_hash = $2 AND credential = \
         (SELECT credential - 1 FROM hallpass_account_state WHERE account_id = $1)");
    let keep = keep.bind(account.as_str()).bind(browser.as_bytes().as_slice());
    write.change(keep).await.map(drop)
}

/// Writes the row of a login, inside a transaction that has locked the account's row and the
/// browser. Returns 0 if the account does not exist. The transaction must then not be committed.
///
/// Nothing that waits for a lock may follow in the transaction (see the module).
pub(crate) async fn remember(write: &mut Write, login: &BrowserLogin) -> Result<u64, StoreError> {
    let browser = &login.browser;
    let upsert = sql("INSERT INTO hallpass_browsers \
         (account_id, browser_hash, id, credential, created_at, used_at, trusted_until, name, keep_until) \
         SELECT account_id, $2, $3, $4, $5, $5, $6, $7, $8 FROM hallpass_account_state WHERE account_id = $1 \
         ON CONFLICT (account_id, browser_hash) DO UPDATE SET credential = excluded.credential, \
         used_at = excluded.used_at, name = excluded.name, \
         keep_until = CASE WHEN hallpass_browsers.keep_until > excluded.keep_until \
         THEN hallpass_browsers.keep_until ELSE excluded.keep_until END, \
         trusted_until = COALESCE(excluded.trusted_until, \
         CASE WHEN hallpass_browsers.credential = excluded.credential \
         THEN hallpass_browsers.trusted_until END) \
         RETURNING (SELECT count(*) FROM hallpass_browsers WHERE account_id = $1) AS of_account, \
         (SELECT count(*) FROM hallpass_browsers WHERE browser_hash = $2) AS of_browser")
    .bind(login.account.as_str())
    .bind(browser.as_bytes().as_slice())
    .bind(login.id.to_string())
    .bind(i64::from(login.credential))
    .bind(column::from_time(login.at))
    .bind(login.trusted_until.map(column::from_time))
    .bind(login.name.as_str())
    .bind(column::from_time(keep_until(login)));
    let Some(row) = write.row(upsert).await? else { return Ok(0) };
    // PostgreSQL does not count the new row, and SQLite may or may not.
    let (of_account, of_browser): (i64, i64) = (get(&row, "of_account")?, get(&row, "of_browser")?);
    if of_account >= i64::from(KnownBrowser::MAX_PER_ACCOUNT)
        || of_browser >= i64::from(KnownBrowser::MAX_ACCOUNTS)
    {
        forget_surplus(write, &login.account, browser).await?;
    }
    Ok(1)
}

/// Updates the row of a login that grants no trust, if it exists and has the credential number of
/// the login.
fn touch(login: &BrowserLogin) -> Statement<'_> {
    sql("UPDATE hallpass_browsers SET used_at = $4, name = $5, \
         keep_until = CASE WHEN keep_until > $6 THEN keep_until ELSE $6 END, \
         trusted_until = COALESCE($7, trusted_until) \
         WHERE account_id = $1 AND browser_hash = $2 AND credential = $3")
    .bind(login.account.as_str())
    .bind(login.browser.as_bytes().as_slice())
    .bind(i64::from(login.credential))
    .bind(column::from_time(login.at))
    .bind(login.name.as_str())
    .bind(column::from_time(keep_until(login)))
    .bind(login.trusted_until.map(column::from_time))
}

/// Moves the rows of all accounts to the new cookie value. The browsers are locked.
async fn move_rows(
    write: &mut Write,
    old: &BrowserHash,
    new: &BrowserHash,
) -> Result<(), StoreError> {
    let (old, new) = (old.as_bytes().as_slice(), new.as_bytes().as_slice());
    let replace = sql("DELETE FROM hallpass_browsers WHERE browser_hash = $2 AND account_id IN \
         (SELECT account_id FROM hallpass_browsers WHERE browser_hash = $1)");
    write.change(replace.bind(old).bind(new)).await?;
    let update = sql("UPDATE hallpass_browsers SET browser_hash = $2 WHERE browser_hash = $1");
    write.change(update.bind(old).bind(new)).await.map(drop)
}

/// Deletes the rows beyond the maximum of the account, and then those beyond the maximum of the
/// browser. The row of this login stays, even if its time is the earliest.
async fn forget_surplus(
    write: &mut Write,
    account: &AccountId,
    browser: &BrowserHash,
) -> Result<(), StoreError> {
    for (statement, limit) in [
        (surplus!("account_id = $1 AND browser_hash <> $2"), KnownBrowser::MAX_PER_ACCOUNT),
        (surplus!("account_id <> $1 AND browser_hash = $2"), KnownBrowser::MAX_ACCOUNTS),
    ] {
        let forget = sql(statement)
            .bind(account.as_str())
            .bind(browser.as_bytes().as_slice())
            .bind(i64::from(limit) - 1);
        write.change(forget).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<KnownBrowser, StoreError> {
    let id = BrowserId::parse(get(row, "id")?)
        .ok_or_else(|| StoreError::corrupt("the id of a browser has 32 hexadecimal digits"))?;
    let trusted_until: Option<i64> = get(row, "trusted_until")?;
    Ok(KnownBrowser::new(
        id,
        BrowserHash::from_bytes(column::to_hash(get(row, "browser_hash")?)?),
        column::to_unsigned(get(row, "credential")?)?,
        BrowserName::from_user_agent(get(row, "name")?),
        column::to_time(get(row, "created_at")?)?,
        column::to_time(get(row, "used_at")?)?,
    )
    .with_trusted_until(trusted_until.map(column::to_time).transpose()?))
}
