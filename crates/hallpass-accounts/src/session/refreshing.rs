//! Refreshing a session: refresh-token rotation.
//!
//! After login, a session whose account makes no changes reads the store only at its refreshes,
//! once per lifetime of an access token. A refresh reads roles, disabling and the generation. A
//! request whose access token is live does not read the store.

use std::{sync::Arc, time::Duration};

use hallpass_core::{Access, KeyRing, Methods, Role, Token, TokenFacts, UnixTime};

use crate::{
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    event::Event,
    login::after_login::refresh,
    session::{
        Tokens,
        refresh_state::{RefreshChain, Rotation},
        refresh_token::{Live, RefreshSecret, RefreshToken},
        remembered::Remembered,
        session_id::SessionId,
        store::{RefreshOutcome, RefreshedSession},
    },
    store::{DynRefreshTokenStore, offered},
    two_factor::encryption::no_key,
};

impl<R: Role> Accounts<R> {
    /// Refreshes a session (refresh-token rotation): consumes its refresh token, and returns the
    /// next one with an access token that has the current roles.
    ///
    /// Concurrent calls with one token receive the same successor. A call with a token that was
    /// consumed longer ago than the [grace period](crate::SessionSettings::grace) ends the session,
    /// on every node, unless its successor was never presented: then the response with it was lost,
    /// and the session continues with another successor.
    ///
    /// # Errors
    /// - [`NotLoggedIn`](AccountsErrorKind::NotLoggedIn): the token is not authentic, was reused,
    ///   or its session has ended. A session without the second factor that the policy now requires
    ///   of all accounts is ended too. Do not remove the cookies, because another tab may have set
    ///   newer ones.
    /// - [`Limited`](AccountsErrorKind::Limited) after 64 refreshes within the grace period.
    /// - [`NotOffered`](AccountsErrorKind::NotOffered) without a store of refresh tokens.
    /// - [`Unavailable`](AccountsErrorKind::Unavailable). The same token can be presented again.
    pub async fn refresh(&self, token: &[u8]) -> Result<Tokens, AccountsError> {
        let live = self.present(token).await?;
        let access = live.access.clone()?;
        let refresh = self.refresh_token(&live.secret, live.session.expires)?;
        Ok(Tokens { access, refresh: Some(refresh) })
    }

    /// Refreshes a session inside a request to another route. As [`refresh`](Self::refresh), but a
    /// refresh token that a tab with an older one has just led to is not consumed, so that a change
    /// of roles costs one read whichever tab is first. There is no refresh token then: a response
    /// with the same one could replace a newer one of another node in the browser.
    pub(crate) async fn refresh_in_passing(&self, token: &[u8]) -> Result<Tokens, AccountsError> {
        let ring = self.issuer().keys().current();
        let presented = RefreshSecret::open(token, &ring).ok_or(AccountsErrorKind::NotLoggedIn)?;
        let live = self.present_or_find(&presented, &ring, true).await?;
        let access = live.access.clone()?;
        let is_same = live.secret.hash() == presented.hash();
        let refresh = (!is_same)
            .then(|| self.refresh_token(&live.secret, live.session.expires))
            .transpose()?;
        Ok(Tokens { access, refresh })
    }

    /// Issues the access token of a refreshed session.
    async fn issue(
        &self,
        secret: &RefreshSecret,
        session: &RefreshedSession,
    ) -> Result<Token<Access>, AccountsError> {
        let policy = &self.settings().two_factor;
        if policy.ends_session(&session.account, session.methods) {
            // The session was opened before the policy: only a login leads to a new one, to the
            // enrolment page if necessary.
            self.end_renewed(secret.session(), session.account.id()).await?;
            return Err(AccountsErrorKind::NotLoggedIn.into());
        }
        let logged_in = refresh(self, secret.session(), session);
        // The access token must not outlive its session. Otherwise the absolute limit would be
        // exceeded by the lifetime of an access token.
        let life = session.expires.since(self.store_now()).min(self.issuer().access_lifetime());
        if life.is_zero() {
            // The session ended after the store was read.
            return Err(AccountsErrorKind::NotLoggedIn.into());
        }
        self.sign(&self.issuer().clone().lifetime(life), &logged_in, &session.account)
    }

