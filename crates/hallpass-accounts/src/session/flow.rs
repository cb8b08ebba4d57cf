//! Refreshing a session, logging out, and the list of one's own sessions.
//!
//! A refresh is the only store call of a session whose account changes nothing, once in a token's
//! life: roles, disabling and the generation are read at that moment. No request whose access token
//! is live reaches the store.

use std::{sync::Arc, time::Duration};

use hallpass_core::{Identity, KeyRing, Methods, Role, UnixTime};

use crate::{
    account::{
        AccountId,
        flow::session_of,
        own_change::{Actor, OwnChangeOutcome},
    },
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    login::after_login::refresh,
    session::{
        Tokens,
        refresh_state::{RefreshChain, Rotation},
        refresh_token::{Live, RefreshSecret, RefreshToken},
        session_id::SessionId,
        store::{EndOutcome, RefreshOutcome, RefreshedSession, Session},
    },
    store::{DynRefreshTokenStore, offered},
    two_factor::{Asked, encryption::EncryptionError},
};

impl<R: Role> Accounts<R> {
    /// Renews a session: consumes its refresh token for the next one, and issues an access token
    /// with the roles of this moment.
    ///
    /// Calls at once with one token get the same successor. One that comes with a token consumed
    /// longer ago ends the session, on every node.
    ///
    /// # Errors
    /// [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn): the token is none of ours, was replayed, or
    /// its session is over. The cookies are not to be removed: another tab may have set newer
    /// ones. [`Limited`](AccountsErrorKind::Limited) after 64 renewals within the grace.
    /// [`Unavailable`](AccountsErrorKind::Unavailable), and the same token is good for another try.
    pub async fn refresh(&self, token: &[u8]) -> Result<Tokens, AccountsError> {
        let live = self.present(token).await?;
        let Live { secret, session } = &*live;
        if self.settings().two_factor.asks(&session.account, session.methods) == Asked::SecondFactor
        {
            // Of before the policy: from here on only a sign-in leads on, to the enrolment page if
            // need be.
            self.end_renewed(secret, session).await?;
            return Err(AccountsErrorKind::NotLoggedIn.into());
        }
        let logged_in = refresh(self, secret.session(), session);
        let now = self.now();
        // A token that outlived its session would make the absolute limit the limit and a quarter
        // of an hour.
        let life = session.expires.since(now).min(self.issuer().access_lifetime());
        let access =
            self.sign(&self.issuer().clone().lifetime(life), &logged_in, &session.account)?;
        let refresh = self.refresh_token(secret, session.expires)?;
        Ok(Tokens { access, refresh: Some(refresh) })
    }

    /// Ends the session of a refresh token: a log-out after the access token has run out.
    ///
    /// # Errors
    /// [`Unavailable`](AccountsErrorKind::Unavailable), and the session is as it was.
    pub async fn log_out_by_refresh(&self, token: &[u8]) -> Result<(), AccountsError> {
        let live = match self.present(token).await {
            Ok(live) => live,
            // Nothing of it is alive.
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

    /// Consumes the token, or follows it within the grace. Answers the live one; the tabs and
    /// pictures of one moment wait for one answer.
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
            self.now(),
            self.idle_limit(),
            limits.grace,
        );
        match self.stores().ask("renew session", store.refresh(&id, &rotation)).await? {
            RefreshOutcome::Consumed(session) => {
                let account = session.account.id().clone();
                self.events().happened(Event::SessionRefreshed { account, session: id });
                Ok(Live { secret: successor, session })
            }
            RefreshOutcome::InGrace { live, session } => {
                // Made by a node with a newer ring, which this one is about to read: the next try
                // finds it.
                let live = presented.leading_to(&live, ring).ok_or_else(no_key)?;
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

    /// The beginning of a session's chain; `None` where the site renews none.
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

    /// A session that is renewed once in an access token's life must not count as idle meanwhile.
    fn idle_limit(&self) -> Duration {
        self.settings().session.idle.max(self.issuer().access_lifetime() * 2)
    }

    /// Logs out: the session is dead, copies of its tokens included. On this node at once, on the
    /// others as soon as the log tells them; without a session store, on this node alone.
    ///
    /// The store is written before the list: were it the other way about and the store failed, a
    /// second try would come as nobody, and the session would live on elsewhere.
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
    /// [`NotFound`](AccountsErrorKind::NotFound) for what is no live session of this account, other
    /// people's included; [`Revoked`](AccountsErrorKind::Revoked),
    /// [`Limited`](AccountsErrorKind::Limited).
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
    /// [`Revoked`](AccountsErrorKind::Revoked), [`Limited`](AccountsErrorKind::Limited), and the
    /// faults of a store.
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
            self.events()
                .happened(Event::SessionEnded { account: account.clone(), session: *session });
        }
        Ok(ended)
    }
}

fn no_key() -> AccountsError {
    AccountsError::unavailable(EncryptionError::NoKey)
}
