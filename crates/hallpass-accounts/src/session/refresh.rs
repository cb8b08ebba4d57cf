//! Renewal: a session outlives its access token.
//!
//! Here, once in a token's life and never on the path of a request whose token is live, the store is asked: roles, disabling and
//! the generation are of the moment of the renewal.

use std::{sync::Arc, time::Duration};

use hallpass_core::{AccessToken, KeyRing, Methods, Role, UnixTime};

use crate::{
    event::Event,
    login::vouch::renew,
    session::{
        refresh_state::{Renewable, Renewal},
        refresh_token::{Live, RefreshSecret, RefreshToken},
        session_id::SessionId,
        store::{Ended, Renewed, RenewedSession},
    },
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    store::{ErasedRefreshes, UNAVAILABLE, offered},
    two_factor::Asked,
};

/// What a session goes on with.
#[derive(Debug)]
#[must_use]
pub struct Tokens {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, where the site renews sessions and this one can be renewed.
    pub refresh: Option<RefreshToken>,
}

impl<R: Role> SignIn<R> {
    /// Renews a session: spends its refresh token for the next one, and issues an access token with the roles of this moment.
    ///
    /// Calls at once with one token get the same successor. One that comes with a token spent longer ago ends the session, on
    /// every node.
    ///
    /// # Errors
    /// [`SignedOut`](SignInErrorKind::SignedOut): the token is none of ours, was replayed, or its session is over. The cookies
    /// are not to be removed: another tab may have set newer ones. [`Limited`](SignInErrorKind::Limited) after 64 renewals within
    /// the grace. [`Unavailable`](SignInErrorKind::Unavailable), and the same token is good for another try.
    pub async fn refresh(&self, token: &[u8]) -> Result<Tokens, SignInError> {
        let live = self.present(token).await?;
        let Live { secret, session } = &*live;
        if self.factor_policy().asks(&session.account, session.methods) == Asked::SecondFactor {
            // Of before the policy: from here on only a sign-in leads on, to the enrolment page if need be.
            self.end_renewed(secret, session).await?;
            return Err(SignInErrorKind::SignedOut.into());
        }
        let signed_in = renew(self, secret.session(), session);
        let now = self.now();
        // A token that outlived its session would make the absolute limit the limit and a quarter of an hour.
        let life = session.expires.since(now).min(self.issuer().access_lifetime());
        let access = self.sign(&self.issuer().clone().lifetime(life), &signed_in, &session.account)?;
        let refresh = self.refresh_token(secret, session.expires)?;
        Ok(Tokens { access, refresh: Some(refresh) })
    }

    /// Ends the session of a refresh token: a log-out after the access token has run out.
    ///
    /// # Errors
    /// [`Unavailable`](SignInErrorKind::Unavailable), and the session is as it was.
    pub async fn log_out_by_refresh(&self, token: &[u8]) -> Result<(), SignInError> {
        let live = match self.present(token).await {
            Ok(live) => live,
            // Nothing of it is alive.
            Err(error) if error.kind() == SignInErrorKind::SignedOut => return Ok(()),
            Err(error) => return Err(error),
        };
        self.end_renewed(&live.secret, &live.session).await
    }

    async fn end_renewed(&self, secret: &RefreshSecret, session: &RenewedSession) -> Result<(), SignInError> {
        let Some(sessions) = &self.stores().sessions else { return Ok(()) };
        let (account, id) = (session.account.id(), secret.session());
        let end = sessions.end(account, &id, None, self.latest());
        if self.stores().ask("end session", end).await? == Ended::Ended {
            self.events().happened(Event::SessionEnded { account: account.clone(), session: id });
        }
        self.session_ended(&id.to_string());
        Ok(())
    }

    /// Spends the token, or follows it within the grace. Answers the live one; the tabs and pictures of one moment wait for one answer.
    async fn present(&self, token: &[u8]) -> Result<Arc<Live>, SignInError> {
        let store = offered(self.stores().refreshes.as_ref())?;
        let ring = self.issuer().keys().current();
        let presented = RefreshSecret::open(token, &ring).ok_or(SignInErrorKind::SignedOut)?;
        let spend = async { self.spend(store, &presented, &ring).await.map(Arc::new) };
        self.renewals().call(presented.hash(), spend).await
    }

    async fn spend(
        &self,
        store: &dyn ErasedRefreshes,
        presented: &RefreshSecret,
        ring: &KeyRing,
    ) -> Result<Live, SignInError> {
        let (_, key) = ring.sealing_keys().next().ok_or(UNAVAILABLE)?;
        let (id, successor, limits) = (presented.session(), presented.successor(key), self.session_limits());
        let renewal = Renewal::new(presented.hash(), successor.hash(), self.now(), self.idle_limit(), limits.grace);
        match self.stores().ask("renew session", store.renew(&id, &renewal)).await? {
            Renewed::Spent(session) => {
                let account = session.account.id().clone();
                self.events().happened(Event::SessionRenewed { account, session: id });
                Ok(Live { secret: successor, session })
            }
            Renewed::InGrace { live, session } => {
                // Made by a node with a newer ring, which this one is about to read: the next try finds it.
                let live = presented.leading_to(&live, ring).ok_or(UNAVAILABLE)?;
                Ok(Live { secret: live, session })
            }
            Renewed::Reused { account } => {
                self.session_ended(&id.to_string());
                self.events().happened(Event::RefreshReused { account, session: id });
                Err(SignInErrorKind::SignedOut.into())
            }
            Renewed::Ended => Err(SignInErrorKind::SignedOut.into()),
            Renewed::TooOften => Err(SignInErrorKind::Limited { retry_after: limits.grace }.into()),
        }
    }

    /// The beginning of a session's chain; `None` where the site renews none.
    pub(crate) fn first_refresh(
        &self,
        session: SessionId,
        methods: Methods,
        now: UnixTime,
    ) -> Result<Option<(RefreshSecret, Renewable)>, SignInError> {
        if self.stores().refreshes.is_none() {
            return Ok(None);
        }
        let first = RefreshSecret::draw(session, self.random()).map_err(|_| UNAVAILABLE)?;
        let renewable = Renewable::new(first.hash(), now.saturating_add(self.idle_limit()), methods);
        Ok(Some((first, renewable)))
    }

    pub(crate) fn refresh_token(
        &self,
        secret: &RefreshSecret,
        expires_at: UnixTime,
    ) -> Result<RefreshToken, SignInError> {
        let ring = self.issuer().keys().current();
        let (_, key) = ring.sealing_keys().next().ok_or(UNAVAILABLE)?;
        Ok(secret.write(key, expires_at))
    }

    /// A session that is renewed once in an access token's life must not count as idle meanwhile.
    fn idle_limit(&self) -> Duration {
        self.session_limits().idle.max(self.issuer().access_lifetime() * 2)
    }
}