    /// Consumes the token, or follows it within the grace period, and returns the live token.
    /// Concurrent requests of one page share one store call, and late ones find its result.
    pub(crate) async fn present(&self, token: &[u8]) -> Result<Arc<Live>, AccountsError> {
        offered(self.stores().refresh_tokens.as_ref())?;
        let ring = self.issuer().keys().current();
        let presented = RefreshSecret::open(token, &ring).ok_or(AccountsErrorKind::NotLoggedIn)?;
        self.present_or_find(&presented, &ring, false).await
    }

    /// `in_passing` is whether the live token may be returned without being consumed.
    async fn present_or_find(
        &self,
        presented: &RefreshSecret,
        ring: &KeyRing,
        in_passing: bool,
    ) -> Result<Arc<Live>, AccountsError> {
        let store = offered(self.stores().refresh_tokens.as_ref())?;
        if let Some(result) = self.remembered(presented, in_passing) {
            return result;
        }
        loop {
            let consume = async {
                // The request may have waited for one that has just finished.
                let result = match self.remembered(presented, in_passing) {
                    Some(result) => result,
                    None => self.consume(store, presented, ring).await,
                };
                (presented.hash(), result)
            };
            let (token, result) =
                self.refreshes_in_flight().call(presented.session(), consume).await;
            if token == presented.hash() {
                return result;
            }
            // It was another token of the session, whose result need not hold for this one.
        }
    }

    /// Returns the result of a recent refresh with this token, unless the account has changed
    /// since, as far as this node has read.
    fn remembered(
        &self,
        presented: &RefreshSecret,
        in_passing: bool,
    ) -> Option<Result<Arc<Live>, AccountsError>> {
        let (id, grace) = (presented.session(), self.settings().session.grace);
        let (results, token) = (self.remembered_refreshes(), presented.hash());
        // A clock that is set back does not extend the grace period.
        let found = results.find(id, &token, in_passing, self.latest(), grace)?;
        let Remembered::Refreshed(live) = found else {
            return Some(Err(AccountsErrorKind::NotLoggedIn.into()));
        };
        let account = &live.session.account;
        let facts = TokenFacts {
            user_id: account.id().as_str(),
            generation: account.generation(),
            epoch: account.epoch(),
            session: Some(&id.to_string()),
            expires_at: live.access.as_ref().ok()?.expires_at(),
        };
        let now = self.now();
        let current = self.settings().revocation_list.check(&facts, now).is_ok();
        (current && now < facts.expires_at).then_some(Ok(live))
    }

    /// Returns the live token to which this token led on this node within the grace period.
    pub(crate) fn live_after(&self, presented: &RefreshSecret) -> Option<Arc<Live>> {
        let (id, grace) = (presented.session(), self.settings().session.grace);
        let (results, token) = (self.remembered_refreshes(), presented.hash());
        match results.find(id, &token, false, self.latest(), grace)? {
            Remembered::Refreshed(live) => Some(live),
            Remembered::Ended => None,
        }
    }

