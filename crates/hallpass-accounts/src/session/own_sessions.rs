//! One's own sessions: log-out, the list, ending one or all others.

use hallpass_core::{Identity, Role};

use crate::{
    account::{
        AccountId,
        own_account::session_of,
        own_change::{Actor, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    session::{
        refresh::Tokens,
        session_id::SessionId,
        store::{EndOutcome, Session},
    },
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Logs out: the session is dead, copies of its tokens included. On this node at once, on the others as soon as the
    /// feed tells them; without a session store, on this node alone.
    ///
    /// The store is written before the view: were it the other way about and the store failed, a second try would come
    /// as nobody, and the session would live on elsewhere.
    ///
    /// # Errors
    /// [`Unavailable`](AccountsErrorKind::Unavailable), and the session is as it was.
    pub async fn log_out(&self, who: &Identity<R>) -> Result<(), AccountsError> {
        let Some(session) = who.session() else {
            return Ok(());
        };
        match session_of(who) {
            Some(id) if self.stores().sessions.is_some() => {
                // Ended by somebody else meanwhile: ended all the same.
                let _: EndOutcome = self.end(&AccountId::new(who.user_id()), &id, None).await?;
            }
            _ => {}
        }
        self.session_ended(session);
        Ok(())
    }

    /// Lists the sessions, newest first.
    ///
    /// # Errors
    /// [`Revoked`](AccountsErrorKind::Revoked), and the faults of a store.
    pub async fn sessions(&self, who: &Identity<R>) -> Result<Vec<Session>, AccountsError> {
        let store = offered(self.stores().sessions.as_ref())?;
        let account = self.own_account(who).await?;
        let list = store.list(account.id(), self.now());
        self.stores().ask("list sessions", list).await
    }

    /// Ends one session of one's own.
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound) for what is no live session of this account, other people's included;
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited).
    pub async fn end_session(&self, who: &Identity<R>, session: &str) -> Result<(), AccountsError> {
        self.changing(who, async {
            let session: SessionId = session.parse().map_err(|_| AccountsErrorKind::NotFound)?;
            let actor = self.actor(who);
            match self.end(&actor.account, &session, Some(&actor)).await? {
                EndOutcome::Ended => Ok(()),
                EndOutcome::NotFound => Err(AccountsErrorKind::NotFound.into()),
                EndOutcome::ActorChanged => Err(self.not_written(who, |_| None).await),
            }
        })
        .await
    }

    /// Ends every session but this one, which goes on with the tokens returned.
    ///
    /// # Errors
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited), and the faults of a store.
    pub async fn end_other_sessions(&self, who: &Identity<R>) -> Result<Tokens, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().sessions.as_ref())?;
            let prepared = self.own_change(who, who.methods())?;
            let ended = store.end_others(&prepared.own);
            match self.stores().ask("end other sessions", ended).await? {
                OwnChangeOutcome::Written(account) => {
                    self.events().happened(Event::SessionsEnded { account: account.id().clone() });
                    self.goes_on(who, prepared, &account)
                }
                OwnChangeOutcome::NotWritten => Err(self.not_written(who, |_| None).await),
            }
        })
        .await
    }

    async fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
    ) -> Result<EndOutcome, AccountsError> {
        let store = offered(self.stores().sessions.as_ref())?;
        let end = store.end(account, session, by, self.latest());
        let ended = self.stores().ask("end session", end).await?;
        if ended == EndOutcome::Ended {
            self.session_ended(&session.to_string());
            self.events().happened(Event::SessionEnded { account: account.clone(), session: *session });
        }
        Ok(ended)
    }
}
