//! The second state: the password is right and a code is required.

use std::fmt;

use hallpass_core::{Claims, Methods, MfaPending, Role, Token};

use crate::{
    account::Account,
    accounts::Accounts,
    error::AccountsError,
    login::authenticated::Authenticated,
    password::{Password, flow::upgraded},
    rate_limit::limits::Counted,
};

/// Proof that the password was right. Only a code leads to the next state.
#[must_use]
pub struct MfaRequired<R> {
    accounts: Accounts<R>,
    account: Account,
    counted: Counted,
    upgrade: Option<Password>,
}

impl<R: Role> MfaRequired<R> {
    pub(crate) fn new(
        accounts: Accounts<R>,
        account: Account,
        counted: Counted,
        upgrade: Option<Password>,
    ) -> Self {
        Self { accounts, account, counted, upgrade }
    }

    /// Ends this request with a token that gives access to the code page only, for five minutes.
    ///
    /// # Errors
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable) or
    /// [`Internal`](crate::AccountsErrorKind::Internal) if the token cannot be signed.
    pub async fn wait(self) -> Result<Token<MfaPending>, AccountsError> {
        let (stores, now) = (self.accounts.stores(), self.accounts.store_now());
        self.accounts.settings().rate_limits.right_so_far(stores, &self.counted, now).await;
        let account = upgraded(&self.accounts, self.account, self.upgrade).await;
        let now = self.accounts.now();
        let claims = Claims::<MfaPending>::new(account.id().as_str(), account.generation(), now)
            .with_epoch(account.epoch());
        self.accounts.issuer().issue(&claims, now).map_err(|error| {
            tracing::error!(target: "hallpass", %error, "a pending token could not be signed");
            AccountsError::from(error)
        })
    }

    /// Verifies and consumes a code of the authenticator, or a recovery code.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) for a wrong code and for a consumed code;
    /// [`Internal`](crate::AccountsErrorKind::Internal) if the key ring does not have the
    /// encryption key of the second factor. A recovery code is then still accepted.
    pub async fn accept_code(self, code: &str) -> Result<Authenticated<R>, AccountsError> {
        let accepted = self.accounts.consume_code(&self.account, code).await;
        if let Err(reason) = self.accounts.evaluated(&self.counted, accepted).await? {
            return Err(self.accounts.refused(Some(&self.account), reason, &self.counted));
        }
        let account = upgraded(&self.accounts, self.account, self.upgrade).await;
        Ok(Authenticated::new(
            self.accounts,
            account,
            self.counted,
            Methods::PASSWORD | Methods::ONE_TIME_CODE,
        ))
    }
}

impl<R> fmt::Debug for MfaRequired<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MfaRequired").field(self.account.id()).finish()
    }
}
