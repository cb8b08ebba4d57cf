//! Spending a code: the authenticator's, or one of the recovery codes, which are made ten at a time and renewed with a code.

use hallpass_core::{Identity, KeyRing, Role, Totp, TotpSecret};

use crate::{
    account::{
        Account, LiveFactor,
        own_change::{OwnChange, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    password::store::ReplaceOutcome,
    random::{Random, draw},
    store::offered,
    two_factor::{encryption, recovery_code::RecoveryCode, store::ConsumeOutcome},
};

/// Proof that a code was right, and was spent by this request and no other.
#[derive(Debug)]
#[must_use]
pub(crate) struct CodeSpent(());

impl<R: Role> Accounts<R> {
    /// Checks and spends a code. The caller has counted the attempt.
    ///
    /// The outer error is a fault; the inner one says why the code does not count.
    pub(crate) async fn spend_code(
        &self,
        account: &Account,
        code: &str,
    ) -> Result<Result<CodeSpent, RejectionReason>, AccountsError> {
        let Some(factor) = account.second_factor() else {
            return Ok(Err(RejectionReason::WrongCode));
        };
        match RecoveryCode::parse(code) {
            Some(code) => self.consume_recovery_code(account, &code).await,
            None => self.consume_step(account, factor, code).await,
        }
    }

    async fn consume_step(
        &self,
        account: &Account,
        factor: &LiveFactor,
        code: &str,
    ) -> Result<Result<CodeSpent, RejectionReason>, AccountsError> {
        let ring = self.issuer().keys().current();
        let secret = self.live_secret(&ring, account, factor).await?;
        let Ok(right) = Totp::new(secret, self.totp()).check_drifting(code, self.now(), factor.drift()) else {
            return Ok(Err(RejectionReason::WrongCode));
        };
        // Accepted because the store says that nobody was first (RFC 6238, 5.2), and for no other reason: two requests
        // may both have got this far with one code.
        let store = offered(self.stores().second_factors.as_ref())?;
        let spend = store.consume_step(account.id(), account.generation(), right.step.as_u64(), right.drift);
        Ok(match self.stores().ask("spend step", spend).await? {
            ConsumeOutcome::Spent => Ok(CodeSpent(())),
            ConsumeOutcome::AlreadyConsumed => Err(RejectionReason::SpentCode),
        })
    }

    async fn consume_recovery_code(
        &self,
        account: &Account,
        code: &RecoveryCode,
    ) -> Result<Result<CodeSpent, RejectionReason>, AccountsError> {
        let hash = code.hash();
        let store = offered(self.stores().second_factors.as_ref())?;
        let spend = store.consume_recovery_code(account.id(), account.generation(), &hash);
        Ok(match self.stores().ask("spend recovery code", spend).await? {
            ConsumeOutcome::Spent => {
                let account = account.id().clone();
                self.events().happened(Event::RecoveryCodeUsed { account });
                Ok(CodeSpent(()))
            }
            ConsumeOutcome::AlreadyConsumed => Err(RejectionReason::WrongCode),
        })
    }

    /// Opens the sealed secret, and seals it anew where the ring has a newer key.
    async fn live_secret(
        &self,
        ring: &KeyRing,
        account: &Account,
        factor: &LiveFactor,
    ) -> Result<TotpSecret, AccountsError> {
        let fault = |error: encryption::EncryptionError| {
            tracing::error!(target: "hallpass", account = %account.id(), %error, "a second factor could not be opened");
            AccountsError::unavailable(error)
        };
        let opened = encryption::open(ring, account.id(), factor.encrypted_secret()).map_err(fault)?;
        if opened.is_outdated {
            let encrypted = encryption::encrypt(ring, account.id(), &opened.secret, self.random());
            let encrypted = encrypted.map_err(fault)?;
            let store = offered(self.stores().second_factors.as_ref())?;
            let reencrypt = store.reencrypt(account.id(), factor.encrypted_secret(), &encrypted);
            // The old key still opens: a store that fails now fails nobody's sign-in.
            if let Ok(ReplaceOutcome::Replaced) = self.stores().ask("reseal", reencrypt).await {
                let account = account.id().clone();
                self.events().happened(Event::SecondFactorReencrypted { account });
            }
        }
        Ok(opened.secret)
    }
}

impl<R: Role> Accounts<R> {
    /// Makes a new set of recovery codes, to be shown once; the old set is dead.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong code; [`AlreadyOff`](AccountsErrorKind::AlreadyOff).
    pub async fn replace_recovery_codes(
        &self,
        who: &Identity<R>,
        code: &str,
    ) -> Result<Vec<RecoveryCode>, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().second_factors.as_ref())?;
            let account = self.own_account(who).await?;
            if account.second_factor().is_none() {
                return Err(AccountsErrorKind::AlreadyOff.into());
            }
            let counted = self.count_own(&account, who.session()).await?;
            self.spend_own_code(who, &account, code, &counted).await?;
            let codes = ten_codes(self.random())?;
            let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
            let own = OwnChange::new(self.actor(who), self.latest());
            let replaced = store.replace_recovery_codes(&own, &hashes);
            if let OwnChangeOutcome::NotWritten = self.stores().ask("renew recovery codes", replaced).await? {
                let off_meanwhile =
                    |now: &Account| now.second_factor().is_none().then_some(AccountsErrorKind::AlreadyOff);
                return Err(self.not_written(who, off_meanwhile).await);
            }
            self.limits().succeeded(self.stores(), counted, self.now()).await;
            self.events().happened(Event::RecoveryCodesReplaced { account: account.id().clone() });
            Ok(codes)
        })
        .await
    }
}

/// Ten, because that is what people know from elsewhere and what fits on a slip of paper.
pub(crate) fn ten_codes(random: &dyn Random) -> Result<Vec<RecoveryCode>, AccountsError> {
    let code = |_| draw(random).map(RecoveryCode::from_random);
    (0..10).map(code).collect::<Result<_, _>>().map_err(AccountsError::unavailable)
}
