//! Stores the facts of the site. Each database has its own module to read them with the log.

use hallpass_accounts::{AccountId, Incarnation, KeyCheck, Revocation, SiteStore};
use hallpass_core::UnixTime;

use super::{
    super::DATABASE_ID,
    Store, Write, column, revocation, {get, sql},
};
use crate::error::StoreError;

impl SiteStore for Store {
    type Error = StoreError;

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        self.read_database_id().await.map(Some)
    }

    async fn raise_epoch(&self, at: UnixTime) -> Result<u64, StoreError> {
        let mut write = self.write().await?;
        let raise = sql("UPDATE hallpass_site \
             SET epoch = CASE WHEN epoch >= $1 THEN epoch + 1 ELSE $1 END RETURNING epoch");
        let row = write.row(raise.bind(column::from_time(at))).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("the table hallpass_site is empty"))?;
        let epoch = column::to_unsigned(get(&row, "epoch")?)?;
        revocation::log(&mut write, &Revocation::EpochRaised { epoch, at }).await?;
        write.commit().await?;
        Ok(epoch)
    }

    async fn record_incarnation(
        &self,
        old: Option<&Incarnation>,
        new: &Incarnation,
    ) -> Result<bool, StoreError> {
        self.before_record(new).await?;
        let record = sql("UPDATE hallpass_site SET incarnation = $1, timeline = $2 \
             WHERE incarnation IS NOT DISTINCT FROM $3 AND timeline IS NOT DISTINCT FROM $4");
        let timeline = |incarnation: &Incarnation| column::from_epoch(incarnation.timeline);
        let record = record
            .bind(&new.identity)
            .bind(timeline(new)?)
            .bind(old.map(|old| &old.identity))
            .bind(old.map(timeline).transpose()?);
        Ok(self.change(record).await? == 1)
    }

    async fn write_again(&self, lost: &[Revocation]) -> Result<Vec<AccountId>, StoreError> {
        let mut write = self.write().await?;
        let mut accounts = Vec::new();
        for change in lost {
            if again(&mut write, change).await? {
                revocation::log(&mut write, change).await?;
                if let Revocation::RevokedBelow { account, .. }
                | Revocation::StaleBelow { account, .. } = change
                {
                    accounts.push(account.clone());
                }
            }
        }
        write.commit().await?;
        Ok(accounts)
    }

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        Ok(self.row(sql("SELECT 1 FROM hallpass_account_state LIMIT 1")).await?.is_some())
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StoreError> {
        let rows = self.rows(sql("SELECT check_value, used_for FROM hallpass_key_checks")).await?;
        let check =
            |row| Ok(KeyCheck { value: get(row, "check_value")?, used_for: get(row, "used_for")? });
        rows.iter().map(check).collect()
    }

    async fn record_key_checks(&self, checks: &[KeyCheck], at: UnixTime) -> Result<(), StoreError> {
        for check in checks {
            let record =
                sql("INSERT INTO hallpass_key_checks (check_value, used_for, created_at) \
                 VALUES ($1, $2, $3) ON CONFLICT (check_value) DO NOTHING");
            let record = record.bind(&check.value).bind(&check.used_for);
            self.change(record.bind(column::from_time(at))).await?;
        }
        Ok(())
    }

    async fn forget_key_checks(&self, checks: &[KeyCheck]) -> Result<(), StoreError> {
        for check in checks {
            let forget = sql("DELETE FROM hallpass_key_checks WHERE check_value = $1");
            self.change(forget.bind(&check.value)).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Returns the id of this database: the id of the store, and the facts that a copy of the
    /// database does not share.
    pub(crate) async fn read_database_id(&self) -> Result<String, StoreError> {
        let row = self.row(sql(DATABASE_ID)).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("the table hallpass_site is empty"))?;
        get(&row, "id")
    }
}

/// Writes a revocation again. Returns whether the store had lost it.
async fn again(write: &mut Write, change: &Revocation) -> Result<bool, StoreError> {
    let changed = match change {
        Revocation::RevokedBelow { account, number, disabled, .. } => {
            let raise = sql("UPDATE hallpass_account_state \
                 SET revoked_below = CASE WHEN revoked_below > $2 THEN revoked_below ELSE $2 END, \
                 disabled = disabled OR $3 \
                 WHERE account_id = $1 AND (revoked_below < $2 OR (NOT disabled AND $3))");
            let raise = raise.bind(account.as_str()).bind(i64::from(*number)).bind(*disabled);
            let changed = write.change(raise).await?;
            if changed > 0 {
                // The lost change ended these sessions. Sessions that the owner has opened since
                // are ended too, because nothing distinguishes them.
                let end = sql("DELETE FROM hallpass_sessions WHERE account_id = $1");
                write.change(end.bind(account.as_str())).await?;
            }
            changed
        }
        Revocation::StaleBelow { account, number, .. } => {
            let raise = sql("UPDATE hallpass_account_state SET stale_below = $2 \
                 WHERE account_id = $1 AND stale_below < $2");
            write.change(raise.bind(account.as_str()).bind(i64::from(*number))).await?
        }
        Revocation::SessionEnded { session, .. } => {
            let end = sql("DELETE FROM hallpass_sessions WHERE id = $1");
            write.change(end.bind(session.to_string())).await?
        }
        Revocation::EpochRaised { epoch, .. } => {
            let raise = sql("UPDATE hallpass_site SET epoch = $1 WHERE epoch < $1");
            write.change(raise.bind(column::from_epoch(*epoch)?)).await?
        }
        _ => 0,
    };
    Ok(changed > 0)
}
