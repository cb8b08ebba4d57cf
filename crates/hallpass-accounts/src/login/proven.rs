//! The last state before the token: everything that was due has been shown.

use std::fmt;

use hallpass_core::{Methods, Role, SignedIn};

use crate::{
    account::Account,
    event::{Event, RefusedReason},
    login::{opened::Opened, vouch::vouch},
    random::draw,
    rate_limit::limits::Counted,
    session::{
        refresh_state::Renewable,
        refresh_token::RefreshToken,
        session_id::SessionId,
        store::{NewSession, SessionOpened},
    },
    sign_in::SignIn,
    sign_in_error::SignInError,
    store::UNAVAILABLE,
    visitor::Visitor,
};

/// Proof that the password and, where it is due, the second factor were shown.
#[must_use]
pub struct Proven<R> {
    sign_in: SignIn<R>,
    account: Account,
    counted: Counted,
    methods: Methods,
}

impl<R: Role> Proven<R> {
    pub(crate) fn new(sign_in: SignIn<R>, account: Account, counted: Counted, methods: Methods) -> Self {
        Self { sign_in, account, counted, methods }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn methods(&self) -> Methods {
        self.methods
    }

    /// Opens the session and signs its tokens, with the site's [own
    /// claims](crate::SignInBuilder::claims).
    ///
    /// # Errors
    /// As [`open_session`](Self::open_session).
    pub async fn log_in(self, visitor: &Visitor<'_>) -> Result<Opened, SignInError> {
        let sign_in = self.sign_in.clone();
        sign_in.opened(self, visitor).await
    }

    /// Opens the session, and vouches. The session lasts as long as its one access token.
    ///
    /// For a site that signs the token itself; [`log_in`](Self::log_in) signs it with the own
    /// claims of the site.
    ///
    /// # Errors
    /// [`Refused`](crate::SignInErrorKind::Refused) where the account was disabled or changed since its password was read;
    /// [`Unavailable`](crate::SignInErrorKind::Unavailable).
    pub async fn open_session(self, visitor: &Visitor<'_>) -> Result<SignedIn<R>, SignInError> {
        let session = self.fresh_id()?;
        let (signed_in, _account) = self.open(session, None, visitor).await?;
        Ok(signed_in)
    }

    /// Opens the session, and vouches; with the token that renews it, where the site renews sessions.
    ///
    /// # Errors
    /// As [`open_session`](Self::open_session).
    pub async fn open_renewable_session(
        self,
        visitor: &Visitor<'_>,
    ) -> Result<(SignedIn<R>, Option<RefreshToken>), SignInError> {
        let (signed_in, _account, refresh) = self.open_renewable(visitor).await?;
        Ok((signed_in, refresh))
    }

    /// Returns the account too, as it was when the session was opened.
    pub(crate) async fn open_renewable(
        self,
        visitor: &Visitor<'_>,
    ) -> Result<(SignedIn<R>, Account, Option<RefreshToken>), SignInError> {
        let session = self.fresh_id()?;
        let (sign_in, now) = (self.sign_in.clone(), self.sign_in.now());
        let Some((first, renewable)) = sign_in.first_refresh(session, self.methods, now)? else {
            let (signed_in, account) = self.open(session, None, visitor).await?;
            return Ok((signed_in, account, None));
        };
        let refresh = sign_in.refresh_token(&first, now.saturating_add(sign_in.session_limits().absolute))?;
        let (signed_in, account) = self.open(session, Some(renewable), visitor).await?;
        Ok((signed_in, account, Some(refresh)))
    }

    fn fresh_id(&self) -> Result<SessionId, SignInError> {
        draw(self.sign_in.random()).map(SessionId::from_random).map_err(|_| UNAVAILABLE)
    }

    async fn open(
        self,
        session: SessionId,
        renewable: Option<Renewable>,
        visitor: &Visitor<'_>,
    ) -> Result<(SignedIn<R>, Account), SignInError> {
        let Self { sign_in, mut account, counted, methods } = self;
        let now = sign_in.now();
        let life = match renewable {
            Some(_) => sign_in.session_limits().absolute,
            None => sign_in.issuer().access_lifetime(),
        };
        if let Some(sessions) = &sign_in.stores().sessions {
            let new = NewSession::new(
                session,
                account.id().clone(),
                account.generation(),
                visitor.device_name(),
                now,
                now.saturating_add(life),
            );
            let opened = sessions.open(new.with_renewable(renewable));
            match sign_in.stores().ask("open session", opened).await? {
                SessionOpened::Opened(written) => account = *written,
                SessionOpened::AccountChanged => {
                    let changed = RefusedReason::AccountChanged;
                    return Err(sign_in.refused(Some(&account), changed, &counted));
                }
            }
        }
        sign_in.limits().succeeded(sign_in.stores(), counted, now).await;
        sign_in.events().happened(Event::SignedIn { account: account.id().clone(), session, methods });
        Ok((vouch(&sign_in, &account, session, methods, now), account))
    }
}

impl<R> fmt::Debug for Proven<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proven").field(self.account.id()).finish()
    }
}
