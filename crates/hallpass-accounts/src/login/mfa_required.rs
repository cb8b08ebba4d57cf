//! The second state: the password is right and a code is required.

use std::{fmt, net::IpAddr};

use hallpass_core::{Claims, Methods, MfaPending, Role, Token};

use crate::{
    account::Account,
    accounts::Accounts,
    browser::BrowserId,
    error::AccountsError,
    event::RejectionReason,
    login::authenticated::Authenticated,
    password::{Password, flow::upgraded},
    rate_limit::{codes::CodeFrom, counted::Counted},
    two_factor::recovery_code::RecoveryCode,
};

/// Proof that the password was right. Only a code leads to the next state.
#[must_use]
pub struct MfaRequired<R> {
    accounts: Accounts<R>,
    account: Account,
    /// The attempt with the password, if it is in this request.
    counted: Option<Counted>,
    upgrade: Option<Password>,
    from: CodeOrigin,
}

/// The client that sends the code, for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeOrigin {
    pub(crate) peer: Option<IpAddr>,
    /// The row of the account in this browser, if it was known when the password was right.
    pub(crate) row: Option<BrowserId>,
}

impl<R: Role> MfaRequired<R> {
    pub(crate) fn new(
        accounts: Accounts<R>,
        account: Account,
        counted: Option<Counted>,
        upgrade: Option<Password>,
        from: CodeOrigin,
    ) -> Self {
        Self { accounts, account, counted, upgrade, from }
    }

    /// Ends this request with a token that gives access to the code page only, for five minutes.
    ///
    /// # Errors
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable) or
    /// [`Internal`](crate::AccountsErrorKind::Internal) if the token cannot be signed.
    pub async fn wait(self) -> Result<Token<MfaPending>, AccountsError> {
        // An unfinished login counts nothing. The codes have a budget of their own.
        if let Some(counted) = &self.counted {
            counted.give_back(self.accounts.store_now()).await;
        }
        let account = upgraded(&self.accounts, self.account, self.upgrade).await;
        let now = self.accounts.now();
        let claims = Claims::<MfaPending>::new(account.id().as_str(), account.generation(), now)
            .with_epoch(account.epoch());
        // The next request need not read the browser again. The name is that of a row, and gives
        // no access.
        let row = self.from.row.map(|row| row.to_string());
        let claims = claims.with_session(row.as_deref());
        self.accounts.issuer().issue(&claims, now).map_err(|error| {
            tracing::error!(target: "hallpass", %error, "a pending token could not be signed");
            AccountsError::from(error)
        })
    }

    /// Verifies and consumes a code of the authenticator, or a recovery code.
    ///
    /// A code of the authenticator counts before it is checked. A recovery code is accepted
    /// whatever the counters of codes are.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) for a wrong code and for a consumed code;
    /// [`Internal`](crate::AccountsErrorKind::Internal) if the key ring does not have the
    /// encryption key of the second factor. A recovery code is then still accepted.
    pub async fn accept_code(self, code: &str) -> Result<Authenticated<R>, AccountsError> {
        let Self { accounts, account, counted, upgrade, from } = self;
        let origin = match from.row {
            Some(row) => CodeFrom::Known(row),
            None => CodeFrom::Unknown,
        };
        let of_code = match RecoveryCode::parse(code) {
            None => accounts.count_code(&account, origin, from.peer, counted.is_none()).await,
            Some(_) => accounts.count_recovery_code(from, counted.is_some()).await,
        };
        let of_code = match (&counted, of_code) {
            // The password was right, and counts nothing.
            (Some(counted), Err(error)) => {
                counted.give_back(accounts.store_now()).await;
                return Err(error);
            }
            (_, of_code) => of_code?,
        };
        let counted = match counted {
            Some(counted) => counted.and(of_code),
            None => of_code,
        };
        let accepted = accounts.consume_code(&account, code).await;
        if let Err(reason) = accounts.evaluated(&counted, accepted).await? {
            if reason == RejectionReason::WrongCode {
                counted.keep_code(accounts.store_now()).await;
                accounts.wrong_code(&account, from.peer).await;
            } else {
                // A right code that is sent twice is not a guess.
                counted.give_back(accounts.store_now()).await;
            }
            return Err(accounts.refused(Some(&account), reason, &counted));
        }
        let account = upgraded(&accounts, account, upgrade).await;
        let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
        let is_known = from.row.is_some();
        Ok(Authenticated::new(accounts, account, counted, methods, is_known))
    }
}

impl<R> fmt::Debug for MfaRequired<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MfaRequired").field(self.account.id()).finish()
    }
}
