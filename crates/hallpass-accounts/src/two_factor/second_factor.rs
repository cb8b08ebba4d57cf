//! One's own second factor: set up, turned on by its first right code, turned off by password and code.

use std::fmt;

use hallpass_core::{EnrolmentToken, Identity, Methods, Role, Totp, TotpDrift, TotpSecret};

use crate::{
    account::{
        Account,
        own_change::{OwnChange, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    password::{Password, password_hasher::Checked},
    rate_limit::limits::{Counted, Whose},
    session::refresh::Tokens,
    store::offered,
    two_factor::{
        Asked, code,
        encryption::{self, EncryptionError},
        recovery_code::RecoveryCode,
        set_up_secret::set_up_secrets,
        store::Enrolment,
    },
    visitor::Visitor,
};

/// How the second factor of an account stands.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum TwoFactor {
    /// It is on.
    On,
    /// It is off; this is what to put into the authenticator. Nothing has been written.
    Off(SetUp),
}

/// What goes into an authenticator. Redacted in `Debug`.
#[non_exhaustive]
pub struct SetUp {
    /// The secret that the first code must come from.
    pub secret: TotpSecret,
    /// The same as an `otpauth://` link, for a QR code.
    pub otpauth_uri: String,
}

/// How it goes on after the second factor was turned off.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum FactorOff {
    /// The session goes on with these.
    GoesOn(Tokens),
    /// The account must have a second factor: every session is over, and this token opens the page where a new one is set up.
    EnrolmentRequired(EnrolmentToken),
}

impl<R: Role> Accounts<R> {
    /// Says how the second factor stands. Changes nothing.
    ///
    /// # Errors
    /// [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn), and the faults of a store.
    pub async fn two_factor(&self, who: &Identity<R>) -> Result<TwoFactor, AccountsError> {
        let account = self.own_account(who).await?;
        if account.second_factor().is_some() {
            return Ok(TwoFactor::On);
        }
        self.set_up_of(&account, who.session()).map(TwoFactor::Off)
    }

    /// What this session of an account is shown.
    pub(crate) fn set_up_of(&self, account: &Account, session: Option<&str>) -> Result<SetUp, AccountsError> {
        let ring = self.issuer().keys().current();
        let keys = ring.encryption_keys().map(|(_, key)| key);
        let secret = set_up_secrets(keys, account, session).next();
        let secret = secret.ok_or_else(|| AccountsError::unavailable(EncryptionError::NoKey))?;
        let otpauth_uri =
            Totp::new(secret.clone(), self.totp()).otpauth_uri(self.site_name(), account.username().as_str());
        Ok(SetUp { secret, otpauth_uri })
    }

    /// Turns the second factor on by its first right code, which is spent with it. Answers the recovery codes, to be shown
    /// once, and the tokens with which this session goes on; every other session of the account is dead.
    ///
    /// A live factor is never replaced: it must be turned off first, with password and code.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong code, with nothing changed; [`AlreadyOn`](AccountsErrorKind::AlreadyOn).
    pub async fn enable_two_factor(
        &self,
        who: &Identity<R>,
        code: &str,
    ) -> Result<(Vec<RecoveryCode>, Tokens), AccountsError> {
        self.changing(who, async {
            let account = self.own_account(who).await?;
            if account.second_factor().is_some() {
                return Err(AccountsErrorKind::AlreadyOn.into());
            }
            let counted = self.count_own(&account, who.session()).await?;
            let prepared = self.own_change(who, who.methods() | Methods::ONE_TIME_CODE)?;
            let live = self.go_live(&account, who.session(), prepared.own.clone(), code, &counted).await?;
            let Some((codes, written)) = live else {
                let live_meanwhile = |now: &Account| now.second_factor().map(|_| AccountsErrorKind::AlreadyOn);
                return Err(self.not_written(who, live_meanwhile).await);
            };
            self.limits().succeeded(self.stores(), counted, self.now()).await;
            let tokens = self.goes_on(who, prepared, &written)?;
            Ok((codes, tokens))
        })
        .await
    }

