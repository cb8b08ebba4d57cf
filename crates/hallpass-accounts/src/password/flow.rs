//! Checking a password, changing it, and replacing an outdated hash.

use hallpass_core::{Identity, Role};

use crate::{
    account::{Account, own_change::OwnChangeOutcome, step_up::Proof},
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    password::{
        Password,
        password_hasher::{Checked, HasherSaturated, Origin, Ticket},
        policy::{AcceptablePassword, Breach, PasswordError},
        store::{PasswordChange, ReplaceOutcome},
    },
    session::Tokens,
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Changes the password. Every other session of the account ends. The acting session continues
    /// with the returned tokens. The proof contains the current password and, if a second factor is
    /// on, a code; or neither, with the refresh token of a session that was confirmed recently.
    ///
    /// # Errors
    /// [`NotRecent`](AccountsErrorKind::NotRecent) if the proof is not sufficient;
    /// [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`Password`](AccountsErrorKind::Password) if the policy rejects the new password or it is
    /// known from a breach; [`Refused`](AccountsErrorKind::Refused) for a wrong current password or
    /// code, which counts as an attempt of this session and not as a login attempt;
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a password store;
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited),
    /// [`Busy`](AccountsErrorKind::Busy), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn change_password(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
        new: &str,
    ) -> Result<Tokens, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().passwords.as_ref())?;
            let account = self.own_account(who).await?;
            let new = self
                .settings()
                .password_policy
                .accept(&Password::typed(new), account.username())
                .map_err(AccountsErrorKind::Password)?;
            let step_up = self.prove(who, &account, proof).await?;
            self.refuse_breached(&new).await?;
            let ticket = self.admit(&Origin::session(who.user_id(), who.session())).await?;
            let new_hash = self.password_hasher().hash(ticket, &new).await;
            let new_hash = new_hash.map_err(|closed| self.busy(closed))?;
            let prepared = self.own_change(who, &step_up, step_up.methods(who))?;
            let old_hash = account.password_hash().to_owned();
            let change =
                store.change(PasswordChange::new(prepared.own.clone(), old_hash, new_hash));
            let OwnChangeOutcome::Written(written, kept) =
                self.stores().ask("change password", change).await?
            else {
                // The hash of the same password was upgraded concurrently: the next try succeeds.
                let upgraded = |now: &Account| {
                    (now.password_hash() != account.password_hash())
                        .then_some(AccountsErrorKind::Refused)
                };
                return Err(self.not_proven(who, &step_up, upgraded).await);
            };
            self.events().happened(Event::PasswordChanged { account: written.id().clone() });
            self.goes_on(who, prepared, &written, kept)
        })
        .await
    }

    /// Waits for the password hasher. A login calls this before its attempt is counted, so that a
    /// rejected attempt costs nothing and is not counted.
    pub(crate) async fn admit(&self, origin: &Origin) -> Result<Ticket, AccountsError> {
        let ticket = self.password_hasher().admit(origin).await;
        ticket.map_err(|closed| self.busy(closed))
    }

    /// Checks a password in the password hasher.
    pub(crate) async fn check_password(
        &self,
        ticket: Ticket,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Checked, AccountsError> {
        let checked = self.password_hasher().check(ticket, password, hash).await;
        checked.map_err(|closed| self.busy(closed))
    }

    /// Returns the error for a saturated hasher. Reports an event, at most once per minute.
    pub(crate) fn busy(&self, closed: HasherSaturated) -> AccountsError {
        if self.password_hasher().is_news(closed) {
            self.events().happened(Event::HashingBusy);
        }
        let retry_after = closed.retry_after;
        AccountsError::caused_by(AccountsErrorKind::Busy { retry_after }, closed)
    }

    /// Rejects a password that the service finds. Called after the attempt was counted, so that
    /// nobody can send requests to the service without limit.
    pub(crate) async fn refuse_breached(
        &self,
        password: &AcceptablePassword,
    ) -> Result<(), AccountsError> {
        let Some(service) = &self.settings().breached_passwords else {
            return Ok(());
        };
        let found = service.look_up(password.password().as_str());
        let found = self.stores().within_bound(found).await;
        #[cfg(feature = "metrics")]
        crate::event::metric::breach_looked_up(match &found {
            Ok(Breach::Unknown) => "unknown",
            Ok(Breach::Known) => "known",
            Err(_) => "failed",
        });
        match found {
            Ok(Breach::Unknown) => Ok(()),
            Ok(Breach::Known) => Err(AccountsErrorKind::Password(PasswordError::Common).into()),
            Err(fault) => {
                let source = std::error::Error::source(&fault);
                tracing::warn!(target: "hallpass", error = %fault, source, "breached passwords could not be looked up");
                Ok(())
            }
        }
    }
}

/// Replaces an outdated hash after all steps that can fail for a guesser. If the hash were upgraded
/// immediately after the password check, a right password with a wrong code would take two argon2
/// runs, and could be distinguished from a wrong password.
///
/// An upgrade does not wait: if the hasher has no free turn, the hash is replaced at a later login.
pub(crate) async fn upgraded<R: Role>(
    accounts: &Accounts<R>,
    account: Account,
    upgrade: Option<Password>,
) -> Account {
    let (Some(password), Some(passwords)) = (upgrade, &accounts.stores().passwords) else {
        return account;
    };
    let hasher = accounts.password_hasher();
    let Some(ticket) = hasher.admit_now() else { return account };
    let Ok(hash) = hasher.rehash(ticket, &password).await else {
        return account;
    };
    let replaced = passwords.replace_hash(account.id(), account.password_hash(), &hash);
    if let Ok(ReplaceOutcome::Replaced) = accounts.stores().ask("upgrade hash", replaced).await {
        accounts.events().happened(Event::PasswordHashUpgraded { account: account.id().clone() });
    }
    account
}
