//! The one place where a [`SignedIn`] comes from.
//!
//! Two doors lead here: a sign-in that is [`Proven`](super::Proven), and a live session of an identity whose account has
//! just been read again, which goes on with fresh facts after a change that voided its token.

use hallpass_core::{Identity, Methods, Role, RoleSet, SignedIn, SignedInFacts, UnixTime};

use crate::{
    account::Account,
    event::{Event, Events},
    session_id::SessionId,
};

/// Vouches for a sign-in that has just been completed. Only [`Proven::open_session`](super::Proven::open_session) calls it.
pub(super) fn vouch<R: Role>(
    account: &Account,
    session: SessionId,
    methods: Methods,
    now: UnixTime,
    events: &Events,
) -> SignedIn<R> {
    SignedIn::insecure_vouch(SignedInFacts {
        username: account.username().as_str().to_owned(),
        user_id: account.id().as_str().to_owned(),
        roles: known_roles(account, events),
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
    who: &Identity<R>,
    account: &Account,
    generation: u32,
    methods: Methods,
    events: &Events,
) -> SignedIn<R> {
    SignedIn::insecure_vouch(SignedInFacts {
        username: account.username().as_str().to_owned(),
        user_id: account.id().as_str().to_owned(),
        roles: known_roles(account, events),
        generation,
        session: who.session().unwrap_or_default().to_owned(),
        authenticated_at: who.authenticated_at().unwrap_or(UnixTime::from_secs(0)),
        methods,
    })
}

/// The stored roles that the enum knows. A name that it does not know grants nothing, and an event says so.
fn known_roles<R: Role>(account: &Account, events: &Events) -> RoleSet<R> {
    let mut roles = RoleSet::EMPTY;
    for name in account.roles() {
        match R::from_name(name) {
            Some(role) => roles.insert(role),
            None => events.happened(Event::UnknownRole { account: account.id().clone(), role: name.clone() }),
        }
    }
    roles
}
