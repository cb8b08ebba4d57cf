//! Keeping the authenticator. Each "once" is a condition in one statement.

use hallpass_core::{TotpDrift, UnixTime};
use hallpass_signin::{AccountId, Enabled, Enrolment, RecoveryHash, Replaced, SecondFactors, SessionId, Spend};

use super::{Store, column, revoke, statement::sql, write::Write};
use crate::StoreError;

impl SecondFactors for Store {
    async fn enable(&self, enrolment: Enrolment) -> Result<Enabled, StoreError> {
        let id = &enrolment.account;
        let mut write = self.write_to(id).await?;
        let enable = sql("INSERT INTO hallpass_second_factors (account_id, sealed, last_step, drift) \
             SELECT id, $3, $4, $5 FROM hallpass_accounts WHERE id = $1 AND generation = $2 AND NOT disabled \
             ON CONFLICT (account_id) DO NOTHING")
        .bind(id.as_str())
        .bind(i64::from(enrolment.generation))
        .bind(&enrolment.sealed)
        .bind(column::from_step(enrolment.step)?)
        .bind(enrolment.drift.steps());
        if write.change(enable).await? == 0 {
            return Ok(Enabled::Changed);
        }
        replace_codes(&mut write, id, &enrolment.recovery_codes).await?;
        let raised = revoke::everything(&mut write, id, enrolment.keep.as_ref(), enrolment.at).await?;
        let Some(generation) = raised else {
            return Ok(Enabled::Changed);
        };
        write.commit().await?;
        Ok(Enabled::Live { generation })
    }

    async fn spend_step(&self, id: &AccountId, step: u64, drift: TotpDrift) -> Result<Spend, StoreError> {
        let spend = sql("UPDATE hallpass_second_factors SET last_step = $2, drift = $3 \
             WHERE account_id = $1 AND (last_step IS NULL OR last_step < $2)");
        let spent = self.change(spend.bind(id.as_str()).bind(column::from_step(step)?).bind(drift.steps())).await?;
        Ok(spend_of(spent))
    }

    async fn spend_recovery_code(&self, id: &AccountId, code: &RecoveryHash) -> Result<Spend, StoreError> {
        let spend = sql("DELETE FROM hallpass_recovery_codes WHERE account_id = $1 AND code_hash = $2 \
             AND EXISTS (SELECT 1 FROM hallpass_second_factors WHERE account_id = $1)");
        let spent = self.change(spend.bind(id.as_str()).bind(code.as_bytes().as_slice())).await?;
        Ok(spend_of(spent))
    }

    async fn replace_recovery_codes(&self, id: &AccountId, codes: &[RecoveryHash]) -> Result<Replaced, StoreError> {
        let mut write = self.write_to(id).await?;
        let live = sql("SELECT 1 FROM hallpass_second_factors WHERE account_id = $1");
        if write.row(live.bind(id.as_str())).await?.is_none() {
            return Ok(Replaced::Changed);
        }
        replace_codes(&mut write, id, codes).await?;
        write.commit().await?;
        Ok(Replaced::Replaced)
    }

    async fn disable(&self, id: &AccountId, keep: Option<&SessionId>, at: UnixTime) -> Result<Option<u32>, StoreError> {
        let mut write = self.write_to(id).await?;
        let off = sql("DELETE FROM hallpass_second_factors WHERE account_id = $1");
        if write.change(off.bind(id.as_str())).await? == 0 {
            return Ok(None);
        }
        replace_codes(&mut write, id, &[]).await?;
        let generation = revoke::everything(&mut write, id, keep, at).await?;
        write.commit().await?;
        Ok(generation)
    }

    async fn reseal(&self, id: &AccountId, old_sealed: &[u8], new_sealed: &[u8]) -> Result<Replaced, StoreError> {
        let reseal = sql("UPDATE hallpass_second_factors SET sealed = $3 WHERE account_id = $1 AND sealed = $2");
        let resealed = self.change(reseal.bind(id.as_str()).bind(old_sealed).bind(new_sealed)).await?;
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

async fn replace_codes(write: &mut Write, id: &AccountId, codes: &[RecoveryHash]) -> Result<(), StoreError> {
    let delete = sql("DELETE FROM hallpass_recovery_codes WHERE account_id = $1");
    write.change(delete.bind(id.as_str())).await?;
    for code in codes {
        let insert = sql("INSERT INTO hallpass_recovery_codes (account_id, code_hash) VALUES ($1, $2)");
        write.change(insert.bind(id.as_str()).bind(code.as_bytes().as_slice())).await?;
    }
    Ok(())
}
