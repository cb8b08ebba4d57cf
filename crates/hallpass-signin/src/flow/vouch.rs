//! The one place where a [`SignedIn`] comes from.
//!
//! Two doors lead here: a sign-in that is [`Proven`](super::Proven), and a live session of an identity whose account has
//! just been read again, which goes on with fresh facts after a change that voided its token.

use hallpass_core::{Identity, Methods, Role, RoleSet, SignedIn, SignedInFacts, UnixTime};

use crate::{
    account::Account,
    event::{Event, Events},
    factor_policy::FactorPolicy,
    session_id::SessionId,
    sign_in::SignIn,
};

/// Vouches for a sign-in that has just been completed. Only [`Proven::open_session`](super::Proven::open_session) calls it.
pub(super) fn vouch<R: Role>(
    site: &SignIn<R>,
    account: &Account,
    session: SessionId,
    methods: Methods,
    now: UnixTime,
) -> SignedIn<R> {
    SignedIn::insecure_vouch(SignedInFacts {
        username: account.username().as_str().to_owned(),
        user_id: account.id().as_str().to_owned(),
        roles: granted(site.factor_policy(), account, methods, site.events()),
        generation: account.generation(),
        session: session.to_string(),
        authenticated_at: now,
        methods,
    })
}

/// Vouches for a session that goes on: same session, same moment of sign-in, the account's new generation.
///
/// `who` was verified and `account` is theirs and alive: [`own_account`](super::own_account) has seen to both. The
/// moment of sign-in does not move, because a password or a code typed inside a session is no sign-in (OpenID Connect
/// Core section 2, `auth_time`).
pub(super) fn go_on<R: Role>(
    site: &SignIn<R>,
    who: &Identity<R>,
    account: &Account,
    generation: u32,
    methods: Methods,
) -> SignedIn<R> {
    SignedIn::insecure_vouch(SignedInFacts {
        username: account.username().as_str().to_owned(),
        user_id: account.id().as_str().to_owned(),
        roles: granted(site.factor_policy(), account, methods, site.events()),
        generation,
        session: who.session().unwrap_or_default().to_owned(),
        authenticated_at: who.authenticated_at().unwrap_or(UnixTime::from_secs(0)),
        methods,
    })
}

/// The stored roles that the enum knows, less those that ask for a factor that was not shown. A name that the enum does not know
/// grants nothing, and an event says so.
fn granted<R: Role>(policy: &FactorPolicy<R>, account: &Account, methods: Methods, events: &Events) -> RoleSet<R> {
    let mut roles = RoleSet::EMPTY;
    for name in account.roles() {
        match R::from_name(name) {
            Some(role) => roles.insert(role),
            None => events.happened(Event::UnknownRole { account: account.id().clone(), role: name.clone() }),
        }
    }
    let granted = policy.grant(roles, methods);
    if granted.enrolment_due {
        events.happened(Event::EnrolmentDue { account: account.id().clone() });
    }
    granted.roles
}
