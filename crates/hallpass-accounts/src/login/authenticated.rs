//! The last state before the token: every required factor was verified.

use std::fmt;

use hallpass_core::{LoggedIn, Methods, Role};

use crate::{
    account::Account,
    accounts::Accounts,
    error::AccountsError,
    event::{Event, RejectionReason, client::EventClient},
    login::{
        OpenedSession,
        after_login::{UNKNOWN_LOGIN, after_login},
    },
    random::draw,
    rate_limit::counted::Counted,
    session::{
        refresh_state::RefreshChain,
        refresh_token::RefreshToken,
        session_id::SessionId,
        store::{NewSession, OpenOutcome},
    },
    visitor::Visitor,
};

/// Proof that the password and, where it is required, the second factor were verified.
#[must_use]
pub struct Authenticated<R> {
    accounts: Accounts<R>,
    account: Account,
    counted: Counted,
    methods: Methods,
    /// Whether the account knew the browser before this login.
    is_known: bool,
}

impl<R: Role> Authenticated<R> {
    pub(crate) fn new(
        accounts: Accounts<R>,
        account: Account,
        counted: Counted,
        methods: Methods,
        is_known: bool,
    ) -> Self {
        Self { accounts, account, counted, methods, is_known }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(crate) fn methods(&self) -> Methods {
        self.methods
    }

    /// Opens the session and signs its tokens, with the site's [own
    /// claims](crate::Settings::claims).
    ///
    /// # Errors
    /// The errors of [`open_session`](Self::open_session).
    pub async fn log_in(self, visitor: &Visitor<'_>) -> Result<OpenedSession, AccountsError> {
        let accounts = self.accounts.clone();
        accounts.opened(self, visitor).await
    }

    /// Opens the session and returns the proof of the login. The session lasts as long as its one
    /// access token.
    ///
    /// This method is for a site that signs the token itself. [`log_in`](Self::log_in) signs the
    /// token with the site's own claims.
    ///
    /// # Errors
    /// [`Refused`](crate::AccountsErrorKind::Refused) if the account was disabled or changed since
    /// its password was read; [`Unavailable`](crate::AccountsErrorKind::Unavailable).
    pub async fn open_session(self, visitor: &Visitor<'_>) -> Result<LoggedIn<R>, AccountsError> {
        let session = self.fresh_id()?;
        let (logged_in, _account) = self.open(session, None, visitor).await?;
        Ok(logged_in)
    }

    /// Returns the account as well, as it was when the session was opened.
    pub(crate) async fn open_renewable(
        self,
        visitor: &Visitor<'_>,
    ) -> Result<(LoggedIn<R>, Account, Option<RefreshToken>), AccountsError> {
        let session = self.fresh_id()?;
        let (accounts, now) = (self.accounts.clone(), self.accounts.now());
        let at = accounts.store_now();
        let Some((first, refresh_chain)) = accounts.first_refresh(session, self.methods, at)?
        else {
            let (logged_in, account) = self.open(session, None, visitor).await?;
            return Ok((logged_in, account, None));
        };
        let refresh = accounts
            .refresh_token(&first, now.saturating_add(accounts.settings().session.absolute))?;
        let (logged_in, account) = self.open(session, Some(refresh_chain), visitor).await?;
        Ok((logged_in, account, Some(refresh)))
    }

    fn fresh_id(&self) -> Result<SessionId, AccountsError> {
        draw(self.accounts.random()).map(SessionId::from_random).map_err(AccountsError::unavailable)
    }

    async fn open(
        self,
        session: SessionId,
        refresh_chain: Option<RefreshChain>,
        visitor: &Visitor<'_>,
    ) -> Result<(LoggedIn<R>, Account), AccountsError> {
        let Self { accounts, mut account, counted, methods, .. } = self;
        let (now, at) = (accounts.now(), accounts.store_now());
        // A login with the password only, in a browser that skips the code, is not recent for any
        // route: `/session/confirm` would require the code too.
        let is_full = account.second_factor().is_none() || methods.includes_second_factor();
        let life = match refresh_chain {
            Some(_) => accounts.settings().session.absolute,
            None => accounts.issuer().access_lifetime(),
        };
        if let Some(sessions) = &accounts.stores().sessions {
            let new = NewSession::new(
                session,
                account.id().clone(),
                account.generation(),
                visitor.device_name(),
                at,
                at.saturating_add(life),
            );
            let new = new
                .with_limit(accounts.settings().session.per_account)
                .with_authenticated_at(is_full.then_some(at));
            let opened = sessions.open(new.with_refresh_chain(refresh_chain));
            let opened = accounts.stores().ask("open session", opened).await;
            match accounts.evaluated(&counted, opened).await? {
                OpenOutcome::Opened { account: written, ended } => {
                    account = *written;
                    accounts.sessions_ended(account.id(), &ended);
                }
                OpenOutcome::AccountChanged => {
                    let changed = RejectionReason::AccountChanged;
                    return Err(accounts.refused(Some(&account), changed, &counted));
                }
            }
        }
        counted.succeeded(at).await;
        let event =
            Event::LoggedIn { account: account.id().clone(), session, methods, peer: visitor.peer };
        EventClient::or_visitor(visitor).sync_scope(|| accounts.events().happened(event));
        let authenticated_at = if is_full { now } else { UNKNOWN_LOGIN };
        Ok((after_login(&accounts, &account, session, methods, authenticated_at), account))
    }
}

impl<R> fmt::Debug for Authenticated<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticated").field(self.account.id()).finish()
    }
}
