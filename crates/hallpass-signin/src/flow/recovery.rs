//! Recovery codes: made ten at a time, renewed with a code.

use hallpass_core::{Identity, Role};

use crate::{
    account::Account,
    event::Event,
    random::{Random, draw},
    recovery_code::RecoveryCode,
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    store::{OwnChange, OwnChangeOutcome},
    stores::{UNAVAILABLE, offered},
};

impl<R: Role> SignIn<R> {
    /// Makes a new set of recovery codes, to be shown once; the old set is dead.
    ///
    /// # Errors
    /// [`Refused`](SignInErrorKind::Refused) for a wrong code; [`AlreadyOff`](SignInErrorKind::AlreadyOff).
    pub async fn renew_recovery_codes(&self, who: &Identity<R>, code: &str) -> Result<Vec<RecoveryCode>, SignInError> {
        self.changing(who, async {
            let store = offered(self.stores().second_factors.as_ref())?;
            let account = self.own_account(who).await?;
            if account.second_factor().is_none() {
                return Err(SignInErrorKind::AlreadyOff.into());
            }
            let counted = self.count_own(&account, who.session()).await?;
            self.spend_own_code(who, &account, code, &counted).await?;
            let codes = ten_codes(self.random())?;
            let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
            let own = OwnChange::new(self.actor(who), self.latest());
            let replaced = store.replace_recovery_codes(&own, &hashes);
            if let OwnChangeOutcome::NotWritten = self.stores().ask("renew recovery codes", replaced).await? {
                let off_meanwhile =
                    |now: &Account| now.second_factor().is_none().then_some(SignInErrorKind::AlreadyOff);
                return Err(self.not_written(who, off_meanwhile).await);
            }
            self.limits().succeeded(self.stores(), counted, self.now()).await;
            self.events().happened(Event::RecoveryCodesRenewed { account: account.id().clone() });
            Ok(codes)
        })
        .await
    }
}

/// Ten, because that is what people know from elsewhere and what fits on a slip of paper.
pub(super) fn ten_codes(random: &dyn Random) -> Result<Vec<RecoveryCode>, SignInError> {
    let code = |_| draw(random).map(RecoveryCode::from_random);
    (0..10).map(code).collect::<Result<_, _>>().map_err(|_| UNAVAILABLE)
}
