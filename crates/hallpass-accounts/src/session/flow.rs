//! Logging out, and listing and ending one's own sessions.

use std::collections::BTreeSet;

use hallpass_core::{Identity, Revoked, RevokedKind, Role, TokenFacts};

use crate::{
    account::{
        AccountId,
        flow::session_of,
        own_change::{Actor, OwnChangeOutcome},
        step_up::Proof,
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, EventActor},
    session::{
        Tokens,
        refresh_token::RefreshSecret,
        session_id::SessionId,
        session_page::{Place, SessionPage},
        store::{EndOutcome, Session},
    },
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Ends the session of a refresh token: a logout after the access token has expired.
    ///
    /// # Errors
    /// - [`Limited`](AccountsErrorKind::Limited), as for [`refresh`](Self::refresh).
    /// - [`NotOffered`](AccountsErrorKind::NotOffered) without a store of refresh tokens.
    /// - [`Unavailable`](AccountsErrorKind::Unavailable). The session has not ended, and the same
    ///   token can be presented again.
    pub async fn log_out_by_refresh(&self, token: &[u8]) -> Result<(), AccountsError> {
        let live = match self.present(token).await {
            Ok(live) => live,
            // The session has ended already.
            Err(error) if error.kind() == AccountsErrorKind::NotLoggedIn => return Ok(()),
            Err(error) => return Err(error),
        };
        let account = live.session.account.id();
        self.end_renewed(live.secret.session(), account).await?;
        self.end_trust_here(account).await;
        Ok(())
    }

    /// Ends every session that a request presents: those of valid access tokens, and those of
    /// authentic refresh tokens. A cookie name may occur several times, and the sessions may be of
    /// several accounts. A token that is not valid is skipped.
    ///
    /// It is the logout of a browser, and the end of the session that a login replaces.
    ///
    /// # Errors
    /// [`Limited`](AccountsErrorKind::Limited), as for [`refresh`](Self::refresh);
    /// [`Unavailable`](AccountsErrorKind::Unavailable). Some sessions may not have ended, and the
    /// same tokens can be presented again.
    pub async fn end_presented(
        &self,
        access: &[&[u8]],
        refresh: &[&[u8]],
    ) -> Result<(), AccountsError> {
        let settings = self.settings();
        // Without the revocation list: a stale token is not accepted, but its session is live.
        let verifier = settings.verifier.apply(self.issuer().verifier::<R>());
        let mut ended = BTreeSet::new();
        for token in access {
            let Ok(who) = verifier.verify(token, self.now()) else { continue };
            let Some(session) = who.session().map(str::to_owned) else { continue };
            let facts = TokenFacts {
                user_id: who.user_id(),
                generation: who.generation(),
                epoch: who.epoch(),
                session: Some(&session),
                expires_at: who.expires_at(),
            };
            let known = settings.revocation_list.check(&facts, self.now());
            match known.map_err(Revoked::kind) {
                // Another session of the account may have ended it.
                Err(RevokedKind::Generation | RevokedKind::Epoch) => {}
                Err(RevokedKind::Session) => drop(ended.insert(session)),
                _ if ended.insert(session) => self.log_out(&who).await?,
                _ => {}
            }
        }
        if self.stores().refresh_tokens.is_none() {
            return Ok(());
        }
        let ring = self.issuer().keys().current();
        for token in refresh {
            let Some(secret) = RefreshSecret::open(token, &ring) else { continue };
            if ended.insert(secret.session().to_string()) {
                self.log_out_by_refresh(token).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn end_renewed(
        &self,
        id: SessionId,
        account: &AccountId,
    ) -> Result<(), AccountsError> {
        let Some(sessions) = &self.stores().sessions else { return Ok(()) };
        let end = sessions.end(account, &id, None, self.latest());
        if self.stores().ask("end session", end).await? == EndOutcome::Ended {
            self.events().happened(Event::SessionEnded { account: account.clone(), session: id });
        }
        self.session_ended(&id.to_string());
        Ok(())
    }

    /// Logs out: the session ends and its tokens, including copies, are revoked. This node rejects
    /// them immediately, and the other nodes once they have read the revocation log. Without a
    /// session store the logout is effective on this node only. A token that names no session is
    /// not revoked.
    ///
    /// The store is written before the list. In the reverse order, if the store failed, a second
    /// try would be rejected as not logged in, and the session would stay live on other nodes.
    ///
    /// # Errors
    /// [`Unavailable`](AccountsErrorKind::Unavailable). The session is unchanged.
    pub async fn log_out(&self, who: &Identity<R>) -> Result<(), AccountsError> {
        let Some(session) = who.session() else {
            return Ok(());
        };
        match session_of(who) {
            Some(id) if self.stores().sessions.is_some() => {
                // A session that was ended concurrently has ended as well.
                let _: EndOutcome = self.end(&AccountId::new(who.user_id()), &id, None).await?;
            }
            _ => {}
        }
        self.session_ended(session);
        self.end_trust_here(&AccountId::new(who.user_id())).await;
        Ok(())
    }

    /// Returns a page of the live sessions of the person's account. `after` is the
    /// [`next`](SessionPage::next) of the page before, or `None` for the first page.
    ///
    /// # Errors
    /// [`NotFound`](AccountsErrorKind::NotFound) if `after` is not a `next`; the errors of
    /// [`sessions`](Self::sessions).
    pub async fn session_page(
        &self,
        who: &Identity<R>,
        after: Option<&str>,
    ) -> Result<SessionPage, AccountsError> {
        let after = after.map(|text| Place::parse(text).ok_or(AccountsErrorKind::NotFound));
        let after = after.transpose()?;
        Ok(SessionPage::new(self.sessions(who).await?, session_of(who), after))
    }

    /// Lists the live sessions of the person's account, newest first.
    ///
    /// # Errors
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Unavailable`](AccountsErrorKind::Unavailable);
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a session store.
    pub async fn sessions(&self, who: &Identity<R>) -> Result<Vec<Session>, AccountsError> {
        let store = offered(self.stores().sessions.as_ref())?;
        let account = self.own_account(who).await?;
        let list = store.list(account.id(), self.store_now());
        self.stores().ask("list sessions", list).await
    }

    /// Ends one of the person's own sessions. `session` is a [`SessionId`] as text. The proof is
    /// that of a change of a credential.
    ///
    /// # Errors
    /// [`NotRecent`](AccountsErrorKind::NotRecent) if the proof is not sufficient;
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code;
    /// [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`NotFound`](AccountsErrorKind::NotFound) if the account has no such live session, which
    /// includes the sessions of other people; [`NotOffered`](AccountsErrorKind::NotOffered) without
    /// a session store; [`Revoked`](AccountsErrorKind::Revoked),
    /// [`Limited`](AccountsErrorKind::Limited), [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn end_session(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
        session: &str,
    ) -> Result<(), AccountsError> {
        self.changing(who, async {
            let session: SessionId = session.parse().map_err(|_| AccountsErrorKind::NotFound)?;
            let account = self.own_account(who).await?;
            let step_up = self.prove(who, &account, proof).await?;
            let actor = self.actor_of(who, &step_up);
            let ended = self.end(&actor.account, &session, Some(&actor)).await?;
            if ended == EndOutcome::ActorChanged {
                return Err(self.not_proven(who, &step_up, |_| None).await);
            }
            match ended {
                EndOutcome::Ended => Ok(()),
                _ => Err(AccountsErrorKind::NotFound.into()),
            }
        })
        .await
    }

    /// Ends every session except this one, which continues with the returned tokens. The proof is
    /// that of a change of a credential.
    ///
    /// # Errors
    /// [`NotRecent`](AccountsErrorKind::NotRecent) if the proof is not sufficient;
    /// [`Refused`](AccountsErrorKind::Refused) for a wrong password or code;
    /// [`CodeRequired`](AccountsErrorKind::CodeRequired);
    /// [`NotOffered`](AccountsErrorKind::NotOffered) without a session store;
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited),
    /// [`Unavailable`](AccountsErrorKind::Unavailable).
    pub async fn end_other_sessions(
        &self,
        who: &Identity<R>,
        proof: &Proof<'_>,
    ) -> Result<Tokens, AccountsError> {
        self.changing(who, async {
            let store = offered(self.stores().sessions.as_ref())?;
            let account = self.own_account(who).await?;
            let step_up = self.prove(who, &account, proof).await?;
            let prepared = self.own_change(who, &step_up, step_up.methods(who))?;
            let ended = store.end_others(&prepared.own);
            match self.stores().ask("end other sessions", ended).await? {
                OwnChangeOutcome::Written(account, kept) => {
                    self.events().happened(Event::SessionsEnded {
                        account: account.id().clone(),
                        actor: EventActor::Person(account.id().clone()),
                    });
                    self.end_all_trust(account.id()).await;
                    self.goes_on(who, prepared, &account, kept)
                }
                OwnChangeOutcome::NotWritten => Err(self.not_proven(who, &step_up, |_| None).await),
            }
        })
        .await
    }

    /// Rejects the tokens of sessions that the store has ended, on this node immediately.
    pub(crate) fn sessions_ended(&self, account: &AccountId, ended: &[SessionId]) {
        for session in ended {
            self.session_ended(&session.to_string());
            self.events()
                .happened(Event::SessionEnded { account: account.clone(), session: *session });
        }
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
            self.sessions_ended(account, &[*session]);
        }
        Ok(ended)
    }
}
