//! Keeping the authenticator. Each "once" is a condition in one `UPDATE` or `DELETE`.

use hallpass_core::UnixTime;
use hallpass_signin::{AccountId, Enabled, Enrolment, RecoveryHash, Replaced, SecondFactors, SessionId, Spend};
use sqlx::SqliteConnection;

use super::{SqliteStore, column, revoke};
use crate::StoreError;

impl SecondFactors for SqliteStore {
    async fn enable(&self, enrolment: Enrolment) -> Result<Enabled, StoreError> {
        let id = &enrolment.account;
        let mut write = self.write().await?;
        let enable = sqlx::query(
            "INSERT INTO hallpass_second_factors (account_id, sealed, last_step) \
             SELECT id, ?3, ?4 FROM hallpass_accounts WHERE id = ?1 AND generation = ?2 AND disabled = 0 \
             ON CONFLICT (account_id) DO NOTHING",
        )
        .bind(id.as_str())
        .bind(enrolment.generation)
        .bind(&enrolment.sealed)
        .bind(column::from_step(enrolment.step)?);
        if enable.execute(write.connection()).await?.rows_affected() == 0 {
            return Ok(Enabled::Changed);
        }
        replace_codes(write.connection(), id, &enrolment.recovery_codes).await?;
        let keep = enrolment.keep.as_ref();
        let raised = revoke::everything(write.connection(), id, keep, enrolment.at).await?;
        let Some(generation) = raised else {
            return Ok(Enabled::Changed);
        };
        write.commit().await?;
        Ok(Enabled::Live { generation })
    }

    async fn spend_step(&self, id: &AccountId, step: u64) -> Result<Spend, StoreError> {
        let mut write = self.write().await?;
        let spend = sqlx::query(
            "UPDATE hallpass_second_factors SET last_step = ?2 \
             WHERE account_id = ?1 AND (last_step IS NULL OR last_step < ?2)",
        )
        .bind(id.as_str())
        .bind(column::from_step(step)?);
        let spent = spend.execute(write.connection()).await?.rows_affected();
        write.commit().await?;
        Ok(spend_of(spent))
    }

    async fn spend_recovery_code(&self, id: &AccountId, code: &RecoveryHash) -> Result<Spend, StoreError> {
        let mut write = self.write().await?;
        let spend = sqlx::query(
            "DELETE FROM hallpass_recovery_codes WHERE account_id = ?1 AND code_hash = ?2 AND EXISTS \
             (SELECT 1 FROM hallpass_second_factors WHERE account_id = ?1)",
        )
        .bind(id.as_str())
        .bind(code.as_bytes().as_slice());
        let spent = spend.execute(write.connection()).await?.rows_affected();
        write.commit().await?;
        Ok(spend_of(spent))
    }

    async fn replace_recovery_codes(&self, id: &AccountId, codes: &[RecoveryHash]) -> Result<Replaced, StoreError> {
        let mut write = self.write().await?;
        let live = "SELECT 1 FROM hallpass_second_factors WHERE account_id = ?1";
        let live = sqlx::query(live).bind(id.as_str());
        if live.fetch_optional(write.connection()).await?.is_none() {
            return Ok(Replaced::Changed);
        }
        replace_codes(write.connection(), id, codes).await?;
        write.commit().await?;
        Ok(Replaced::Replaced)
    }

    async fn disable(&self, id: &AccountId, keep: Option<&SessionId>, at: UnixTime) -> Result<Option<u32>, StoreError> {
        let mut write = self.write().await?;
        let off = "DELETE FROM hallpass_second_factors WHERE account_id = ?1";
        let off = sqlx::query(off).bind(id.as_str());
        if off.execute(write.connection()).await?.rows_affected() == 0 {
            return Ok(None);
        }
        replace_codes(write.connection(), id, &[]).await?;
        let generation = revoke::everything(write.connection(), id, keep, at).await?;
        write.commit().await?;
        Ok(generation)
    }

    async fn reseal(&self, id: &AccountId, old_sealed: &[u8], new_sealed: &[u8]) -> Result<Replaced, StoreError> {
        let mut write = self.write().await?;
        let reseal =
            sqlx::query("UPDATE hallpass_second_factors SET sealed = ?3 WHERE account_id = ?1 AND sealed = ?2")
                .bind(id.as_str())
                .bind(old_sealed)
                .bind(new_sealed);
        let resealed = reseal.execute(write.connection()).await?.rows_affected();
        write.commit().await?;
        Ok(match resealed {
            0 => Replaced::Changed,
            _ => Replaced::Replaced,
        })
    }
}

fn spend_of(rows: u64) -> Spend {
    match rows {
        0 => Spend::AlreadySpent,
        _ => Spend::Spent,
    }
}

async fn replace_codes(
    connection: &mut SqliteConnection,
    id: &AccountId,
    codes: &[RecoveryHash],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM hallpass_recovery_codes WHERE account_id = ?1")
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    for code in codes {
        sqlx::query("INSERT INTO hallpass_recovery_codes (account_id, code_hash) VALUES (?1, ?2)")
            .bind(id.as_str())
            .bind(code.as_bytes().as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
