//! The only place where a [`LoggedIn`] is created.
//!
//! There are three callers:
//!
//! - a completed login, which is [`Authenticated`](crate::Authenticated);
//! - a change that revoked the token of a live session: the session continues with a token that is
//!   issued from the row that the change returned;
//! - a refresh, whose refresh token the store has just consumed, or accepted again within the grace
//!   period.

use hallpass_core::{Claims, Identity, LoggedIn, MAX_CLOCK_SKEW, Methods, Role, RoleSet, UnixTime};

use crate::{
    account::Account,
    accounts::Accounts,
    event::{Event, Events},
    session::{session_id::SessionId, store::RefreshedSession},
    two_factor::{Asked, TwoFactorPolicy},
};

/// Creates the `LoggedIn` of a login that was completed at this moment. Called by
/// [`Authenticated`](crate::Authenticated) and [`refresh`].
pub(crate) fn after_login<R: Role>(
    site: &Accounts<R>,
    account: &Account,
    session: SessionId,
    methods: Methods,
    authenticated_at: UnixTime,
) -> LoggedIn<R> {
    let session = session.to_string();
    logged_in(site, account, account.epoch(), &session, methods, authenticated_at)
}

/// Creates the `LoggedIn` of a session that continues after a change or a confirmation: the same
/// session, and the account's generation as written.
///
/// `who` was verified, and `account` is the row that the store returned from the change. In that
/// transaction the store checked that the account is enabled and the session exists: see
/// [`own_account`](crate::account::flow). `authenticated_at` is the time of the last full proof of
/// the person (OpenID Connect Core section 2, `auth_time`), by a login or within the session.
pub(crate) fn after_change<R: Role>(
    site: &Accounts<R>,
    who: &Identity<R>,
    account: &Account,
    methods: Methods,
    authenticated_at: Option<UnixTime>,
) -> LoggedIn<R> {
    let authenticated_at = known_login(authenticated_at, site.now());
    // The epoch is that of the actor, which the store has checked, and not that of the row: a
    // command that ends all sessions may have been committed in between.
    let session = who.session().unwrap_or_default();
    logged_in(site, account, who.epoch(), session, methods, authenticated_at)
}

/// Creates the `LoggedIn` of a session that is refreshed. The store has just returned that the
/// session is live, together with its account.
pub(crate) fn refresh<R: Role>(
    site: &Accounts<R>,
    id: SessionId,
    session: &RefreshedSession,
) -> LoggedIn<R> {
    let authenticated_at = known_login(session.authenticated_at, site.now());
    after_login(site, &session.account, id, session.methods, authenticated_at)
}

/// Returns the time of a session's login, or [`UNKNOWN_LOGIN`] if it is absent or in the future.
///
/// It is in the future if the clock was wrong on the node that opened the session, or if it is
/// wrong on this node. A token with that time would be rejected, and the session would be lost
/// until the clocks reach it. Tested in `tests/flow/clocks.rs`.
fn known_login(at: Option<UnixTime>, now: UnixTime) -> UnixTime {
    let latest = now.saturating_add(MAX_CLOCK_SKEW);
    at.filter(|at| *at <= latest).unwrap_or(UNKNOWN_LOGIN)
}

/// The time of a login (`auth_time`) that is not known. No route accepts it as recent.
pub(crate) const UNKNOWN_LOGIN: UnixTime = UnixTime::from_secs(0);

fn logged_in<R: Role>(
    site: &Accounts<R>,
    account: &Account,
    epoch: u64,
    session: &str,
    methods: Methods,
    authenticated_at: UnixTime,
) -> LoggedIn<R> {
    // The row is newer than this node's last read of the store.
    if account.epoch() > 0 {
        site.settings().revocation_list.raise_epoch(account.epoch(), 0);
    }
    let claims = Claims::new(account.id().as_str(), account.generation(), authenticated_at)
        .with_username(account.username().as_str())
        .with_epoch(epoch)
        .with_session(session)
        .with_methods(methods);
    LoggedIn::insecure_new(
        claims,
        granted(&site.settings().two_factor, account, methods, site.events()),
    )
}

/// Returns the stored roles that are in the role enum. A name that is not in the enum grants
/// nothing and is reported as an event. A role that requires a second factor which the session
/// lacks is withheld until the factor is proven, which is reported as an event too.
fn granted<R: Role>(
    policy: &TwoFactorPolicy<R>,
    account: &Account,
    methods: Methods,
    events: &Events,
) -> RoleSet<R> {
    if policy.asks(account, methods) == Asked::SecondFactor {
        events.happened(Event::EnrolmentRequired { account: account.id().clone() });
    }
    let mut roles = RoleSet::EMPTY;
    for name in account.roles() {
        match R::from_name(name) {
            Some(role) if policy.withholds(&role, methods) => {}
            Some(role) => roles.insert(role),
            None => events
                .happened(Event::UnknownRole { account: account.id().clone(), role: name.clone() }),
        }
    }
    roles
}