    async fn consume(
        &self,
        store: &DynRefreshTokenStore,
        presented: &RefreshSecret,
        ring: &KeyRing,
    ) -> Result<Arc<Live>, AccountsError> {
        let key = Self::refresh_key(ring)?;
        let (id, mut successor) = (presented.session(), presented.successor(key));
        let (limits, at) = (self.settings().session, self.store_now());
        let mut rotation =
            Rotation::new(presented.hash(), successor.hash(), at, self.idle_limit(), limits.grace);
        // Another request may replace a lost token at the same time. The next round then finds the
        // presented token in its grace period.
        for _ in 0..3 {
            let outcome = self.stores().ask("renew session", store.refresh(&id, &rotation)).await;
            #[cfg(feature = "metrics")]
            if let Some(name) = outcome_name(outcome.as_ref().ok()) {
                crate::event::metric::refresh(name);
            }
            let outcome = outcome?;
            let in_grace = matches!(outcome, RefreshOutcome::InGrace { .. });
            let (secret, session, consumed) = match outcome {
                RefreshOutcome::Consumed(session) => {
                    let account = session.account.id().clone();
                    self.events().happened(Event::SessionRefreshed { account, session: id });
                    (successor, session, at)
                }
                RefreshOutcome::InGrace { live, consumed, session } => {
                    // The session began a new chain, in a change that was made while this request
                    // was under way.
                    let times = consumed.min(at)..=at.saturating_add(limits.grace);
                    let after_change = || {
                        let first = self.remembered_refreshes().chain(id);
                        presented
                            .leading_through_change(&live, ring, times)
                            .or_else(|| first?.leading_to(&live, ring))
                    };
                    // Otherwise the live token was made by a node with a newer key ring, which this
                    // node has not read yet: the next try finds the key. Or another node made the
                    // change with a token that another tab had refreshed.
                    let live = presented.leading_to(&live, ring).or_else(after_change);
                    let live = live.ok_or_else(|| AccountsError::unavailable(NewerKey))?;
                    (live, session, consumed)
                }
                RefreshOutcome::Lost { live, account } => {
                    // The response was lost: another successor takes the place of the one that was
                    // in it.
                    let Some(lost) = presented.leading_to(&live, ring) else {
                        self.end_renewed(id, &account).await?;
                        self.events().happened(Event::RefreshReused { account, session: id });
                        return Err(AccountsErrorKind::NotLoggedIn.into());
                    };
                    successor = lost.successor(key);
                    rotation = rotation.replacing(live, successor.hash());
                    continue;
                }
                RefreshOutcome::Reused { account } => {
                    self.session_ended(&id.to_string());
                    self.remembered_refreshes().ended(id, at, limits.grace);
                    self.events().happened(Event::RefreshReused { account, session: id });
                    return Err(AccountsErrorKind::NotLoggedIn.into());
                }
                RefreshOutcome::Ended => {
                    self.remembered_refreshes().ended(id, at, limits.grace);
                    return Err(AccountsErrorKind::NotLoggedIn.into());
                }
                RefreshOutcome::TooOften => {
                    return Err(AccountsErrorKind::Limited { retry_after: limits.grace }.into());
                }
            };
            let access = self.issue(&secret, &session).await;
            let live = Arc::new(Live { secret, session, access });
            if live.access.is_ok() {
                let token = (presented.hash(), consumed);
                self.remembered_refreshes().refreshed(&live, token, in_grace, at, limits.grace);
            }
            return Ok(live);
        }
        Err(AccountsErrorKind::Limited { retry_after: Duration::from_secs(1) }.into())
    }

    /// Draws the first refresh token of a new session, or returns `None` if the site does not
    /// refresh sessions.
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
        let refresh_chain = self.refresh_chain(&first, methods, now);
        Ok(Some((first, refresh_chain)))
    }

    /// Returns the chain that begins with this token.
    pub(crate) fn refresh_chain(
        &self,
        first: &RefreshSecret,
        methods: Methods,
        now: UnixTime,
    ) -> RefreshChain {
        RefreshChain::new(first.hash(), now.saturating_add(self.idle_limit()), methods)
    }

    /// Returns the key with which new refresh tokens are derived.
    pub(crate) fn refresh_key(ring: &KeyRing) -> Result<&[u8; 32], AccountsError> {
        let (_, key) = ring.encryption_keys().next().ok_or_else(no_key)?;
        Ok(key)
    }

    pub(crate) fn refresh_token(
        &self,
        secret: &RefreshSecret,
        expires_at: UnixTime,
    ) -> Result<RefreshToken, AccountsError> {
        let ring = self.issuer().keys().current();
        Ok(secret.write(Self::refresh_key(&ring)?, expires_at))
    }

    /// Returns the idle limit. A session that is refreshed once per access token must not become
    /// idle.
    fn idle_limit(&self) -> Duration {
        self.settings().session.idle.max(self.issuer().access_lifetime() * 2)
    }
}

/// Returns the name of an outcome in the metrics, or `None` for an outcome that is an event too.
/// `None` as the argument is a store that failed.
#[cfg(feature = "metrics")]
fn outcome_name(outcome: Option<&RefreshOutcome>) -> Option<&'static str> {
    match outcome {
        Some(RefreshOutcome::Consumed(_) | RefreshOutcome::Reused { .. }) => None,
        Some(RefreshOutcome::InGrace { .. }) => Some("in-grace"),
        Some(RefreshOutcome::Lost { .. }) => Some("lost"),
        Some(RefreshOutcome::Ended) => Some("ended"),
        Some(RefreshOutcome::TooOften) => Some("limited"),
        None => Some("unavailable"),
    }
}

/// A refresh token that another node made with an encryption key that this node does not have yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "another node refreshed the session with an encryption key that this node does not have, or made a change in it just now: give all nodes the same key file"
)]
struct NewerKey;
