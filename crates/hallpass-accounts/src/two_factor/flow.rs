//! Setting up a second factor, turning it on and off, verifying its codes, and replacing the
//! recovery codes.

use hallpass_core::{
    Claims, EnrolmentPending, Identity, KeyRing, Methods, Role, Token, Totp, TotpDrift, TotpSecret,
};
use zeroize::Zeroizing;

use crate::{
    account::{
        Account, AccountId, LiveFactor,
        own_change::{KeptSession, OwnChange, OwnChangeOutcome},
        step_up::Proof,
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RejectionReason},
    password::store::ReplaceOutcome,
    random::{Random, draw},
    rate_limit::{codes::CodeFrom, counted::Counted, limits::Whose},
    session::Tokens,
    store::offered,
    two_factor::{
        Asked, FactorOff, SetUp, TwoFactor, encryption,
        enrolment::{Enrolling, fresh_name},
        recovery_code::RecoveryCode,
        set_up_secret::set_up_secrets,
        store::{ConsumeOutcome, Enrolment},
    },
    visitor::Visitor,
};

/// Proof that a code was right, and was consumed by this request and no other.
#[derive(Debug)]
#[must_use]
pub(crate) struct CodeConsumed(());

impl<R: Role> Accounts<R> {
    /// Returns the state of the second factor. Changes nothing.
    ///
    /// # Errors
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn two_factor(&self, who: &Identity<R>) -> Result<TwoFactor, AccountsError> {
        let account = self.own_account(who).await?;
        if account.second_factor().is_some() {
            return Ok(TwoFactor::On);
        }
        self.set_up_of(&account, who.session()).map(TwoFactor::Off)
    }

    /// Returns the set-up data that this session of an account is shown.
    pub(crate) fn set_up_of(
        &self,
        account: &Account,
        session: Option<&str>,
    ) -> Result<SetUp, AccountsError> {
        let ring = self.issuer().keys().current();
        let keys = ring.encryption_keys().map(|(_, key)| key);
        let secret = set_up_secrets(keys, account, session).next();
        let secret = secret.ok_or_else(encryption::no_key)?;
        let otpauth_uri = Totp::new(secret.clone(), self.settings().totp)
            .otpauth_uri(&self.settings().shown_name(), account.username().as_str())
            // A user name and the name of the site contain no colon.
            .map_err(|error| AccountsError::caused_by(AccountsErrorKind::Internal, error))?;
        Ok(SetUp { secret, otpauth_uri: Zeroizing::new(otpauth_uri) })
    }

