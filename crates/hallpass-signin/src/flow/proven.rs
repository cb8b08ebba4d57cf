//! The last state before the token: everything that was due has been shown.

use std::fmt;

use hallpass_core::{Methods, Role, SignedIn};

use crate::{
    account::Account,
    event::{Event, RefusedReason},
    flow::vouch::vouch,
    limits::Counted,
    random::draw,
    session_id::SessionId,
    sign_in::SignIn,
    sign_in_error::SignInError,
    store::{NewSession, SessionOpened},
    stores::UNAVAILABLE,
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
    pub(super) fn new(sign_in: SignIn<R>, account: Account, counted: Counted, methods: Methods) -> Self {
        Self { sign_in, account, counted, methods }
    }

    /// Opens the session, and vouches.
    ///
    /// # Errors
    /// [`Refused`](crate::SignInErrorKind::Refused) where the account was disabled or changed since its password was read;
    /// [`Unavailable`](crate::SignInErrorKind::Unavailable).
    pub async fn open_session(self, visitor: &Visitor<'_>) -> Result<SignedIn<R>, SignInError> {
        let Self { sign_in, account, counted, methods } = self;
        let now = sign_in.now();
        let session = SessionId::from_random(draw(sign_in.random()).map_err(|_| UNAVAILABLE)?);
        if let Some(sessions) = &sign_in.stores().sessions {
            let opened = sessions.open(NewSession::new(
                session,
                account.id().clone(),
                account.generation(),
                visitor.device_name(),
                now,
                now.saturating_add(sign_in.issuer().access_lifetime()),
            ));
            match sign_in.stores().ask("open session", opened).await? {
                SessionOpened::Opened => {}
                SessionOpened::AccountChanged => {
                    let changed = RefusedReason::AccountChanged;
                    return Err(sign_in.refused(Some(&account), changed, &counted));
                }
            }
        }
        sign_in.limits().succeeded(sign_in.stores(), counted, now).await;
        sign_in.events().happened(Event::SignedIn { account: account.id().clone(), session, methods });
        Ok(vouch(&sign_in, &account, session, methods, now))
    }
}

impl<R> fmt::Debug for Proven<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proven").field(self.account.id()).finish()
    }
}