    /// Makes the key that this session was shown the live one, if the code belongs to it. Returns the recovery codes and the
    /// account as written; `None` where the store has not written, since the account or the session has changed.
    pub(crate) async fn go_live(
        &self,
        account: &Account,
        session: Option<&str>,
        own: OwnChange,
        code: &str,
        counted: &Counted,
    ) -> Result<Option<(Vec<RecoveryCode>, Account)>, AccountsError> {
        let store = offered(self.stores().second_factors.as_ref())?;
        let now = self.now();
        let ring = self.issuer().keys().current();
        let keys = ring.encryption_keys().map(|(_, key)| key);
        let right = set_up_secrets(keys, account, session).find_map(|secret| {
            let right = Totp::new(secret.clone(), self.totp()).check_drifting(code, now, TotpDrift::NONE);
            right.ok().map(|right| (secret, right))
        });
        let Some((secret, right)) = right else {
            return Err(self.refused(Some(account), RejectionReason::WrongCode, counted));
        };
        let encrypted = encryption::encrypt(&ring, account.id(), &secret, self.random());
        let encrypted = encrypted.map_err(AccountsError::unavailable)?;
        let codes = code::ten_codes(self.random())?;
        let hashes = codes.iter().map(RecoveryCode::hash).collect();
        let enrolment = Enrolment::new(own, encrypted, right.step.as_u64(), hashes).with_drift(right.drift);
        match self.stores().ask("enable second factor", store.enable(enrolment)).await? {
            OwnChangeOutcome::Written(written) => {
                self.events().happened(Event::SecondFactorEnabled { account: written.id().clone() });
                Ok(Some((codes, *written)))
            }
            OwnChangeOutcome::NotWritten => Ok(None),
        }
    }

    /// Turns the second factor off, with the password and a code (a recovery code will do). Answers the token with which this
    /// session goes on, the code no longer among its methods; every other session of the account is dead. Where the account must
    /// have a factor this session ends as well, and a new one is to be set up.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code alike; [`AlreadyOff`](AccountsErrorKind::AlreadyOff).
    pub async fn disable_two_factor(
        &self,
        who: &Identity<R>,
        password: &str,
        code: &str,
    ) -> Result<FactorOff, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().second_factors.as_ref())?;
            let account = self.own_account(who).await?;
            if account.second_factor().is_none() {
                return Err(AccountsErrorKind::AlreadyOff.into());
            }
            let counted = self.count_own(&account, who.session()).await?;
            let password = Password::typed(password);
            let hash = Some(account.password_hash());
            if let Checked::Wrong = self.check_password(&password, hash).await? {
                return Err(self.refused(Some(&account), RejectionReason::WrongPassword, &counted));
            }
            self.spend_own_code(who, &account, code, &counted).await?;
            let asked = self.factor_policy().asks(&account, Methods::PASSWORD);
            let mut prepared = self.own_change(who, Methods::PASSWORD)?;
            if asked == Asked::SecondFactor {
                prepared.own = prepared.own.ending_session();
            }
            let disabled = store.disable(&prepared.own);
            let OwnChangeOutcome::Written(written) = self.stores().ask("disable second factor", disabled).await? else {
                let off_meanwhile =
                    |now: &Account| now.second_factor().is_none().then_some(AccountsErrorKind::AlreadyOff);
                return Err(self.not_written(who, off_meanwhile).await);
            };
            self.limits().succeeded(self.stores(), counted, self.now()).await;
            self.events().happened(Event::SecondFactorDisabled { account: written.id().clone() });
            match asked {
                Asked::Nothing => self.goes_on(who, prepared, &written).map(FactorOff::GoesOn),
                Asked::SecondFactor => {
                    self.generation_raised(written.id(), written.generation());
                    self.enrolment_token(&written).map(FactorOff::EnrolmentRequired)
                }
            }
        })
        .await
    }

    /// Checks and spends a code of one's own account. Where the store did not spend it, the account may have changed: then the
    /// token is revoked, and the code was not wrong.
    pub(crate) async fn spend_own_code(
        &self,
        who: &Identity<R>,
        account: &Account,
        code: &str,
        counted: &Counted,
    ) -> Result<(), AccountsError> {
        let Err(reason) = self.spend_code(account, code).await? else { return Ok(()) };
        self.own_account(who).await?;
        Err(self.refused(Some(account), reason, counted))
    }

    /// Counts an attempt that a signed-in person makes on their own account: a stolen session must not be a place to
    /// guess the code in peace.
    pub(crate) async fn count_own(&self, account: &Account, session: Option<&str>) -> Result<Counted, AccountsError> {
        let whose = Whose::Own(account.username(), session);
        self.limits().count(self.stores(), whose, &Visitor::default(), self.now()).await
    }
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetUp(..)")
    }
}
