//! Writes password hashes, always on the condition that the stored hash is the expected one.

use hallpass_accounts::{
    Account, AccountId, ConsumeOutcome, ConsumedLink, OwnChangeOutcome, PasswordChange,
    PasswordStore, ReplaceOutcome,
};

use super::{Store, Write, account::own_change, consumed, revocation::Credential, sql};
use crate::error::StoreError;

impl PasswordStore for Store {
    async fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<ReplaceOutcome, StoreError> {
        let mut write = self.write_to(id).await?;
        let replaced = swap(&mut write, id, old_hash, new_hash).await?;
        write.commit().await?;
        Ok(replaced)
    }

    async fn change(&self, change: PasswordChange) -> Result<OwnChangeOutcome, StoreError> {
        let actor = &change.own.actor;
        let mut write = self.write_to(&actor.account).await?;
        if !own_change::passes(&mut write, actor).await? {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        if let Some(ConsumedLink { hash, expires, .. }) = &change.link {
            let insert = consumed::insert(ConsumedLink::PURPOSE, hash, *expires);
            let consumed = consumed::outcome(write.change(insert).await?);
            if consumed == ConsumeOutcome::AlreadyConsumed {
                return Ok(OwnChangeOutcome::NotWritten);
            }
        }
        match swap(&mut write, &actor.account, &change.old_hash, &change.new_hash).await? {
            ReplaceOutcome::Changed => Ok(OwnChangeOutcome::NotWritten),
            ReplaceOutcome::Replaced => {
                own_change::revoking(write, &change.own, Credential::New).await
            }
        }
    }
}

async fn swap(
    write: &mut Write,
    id: &AccountId,
    old_hash: &str,
    new_hash: &str,
) -> Result<ReplaceOutcome, StoreError> {
    let update = match write.own_row() {
        Some(row) => row.statements.hash()?,
        None => {
            "UPDATE hallpass_accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2"
        }
    };
    let update = sql(update).bind(id.as_str()).bind(old_hash).bind(new_hash);
    if write.change(update).await? == 0 {
        return Ok(ReplaceOutcome::Changed);
    }
    write.own_row_has(|account| with_hash(account, new_hash));
    Ok(ReplaceOutcome::Replaced)
}

/// The rest of the account is read again from the state.
fn with_hash(account: Account, hash: &str) -> Account {
    let (id, username) = (account.id().clone(), account.username().clone());
    Account::new(id, username, hash)
        .with_roles(account.roles())
        .with_numbers(account.numbers())
        .with_disabled(account.disabled())
}