    /// Turns the second factor on with its first right code, which is consumed. Returns the ten
    /// recovery codes, which are shown once, and the tokens with which this session continues.
    /// Every other session of the account ends.
    ///
    /// A factor that is on is never replaced. It must be turned off first, with password and code.
    /// The proof contains the password, or the refresh token of a session that was confirmed
    /// recently. The session counts as logged in with the factor immediately, because the password
    /// was shown at most ten minutes ago.
    ///
    /// # Errors
    /// [`NotRecent`](AccountsErrorKind::NotRecent) if the proof is not sufficient;
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code, with nothing changed;
    /// [`AlreadyOn`](AccountsErrorKind::AlreadyOn); [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a store of second factors; [`Revoked`](AccountsErrorKind::Revoked),
    /// [`Limited`](AccountsErrorKind::Limited), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn enable_two_factor(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
        code: &str,
    ) -> Result<(Vec<RecoveryCode>, Tokens), AccountsError> {
        self.changing(who, async {
            let account = self.own_account(who).await?;
            if account.second_factor().is_some() {
                return Err(AccountsErrorKind::AlreadyOn.into());
            }
            let step_up = self.prove(who, &account, proof).await?;
            let counted = self.count_own(&account, who.session()).await?;
            let methods = step_up.methods(who) | Methods::ONE_TIME_CODE;
            let prepared = self.own_change(who, &step_up, methods)?;
            let live =
                self.go_live(&account, who.session(), prepared.own.clone(), code, &counted).await?;
            let Some((codes, written, kept)) = live else {
                let live_meanwhile =
                    |now: &Account| now.second_factor().map(|_| AccountsErrorKind::AlreadyOn);
                return Err(self.not_proven(who, &step_up, live_meanwhile).await);
            };
            counted.succeeded(self.store_now()).await;
            let tokens = self.goes_on(who, prepared, &written, kept)?;
            Ok((codes, tokens))
        })
        .await
    }

    /// Turns the factor on with the key that this session was shown, if the code belongs to that
    /// key. Returns the recovery codes, and the account and the session as written. Returns `None`
    /// if the store has not written because the account or the session has changed.
    pub(crate) async fn go_live(
        &self,
        account: &Account,
        session: Option<&str>,
        own: OwnChange,
        code: &str,
        counted: &Counted,
    ) -> Result<Option<(Vec<RecoveryCode>, Account, Option<KeptSession>)>, AccountsError> {
        let store = offered(self.stores().two_factor.as_ref())?;
        let now = self.now();
        let ring = self.issuer().keys().current();
        if ring.encryption_keys().next().is_none() {
            // Without a key, a right code would be counted as a wrong one.
            return self.evaluated(counted, Err(encryption::no_key())).await;
        }
        let keys = ring.encryption_keys().map(|(_, key)| key);
        let right = set_up_secrets(keys, account, session).find_map(|secret| {
            let right = Totp::new(secret.clone(), self.settings().totp).check_drifting(
                code,
                now,
                TotpDrift::NONE,
            );
            right.ok().map(|right| (secret, right))
        });
        let Some((secret, right)) = right else {
            return Err(self.refused(Some(account), RejectionReason::WrongCode, counted));
        };
        let encrypted = encryption::encrypt(&ring, account.id(), &secret, self.random());
        let encrypted = self.evaluated(counted, encrypted.map_err(Into::into)).await?;
        let codes = ten_codes(self.random())?;
        let hashes = codes.iter().map(RecoveryCode::hash).collect();
        let enrolment =
            Enrolment::new(own, encrypted, right.step.as_u64(), hashes).with_drift(right.drift);
        match self.stores().ask("enable second factor", store.enable(enrolment)).await? {
            OwnChangeOutcome::Written(written, kept) => {
                self.events()
                    .happened(Event::SecondFactorEnabled { account: written.id().clone() });
                Ok(Some((codes, *written, kept)))
            }
            OwnChangeOutcome::NotWritten => Ok(None),
        }
    }

    /// Turns the second factor off, with the password and a code or recovery code: a recent
    /// confirmation is not sufficient. Returns the
    /// tokens with which this session continues, without the code among their methods. Every other
    /// session of the account ends. If the account must have a factor, this session ends as well,
    /// and a new factor must be set up.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password and for a wrong code;
    /// [`NotRecent`](AccountsErrorKind::NotRecent) without a password;
    /// [`CodeRequired`](AccountsErrorKind::CodeRequired); [`AlreadyOff`](AccountsErrorKind::AlreadyOff); [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a store of second factors; [`Revoked`](AccountsErrorKind::Revoked),
    /// [`Limited`](AccountsErrorKind::Limited), [`Busy`](AccountsErrorKind::Busy),
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn disable_two_factor(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
    ) -> Result<FactorOff, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().two_factor.as_ref())?;
            let account = self.own_account(who).await?;
            if account.second_factor().is_none() {
                return Err(AccountsErrorKind::AlreadyOff.into());
            }
            if !proof.has_password() {
                return Err(AccountsErrorKind::NotRecent.into());
            }
            let step_up = self.prove(who, &account, proof).await?;
            let asked = self.settings().two_factor.asks(&account, Methods::PASSWORD);
            let mut prepared = self.own_change(who, &step_up, Methods::PASSWORD)?;
            if asked == Asked::SecondFactor {
                prepared.own = prepared.own.ending_session();
            }
            let disabled = store.disable(&prepared.own);
            let OwnChangeOutcome::Written(written, kept) =
                self.stores().ask("disable second factor", disabled).await?
            else {
                let off_meanwhile = |now: &Account| {
                    now.second_factor().is_none().then_some(AccountsErrorKind::AlreadyOff)
                };
                return Err(self.not_proven(who, &step_up, off_meanwhile).await);
            };
            self.events().happened(Event::SecondFactorDisabled { account: written.id().clone() });
            match asked {
                Asked::Nothing => {
                    self.goes_on(who, prepared, &written, kept).map(FactorOff::GoesOn)
                }
                Asked::SecondFactor => {
                    self.account_revoked(&written);
                    self.enrolment_token(&written).map(FactorOff::EnrolmentRequired)
                }
            }
        })
        .await
    }

    /// Verifies and consumes a code of one's own account. If the store did not consume it, the
    /// account may have changed. In that case the error is that the token is revoked, not that the
    /// code is wrong.
    pub(crate) async fn consume_own_code(
        &self,
        who: &Identity<R>,
        account: &Account,
        code: &str,
        counted: &Counted,
    ) -> Result<(), AccountsError> {
        let of_code = match RecoveryCode::parse(code) {
            Some(_) => None,
            None => {
                let from = CodeFrom::Session(who.session());
                let of_code = self.count_code(account, from, None, false).await;
                Some(self.evaluated(counted, of_code).await?)
            }
        };
        let consumed = self.consume_code(account, code).await;
        let consumed = self.evaluated(counted, consumed).await;
        match (&of_code, &consumed) {
            (Some(of_code), Ok(Err(RejectionReason::WrongCode))) => of_code.keep(),
            (Some(of_code), Ok(Ok(_))) => of_code.succeeded(self.store_now()).await,
            // A fault, or a right code that is sent twice.
            (Some(of_code), _) => of_code.give_back(self.store_now()).await,
            (None, _) => {}
        }
        let Err(reason) = consumed? else { return Ok(()) };
        counted.keep();
        if reason == RejectionReason::WrongCode {
            self.wrong_code(account, None).await;
        }
        self.own_account(who).await?;
        Err(self.refused(Some(account), reason, counted))
    }

    /// Counts an attempt of a logged-in person on their own account. Otherwise a stolen session
    /// would allow unlimited guesses of the code.
    pub(crate) async fn count_own(
        &self,
        account: &Account,
        session: Option<&str>,
    ) -> Result<Counted, AccountsError> {
        let whose = Whose::Own(account.username(), session);
        self.settings()
            .rate_limits
            .count(self.stores(), whose, &Visitor::default(), self.store_now())
            .await
    }

    /// Verifies and consumes a code. The caller has counted the attempt.
    ///
    /// The outer error is a fault; the inner error is the reason that the code is not accepted.
    pub(crate) async fn consume_code(
        &self,
        account: &Account,
        code: &str,
    ) -> Result<Result<CodeConsumed, RejectionReason>, AccountsError> {
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
    ) -> Result<Result<CodeConsumed, RejectionReason>, AccountsError> {
        let ring = self.issuer().keys().current();
        let secret = self.live_secret(&ring, account, factor).await?;
        let Ok(right) = Totp::new(secret, self.settings().totp).check_drifting(
            code,
            self.now(),
            factor.drift(),
        ) else {
            return Ok(Err(RejectionReason::WrongCode));
        };
        // The code is accepted only if the store has consumed the step (RFC 6238, section 5.2),
        // because two concurrent requests may both have reached this point with one code.
        let store = offered(self.stores().two_factor.as_ref())?;
        let consume = store.consume_step(
            account.id(),
            account.generation(),
            right.step.as_u64(),
            right.drift,
        );
        Ok(match self.stores().ask("consume step", consume).await? {
            ConsumeOutcome::Consumed => Ok(CodeConsumed(())),
            ConsumeOutcome::AlreadyConsumed => Err(RejectionReason::ConsumedCode),
        })
    }

    async fn consume_recovery_code(
        &self,
        account: &Account,
        code: &RecoveryCode,
    ) -> Result<Result<CodeConsumed, RejectionReason>, AccountsError> {
        let hash = code.hash();
        let store = offered(self.stores().two_factor.as_ref())?;
        let consume = store.consume_recovery_code(account.id(), account.generation(), &hash);
        Ok(match self.stores().ask("consume recovery code", consume).await? {
            ConsumeOutcome::Consumed => {
                let account = account.id().clone();
                self.events().happened(Event::RecoveryCodeUsed { account });
                Ok(CodeConsumed(()))
            }
            ConsumeOutcome::AlreadyConsumed => Err(RejectionReason::WrongCode),
        })
    }

    /// Decrypts the secret, and encrypts it again if the ring has a newer key.
    async fn live_secret(
        &self,
        ring: &KeyRing,
        account: &Account,
        factor: &LiveFactor,
    ) -> Result<TotpSecret, AccountsError> {
        let fault = |error: encryption::EncryptionError| {
            encryption::log_unreadable(account.id(), &error);
            AccountsError::from(error)
        };
        let opened =
            encryption::open(ring, account.id(), factor.encrypted_secret(), &self.settings().totp)
                .map_err(fault)?;
        if opened.is_outdated {
            let encrypted = encryption::encrypt(ring, account.id(), &opened.secret, self.random());
            let encrypted = encrypted.map_err(fault)?;
            let store = offered(self.stores().two_factor.as_ref())?;
            let reencrypt = store.reencrypt(account.id(), factor.encrypted_secret(), &encrypted);
            // The old key still decrypts, so an error of the store does not fail the login.
            if let Ok(ReplaceOutcome::Replaced) = self.stores().ask("reencrypt", reencrypt).await {
                let account = account.id().clone();
                self.events().happened(Event::SecondFactorReencrypted { account });
            }
        }
        Ok(opened.secret)
    }

    /// Generates ten new recovery codes, which are shown once. The old codes are no longer
    /// accepted. The proof contains the password and a code of the authenticator or an old recovery
    /// code; or neither, with the refresh token of a session that was confirmed recently.
    ///
    /// # Errors
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code;
    /// [`NotRecent`](AccountsErrorKind::NotRecent) if the proof is not sufficient;
    /// [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`AlreadyOff`](AccountsErrorKind::AlreadyOff); [`NotOffered`](AccountsErrorKind::NotOffered)
    /// without a store of second factors; [`Revoked`](AccountsErrorKind::Revoked),
    /// [`Limited`](AccountsErrorKind::Limited), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn replace_recovery_codes(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
    ) -> Result<Vec<RecoveryCode>, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().two_factor.as_ref())?;
            let account = self.own_account(who).await?;
            if account.second_factor().is_none() {
                return Err(AccountsErrorKind::AlreadyOff.into());
            }
            let step_up = self.prove(who, &account, proof).await?;
            let codes = ten_codes(self.random())?;
            let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
            let own = OwnChange::new(self.actor_of(who, &step_up), self.latest());
            let replaced = store.replace_recovery_codes(&own, &hashes);
            if let OwnChangeOutcome::NotWritten =
                self.stores().ask("renew recovery codes", replaced).await?
            {
                let off_meanwhile = |now: &Account| {
                    now.second_factor().is_none().then_some(AccountsErrorKind::AlreadyOff)
                };
                return Err(self.not_proven(who, &step_up, off_meanwhile).await);
            }
            self.events().happened(Event::RecoveryCodesReplaced { account: account.id().clone() });
            Ok(codes)
        })
        .await
    }

    /// Continues an enrolment. `token` is the text of the token that
    /// [`EnrolmentRequired::wait`](crate::EnrolmentRequired::wait) returned.
    ///
    /// # Errors
    /// [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn) for a token that is not authentic or has
    /// expired, and if the account has changed since the password was checked;
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn enrolling(&self, token: &[u8]) -> Result<Enrolling<R>, AccountsError> {
        let pending = self
            .issuer()
            .verify::<EnrolmentPending>(token, self.now())
            .map_err(|_| AccountsErrorKind::NotLoggedIn)?;
        let id = AccountId::new(pending.user_id());
        let account = self.stores().ask("find account", self.stores().accounts.by_id(&id)).await?;
        let alive = |account: &Account| {
            account.accepts(pending.generation(), pending.epoch())
                && account.second_factor().is_none()
        };
        let account = account.filter(alive).ok_or(AccountsErrorKind::NotLoggedIn)?;
        Ok(Enrolling::new(self.clone(), account, pending.session().unwrap_or_default().to_owned()))
    }

    pub(crate) fn enrolment_token(
        &self,
        account: &Account,
    ) -> Result<Token<EnrolmentPending>, AccountsError> {
        self.events().happened(Event::EnrolmentRequired { account: account.id().clone() });
        let session = fresh_name(self.random())?;
        let now = self.now();
        let claims =
            Claims::<EnrolmentPending>::new(account.id().as_str(), account.generation(), now)
                .with_epoch(account.epoch())
                .with_session(&*session);
        let token = self.issuer().issue(&claims, now);
        token.map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an enrolment token could not be signed");
            AccountsError::from(error)
        })
    }
}

/// Draws ten recovery codes, as many as other sites show.
fn ten_codes(random: &dyn Random) -> Result<Vec<RecoveryCode>, AccountsError> {
    let code = |_| draw(random).map(RecoveryCode::from_random);
    (0..10).map(code).collect::<Result<_, _>>().map_err(AccountsError::unavailable)
}
