//! Encrypts every stored secret again, after an encryption key was replaced. Afterwards no secret
//! needs the older keys.

use hallpass_core::Role;

use crate::{
    account::AccountId, accounts::Accounts, error::AccountsError, password::store::ReplaceOutcome,
    two_factor::encryption,
};

/// The result of [`Accounts::reencrypt_secrets`] for one page of accounts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Reencryption {
    /// Number of secrets that were read.
    pub read: u64,
    /// Number of secrets that are now encrypted with the key in use, and were not before.
    pub reencrypted: u64,
    /// The accounts whose secret could not be decrypted. The log has the reason of each.
    pub unreadable: Vec<AccountId>,
    /// The last account of the page, where the next page begins. `None` after the last page.
    pub last: Option<AccountId>,
}

impl<R: Role> Accounts<R> {
    /// Encrypts the secrets of second factors again that are not encrypted with the key in use, for
    /// one page of at most 500 accounts whose id is after `after`. A call may be repeated at any
    /// time, and servers may run meanwhile: each secret is replaced by a compare-and-set. Without a
    /// [`TwoFactorStore`](crate::TwoFactorStore) there is nothing to do.
    ///
    /// A secret that cannot be decrypted stays as it is, and does not stop the others.
    ///
    /// # Errors
    /// The errors of the store, and an error if the key ring has no encryption key.
    pub async fn reencrypt_secrets(
        &self,
        after: Option<&AccountId>,
    ) -> Result<Reencryption, AccountsError> {
        let stores = self.stores();
        let Some(store) = &stores.two_factor else { return Ok(Reencryption::default()) };
        let ring = self.issuer().keys().current();
        let secrets = stores.ask("list secrets", store.list_secrets(after, PAGE)).await?;
        let mut result = Reencryption::default();
        for secret in &secrets {
            result.read += 1;
            let id = &secret.account;
            let opened = match encryption::open(&ring, id, &secret.encrypted, &self.settings().totp)
            {
                Ok(opened) => opened,
                Err(error) => {
                    encryption::log_unreadable(id, &error);
                    result.unreadable.push(id.clone());
                    continue;
                }
            };
            if opened.is_outdated {
                let encrypted = encryption::encrypt(&ring, id, &opened.secret, self.random())?;
                let replace = store.reencrypt(id, &secret.encrypted, &encrypted);
                // Otherwise a login or a new enrolment has replaced it meanwhile.
                if let ReplaceOutcome::Replaced = stores.ask("reencrypt", replace).await? {
                    result.reencrypted += 1;
                }
            }
        }
        if secrets.len() >= PAGE as usize {
            result.last = secrets.into_iter().last().map(|secret| secret.account);
        }
        Ok(result)
    }
}

const PAGE: u32 = 500;
