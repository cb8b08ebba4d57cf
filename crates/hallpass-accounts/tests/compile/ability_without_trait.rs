use std::convert::Infallible;

use hallpass_core::{Issuer, Role};
use hallpass_accounts::{Account, AccountId, AccountStore, Accounts, Username};

struct PasswordOnly;

impl AccountStore for PasswordOnly {
    type Error = Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
        Ok(None)
    }

    async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> {
        Ok(None)
    }
}

fn site<R: Role>(issuer: Issuer) {
    let _ = Accounts::<R>::builder(PasswordOnly, issuer).registration();
}

fn main() {}
