//! The one place where a [`LoggedIn`] comes from.
//!
//! Three doors lead here: a sign-in that is [`Authenticated`](crate::Authenticated); a live session
//! of an identity whose account has just been read again, which goes on with fresh facts after a
//! change that revoked its token; and a session whose refresh token the store has just consumed, or
//! followed within the grace.

use hallpass_core::{Claims, Identity, LoggedIn, Methods, Role, RoleSet, UnixTime};

use crate::{
    account::Account,
    accounts::Accounts,
    event::{Event, Events},
    session::{session_id::SessionId, store::RefreshedSession},
    two_factor::{Asked, TwoFactorPolicy},
};

/// Vouches for a sign-in that was completed at this moment: by
/// [`Authenticated`](crate::Authenticated), and by [`refresh`].
pub(crate) fn after_login<R: Role>(
    site: &Accounts<R>,
    account: &Account,
    session: SessionId,
    methods: Methods,
    authenticated_at: UnixTime,
) -> LoggedIn<R> {
    let session = session.to_string();
    logged_in(site, account, &session, methods, authenticated_at)
}

/// Vouches for a session that goes on: same session, same moment of sign-in, the account's new
/// generation.
///
/// `who` was verified and `account` is the row that the store returned from the change, in whose
/// transaction it checked that the account is enabled and the session exists: see
/// [`own_account`](crate::account::flow). The moment of sign-in does not move, because a password
/// or a code typed inside a session is no sign-in (OpenID Connect Core section 2, `auth_time`).
pub(crate) fn after_change<R: Role>(
    site: &Accounts<R>,
    who: &Identity<R>,
    account: &Account,
    methods: Methods,
) -> LoggedIn<R> {
    let authenticated_at = who.authenticated_at().unwrap_or(UnixTime::from_secs(0));
    logged_in(site, account, who.session().unwrap_or_default(), methods, authenticated_at)
}

/// Vouches for a session that is renewed: the store has just said that it is live and what its
/// account is like. The moment of sign-in is that of the session.
pub(crate) fn refresh<R: Role>(
    site: &Accounts<R>,
    id: SessionId,
    session: &RefreshedSession,
) -> LoggedIn<R> {
    after_login(site, &session.account, id, session.methods, session.created)
}

fn logged_in<R: Role>(
    site: &Accounts<R>,
    account: &Account,
    session: &str,
    methods: Methods,
    authenticated_at: UnixTime,
) -> LoggedIn<R> {
    let claims = Claims::new(account.id().as_str(), account.generation(), authenticated_at)
        .with_username(account.username().as_str())
        .with_session(session)
        .with_methods(methods);
    LoggedIn::insecure_new(
        claims,
        granted(&site.settings().two_factor, account, methods, site.events()),
    )
}

/// The stored roles that the enum knows. A name that it does not know grants nothing, and an event
/// says so; and so does a session of before the policy, which goes on without the factor that its
/// account must show.
fn granted<R: Role>(
    policy: &TwoFactorPolicy<R>,
    account: &Account,
    methods: Methods,
    events: &Events,
) -> RoleSet<R> {
    if policy.asks(account, methods) == Asked::SecondFactor {
        events.happened(Event::EnrolmentRequired { account: account.id().clone() });
        return RoleSet::EMPTY;
    }
    let mut roles = RoleSet::EMPTY;
    for name in account.roles() {
        match R::from_name(name) {
            Some(role) => roles.insert(role),
            None => events
                .happened(Event::UnknownRole { account: account.id().clone(), role: name.clone() }),
        }
    }
    roles
}
