//! Refreshing a session, logging out, and listing one's own sessions.
//!
//! After login, a session whose account makes no changes reads the store only at its refreshes,
//! once per lifetime of an access token. A refresh reads roles, disabling and the generation. A
//! request whose access token is live does not read the store.

use std::{sync::Arc, time::Duration};

use hallpass_core::{Identity, KeyRing, Methods, Role, UnixTime};

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
    login::after_login::refresh,
    session::{
        Tokens,
        refresh_state::{RefreshChain, Rotation},
        refresh_token::{Live, RefreshSecret, RefreshToken},
        session_id::SessionId,
        store::{EndOutcome, RefreshOutcome, RefreshedSession, Session},
    },
    store::{DynRefreshTokenStore, offered},
    two_factor::{Asked, encryption::no_key},
};

impl<R: Role> Accounts<R> {
    /// Refreshes a session (refresh-token rotation): consumes its refresh token, and returns the
    /// next one with an access token that has the current roles.
    ///
    /// Concurrent calls with one token receive the same successor. A call with a token that was
    /// consumed longer ago than the [grace period](crate::SessionSettings::grace) ends the session,
    /// on every node.
    ///
    /// # Errors
    /// - [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn): the token is not authentic, was reused,
    ///   or its session has ended. A session without the second factor that the policy now requires
    ///   is ended too. Do not remove the cookies, because another tab may have set newer ones.
    /// - [`Limited`](AccountsErrorKind::Limited) after 64 refreshes within the grace period.
    /// - [`NotOffered`](AccountsErrorKind::NotOffered) without a store of refresh tokens.
    /// - [`Unavailable`](AccountsErrorKind::Unavailable). The same token can be presented again.
    pub async fn refresh(&self, token: &[u8]) -> Result<Tokens, AccountsError> {
        let live = self.present(token).await?;
        let Live { secret, session } = &*live;
        if self.settings().two_factor.asks(&session.account, session.methods) == Asked::SecondFactor
        {
            // The session was opened before the policy: only a login leads to a new one, to the
            // enrolment page if necessary.
            self.end_renewed(secret, session).await?;
            return Err(AccountsErrorKind::NotLoggedIn.into());
        }
        let logged_in = refresh(self, secret.session(), session);
        let now = self.store_now();
        // The access token must not outlive its session. Otherwise the absolute limit would be
        // exceeded by the lifetime of an access token.
        let life = session.expires.since(now).min(self.issuer().access_lifetime());
        if life.is_zero() {
            // The session ended after the store was read.
            return Err(AccountsErrorKind::NotLoggedIn.into());
        }
        let access =
            self.sign(&self.issuer().clone().lifetime(life), &logged_in, &session.account)?;
        let refresh = self.refresh_token(secret, session.expires)?;
        Ok(Tokens { access, refresh: Some(refresh) })
    }

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
        self.end_renewed(&live.secret, &live.session).await
    }

    async fn end_renewed(
        &self,
        secret: &RefreshSecret,
        session: &RefreshedSession,
    ) -> Result<(), AccountsError> {
        let Some(sessions) = &self.stores().sessions else { return Ok(()) };
        let (account, id) = (session.account.id(), secret.session());
        let end = sessions.end(account, &id, None, self.latest());
        if self.stores().ask("end session", end).await? == EndOutcome::Ended {
            self.events().happened(Event::SessionEnded { account: account.clone(), session: id });
        }
        self.session_ended(&id.to_string());
        Ok(())
    }

    /// Consumes the token, or follows it within the grace period, and returns the live token.
    /// Concurrent requests of one page share one store call.
    async fn present(&self, token: &[u8]) -> Result<Arc<Live>, AccountsError> {
        let store = offered(self.stores().refresh_tokens.as_ref())?;
        let ring = self.issuer().keys().current();
        let presented = RefreshSecret::open(token, &ring).ok_or(AccountsErrorKind::NotLoggedIn)?;
        let consume = async { self.consume(store, &presented, &ring).await.map(Arc::new) };
        self.refreshes_in_flight().call(presented.hash(), consume).await
    }

    async fn consume(
        &self,
        store: &DynRefreshTokenStore,
        presented: &RefreshSecret,
        ring: &KeyRing,
    ) -> Result<Live, AccountsError> {
        let (_, key) = ring.encryption_keys().next().ok_or_else(no_key)?;
        let (id, successor, limits) =
            (presented.session(), presented.successor(key), self.settings().session);
        let rotation = Rotation::new(
            presented.hash(),
            successor.hash(),
            self.store_now(),
            self.idle_limit(),
            limits.grace,
        );
        let outcome = self.stores().ask("renew session", store.refresh(&id, &rotation)).await;
        #[cfg(feature = "metrics")]
        if let Some(name) = outcome_name(outcome.as_ref().ok()) {
            crate::event::metric::refresh(name);
        }
        match outcome? {
            RefreshOutcome::Consumed(session) => {
                let account = session.account.id().clone();
                self.events().happened(Event::SessionRefreshed { account, session: id });
                Ok(Live { secret: successor, session })
            }
            RefreshOutcome::InGrace { live, session } => {
                // The live token was made by a node with a newer key ring, which this node has not
                // read yet: the next try finds the key.
                let live = presented.leading_to(&live, ring);
                let live = live.ok_or_else(|| AccountsError::unavailable(NewerKey))?;
                Ok(Live { secret: live, session })
            }
            RefreshOutcome::Reused { account } => {
                self.session_ended(&id.to_string());
                self.events().happened(Event::RefreshReused { account, session: id });
                Err(AccountsErrorKind::NotLoggedIn.into())
            }
            RefreshOutcome::Ended => Err(AccountsErrorKind::NotLoggedIn.into()),
            RefreshOutcome::TooOften => {
                Err(AccountsErrorKind::Limited { retry_after: limits.grace }.into())
            }
        }
    }

    /// Returns the start of a session's refresh chain, or `None` if the site does not refresh
    /// sessions.
    pub(crate) fn first_refresh(
        &self,
        session: SessionId,
        methods: Methods,
        now: UnixTime,
    ) -> Result<Option<(RefreshSecret, RefreshChain)>, AccountsError> {
        if self.stores().refresh_tokens.is_none() {
            return Ok(None);
        }
        let first =
            RefreshSecret::draw(session, self.random()).map_err(AccountsError::unavailable)?;
        let refresh_chain =
            RefreshChain::new(first.hash(), now.saturating_add(self.idle_limit()), methods);
        Ok(Some((first, refresh_chain)))
    }

    pub(crate) fn refresh_token(
        &self,
        secret: &RefreshSecret,
        expires_at: UnixTime,
    ) -> Result<RefreshToken, AccountsError> {
        let ring = self.issuer().keys().current();
        let (_, key) = ring.encryption_keys().next().ok_or_else(no_key)?;
        Ok(secret.write(key, expires_at))
    }

    /// Returns the idle limit. A session that is refreshed once per access token must not become
    /// idle.
    fn idle_limit(&self) -> Duration {
        self.settings().session.idle.max(self.issuer().access_lifetime() * 2)
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
        Ok(())
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
                    self.goes_on(who, prepared, &account, kept)
                }
                OwnChangeOutcome::NotWritten => Err(self.not_proven(who, &step_up, |_| None).await),
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
            self.events()
                .happened(Event::SessionEnded { account: account.clone(), session: *session });
        }
        Ok(ended)
    }
}

/// Returns the name of an outcome in the metrics, or `None` for an outcome that is an event too.
/// `None` as the argument is a store that failed.
#[cfg(feature = "metrics")]
fn outcome_name(outcome: Option<&RefreshOutcome>) -> Option<&'static str> {
    match outcome {
        Some(RefreshOutcome::Consumed(_) | RefreshOutcome::Reused { .. }) => None,
        Some(RefreshOutcome::InGrace { .. }) => Some("in-grace"),
        Some(RefreshOutcome::Ended) => Some("ended"),
        Some(RefreshOutcome::TooOften) => Some("limited"),
        None => Some("unavailable"),
    }
}

/// A refresh token that another node made with an encryption key that this node does not have yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "another node refreshed the session with an encryption key that this node does not have: give all nodes the same key file"
)]
struct NewerKey;
