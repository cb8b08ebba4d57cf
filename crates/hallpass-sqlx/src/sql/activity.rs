//! Stores the recent activity of accounts.

use std::net::IpAddr;

use hallpass_accounts::{AccountId, Activity, ActivityKind, ActivityStore, BrowserName};
use hallpass_core::UnixTime;

use super::{
    Row, Store, column, {get, sql},
};
use crate::error::StoreError;

impl ActivityStore for Store {
    async fn record(&self, account: &AccountId, activity: &Activity) -> Result<(), StoreError> {
        let insert = sql("INSERT INTO hallpass_activity \
             (account_id, at, kind, address, browser, methods) \
             SELECT account_id, $2, $3, $4, $5, $6 FROM hallpass_account_state WHERE account_id = $1")
        .bind(account.as_str())
        .bind(column::from_time(activity.at))
        .bind(activity.kind.as_str())
        .bind(activity.address.map(|address| address.to_string()))
        .bind(activity.browser.as_str())
        .bind(column::from_methods(activity.methods));
        let forget = sql(SURPLUS).bind(account.as_str()).bind(i64::from(Activity::MAX_PER_ACCOUNT));
        self.change_both(insert, forget).await
    }

    async fn recent(&self, account: &AccountId, limit: u32) -> Result<Vec<Activity>, StoreError> {
        let recent = sql("SELECT at, kind, address, browser, methods FROM hallpass_activity \
             WHERE account_id = $1 ORDER BY place DESC LIMIT $2");
        let rows = self.rows(recent.bind(account.as_str()).bind(i64::from(limit))).await?;
        rows.iter().filter_map(|row| read(row).transpose()).collect()
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, before, limit).await
    }
}

/// Deletes up to `$2` rows.
const PRUNE: &str =
    delete_some!("hallpass_activity", "WHERE at < ", unestimated!("$1"), " ORDER BY at LIMIT $2");

/// Deletes the rows of the account beyond the last `$2`. Each call adds one row, so usually one row
/// is deleted. 100 is the maximum per call.
const SURPLUS: &str = concat!(
    "DELETE FROM hallpass_activity WHERE ",
    selected_rows!(
        "hallpass_activity",
        "WHERE account_id = $1 ORDER BY place DESC LIMIT 100 OFFSET $2"
    )
);

/// Returns `None` for a kind that this version does not support.
fn read(row: &Row) -> Result<Option<Activity>, StoreError> {
    let Some(kind) = ActivityKind::from_name(get(row, "kind")?) else { return Ok(None) };
    let address: Option<&str> = get(row, "address")?;
    let address: Option<IpAddr> =
        address.map(str::parse).transpose().map_err(StoreError::corrupt)?;
    let activity = Activity::new(kind, column::to_time(get(row, "at")?)?)
        .with_client(address, BrowserName::from_user_agent(get(row, "browser")?))
        .with_methods(column::to_methods(get(row, "methods")?));
    Ok(Some(activity))
}
