//! Stores second factors. Each "only once" is a condition in one statement.

use hallpass_accounts::{
    AccountId, Actor, CommandOutcome, ConsumeOutcome, Enrolment, OwnChange, OwnChangeOutcome,
    RecoveryHash, ReplaceOutcome, StoredSecret, TwoFactorStore,
};
use hallpass_core::{TotpDrift, UnixTime};

use super::{
    Store, Write,
    account::own_change,
    column, get,
    revocation::{self, Credential},
    sql,
};
use crate::error::StoreError;

impl TwoFactorStore for Store {
    async fn enable(&self, enrolment: Enrolment) -> Result<OwnChangeOutcome, StoreError> {
        let id = &enrolment.own.actor.account;
        let mut write = self.write_to(id).await?;
        if !own_change::passes(&mut write, &enrolment.own.actor).await? {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        let enable =
            sql("INSERT INTO hallpass_two_factor (account_id, encrypted, last_step, drift) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO NOTHING")
            .bind(id.as_str())
            .bind(&enrolment.encrypted)
            .bind(column::from_step(enrolment.step)?)
            .bind(enrolment.drift.steps());
        if write.change(enable).await? == 0 {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        replace_codes(&mut write, id, &enrolment.recovery_codes).await?;
        own_change::revoking(write, &enrolment.own, Credential::New).await
    }

    async fn consume_step(
        &self,
        id: &AccountId,
        generation: u32,
        step: u64,
        drift: TotpDrift,
    ) -> Result<ConsumeOutcome, StoreError> {
        let consume = sql(concat!(
            "UPDATE hallpass_two_factor SET last_step = $2, drift = $3 \
             WHERE account_id = $1 AND (last_step IS NULL OR last_step < $2) \
             AND EXISTS (SELECT 1 FROM hallpass_account_state WHERE account_id = $1 AND ",
            accepts_generation!("$4"),
            ")"
        ))
        .bind(id.as_str())
        .bind(column::from_step(step)?)
        .bind(drift.steps())
        .bind(i64::from(generation));
        Ok(consume_of(self.change(consume).await?))
    }

    async fn consume_recovery_code(
        &self,
        id: &AccountId,
        generation: u32,
        code: &RecoveryHash,
    ) -> Result<ConsumeOutcome, StoreError> {
        let consume = sql(concat!(
            "DELETE FROM hallpass_recovery_codes WHERE account_id = $1 AND code_hash = $2 \
             AND EXISTS (SELECT 1 FROM hallpass_two_factor WHERE account_id = $1) \
             AND EXISTS (SELECT 1 FROM hallpass_account_state WHERE account_id = $1 AND ",
            accepts_generation!("$3"),
            ")"
        ))
        .bind(id.as_str())
        .bind(code.as_bytes().as_slice())
        .bind(i64::from(generation));
        Ok(consume_of(self.change(consume).await?))
    }

    async fn replace_recovery_codes(
        &self,
        own: &OwnChange,
        codes: &[RecoveryHash],
    ) -> Result<OwnChangeOutcome, StoreError> {
        let id = &own.actor.account;
        let mut write = self.write_to(id).await?;
        let live = sql("SELECT 1 FROM hallpass_two_factor WHERE account_id = $1");
        let passes = own_change::passes(&mut write, &own.actor).await?;
        if !passes || write.row(live.bind(id.as_str())).await?.is_none() {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        replace_codes(&mut write, id, codes).await?;
        own_change::written(write, id, None).await
    }

    async fn disable(&self, own: &OwnChange) -> Result<OwnChangeOutcome, StoreError> {
        let id = &own.actor.account;
        let mut write = self.write_to(id).await?;
        let passes = own_change::passes(&mut write, &own.actor).await?;
        if !passes || write.change(sql(OFF).bind(id.as_str())).await? == 0 {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        replace_codes(&mut write, id, &[]).await?;
        own_change::revoking(write, own, Credential::New).await
    }

    async fn reset(
        &self,
        id: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(id, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        write.change(sql(OFF).bind(id.as_str())).await?;
        replace_codes(&mut write, id, &[]).await?;
        revocation::everything(&mut write, id, None, Credential::New, at).await?;
        own_change::commanded(write, id).await
    }

    async fn reencrypt(
        &self,
        id: &AccountId,
        old_encrypted: &[u8],
        new_encrypted: &[u8],
    ) -> Result<ReplaceOutcome, StoreError> {
        let reencrypt = sql(
            "UPDATE hallpass_two_factor SET encrypted = $3 WHERE account_id = $1 AND encrypted = $2",
        );
        let reencrypted = self
            .change(reencrypt.bind(id.as_str()).bind(old_encrypted).bind(new_encrypted))
            .await?;
        Ok(match reencrypted {
            0 => ReplaceOutcome::Changed,
            _ => ReplaceOutcome::Replaced,
        })
    }

    async fn list_secrets(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<StoredSecret>, StoreError> {
        let list = sql("SELECT account_id, encrypted FROM hallpass_two_factor \
             WHERE account_id > $1 ORDER BY account_id LIMIT $2");
        // No id is empty, so the empty string is before the first id.
        let list = list.bind(after.map_or("", AccountId::as_str)).bind(i64::from(limit));
        let rows = self.rows(list).await?;
        let secret = |row| {
            let account: String = get(row, "account_id")?;
            let account = AccountId::new(account);
            Ok(StoredSecret { account, encrypted: get(row, "encrypted")? })
        };
        rows.iter().map(secret).collect()
    }
}

const OFF: &str = "DELETE FROM hallpass_two_factor WHERE account_id = $1";

fn consume_of(rows: u64) -> ConsumeOutcome {
    match rows {
        0 => ConsumeOutcome::AlreadyConsumed,
        _ => ConsumeOutcome::Consumed,
    }
}

async fn replace_codes(
    write: &mut Write,
    id: &AccountId,
    codes: &[RecoveryHash],
) -> Result<(), StoreError> {
    let delete = sql("DELETE FROM hallpass_recovery_codes WHERE account_id = $1");
    write.change(delete.bind(id.as_str())).await?;
    for code in codes {
        let insert =
            sql("INSERT INTO hallpass_recovery_codes (account_id, code_hash) VALUES ($1, $2)");
        write.change(insert.bind(id.as_str()).bind(code.as_bytes().as_slice())).await?;
    }
    Ok(())
}
