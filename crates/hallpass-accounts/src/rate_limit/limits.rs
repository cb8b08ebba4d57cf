//! Counts an attempt before it is evaluated, per account and per address.
//!
//! The account's key is the key of the **user name**. Unknown names are limited exactly like known
//! names, so a 429 does not reveal whether an account exists. Spellings, pending cookies, sessions
//! and addresses share one count, and a wrong code counts like a wrong password.
//!
//! The owner can log in while a stranger keeps guessing: a browser that the account logged in with
//! before has its own attempts (see `login/flow.rs`), which a stranger cannot use up. In other
//! browsers the wait is at most 15 minutes, and blocked attempts do not extend it. Existing
//! sessions continue and have their own attempts for changes, and the right password with the right
//! code clears the count. One attack remains: in a new browser, a stranger who is faster at the end
//! of each wait uses the attempt that becomes available.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use hallpass_core::{Claims, Device, UnixTime};

use crate::{
    account::{AccountId, username::Username},
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RateLimitKind},
    rate_limit::{LimitedKey, RateLimit, TakeAllOutcome},
    store::StoreSet,
    visitor::Visitor,
};

/// The limits per account and per address.
///
/// A third limit cannot be set: a session may make 8 changes to its own account without a wait,
/// then waits from 30 seconds to 5 minutes, and regains one change per 3 minutes.
///
/// ```
/// use hallpass_accounts::{RateLimit, RateLimits};
/// use std::time::Duration;
///
/// let strict = RateLimits::default().account(RateLimit::new(3, Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RateLimits {
    account: RateLimit,
    address: RateLimit,
    loopback: RateLimit,
    /// The limit of the changes that one session makes to its own account, right or wrong. A right
    /// change is not subtracted.
    changes: RateLimit,
}

/// The key on which attempts are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    /// No account: the typed text is not a valid name, or the request names no account.
    Nobodys,
    Account(&'a Username),
    /// A browser that the account logged in with before.
    Device(&'a Claims<'a, Device>),
    /// A session or an enrolment on its own account. A stranger who exhausts the account's attempts
    /// must not prevent the owner from changing the password, and a stolen session must not allow
    /// unlimited guesses of the password.
    Own(&'a Username, Option<&'a str>),
}

impl<'a> Whose<'a> {
    pub(crate) fn of(name: Option<&'a Username>, device: Option<&'a Claims<'a, Device>>) -> Self {
        match (device, name) {
            (Some(device), _) => Self::Device(device),
            (None, Some(name)) => Self::Account(name),
            (None, None) => Self::Nobodys,
        }
    }

    fn key(self) -> Option<String> {
        match self {
            Self::Nobodys => None,
            Self::Account(name) => Some(format!("account:{}", name.key())),
            Self::Device(device) => {
                Some(format!("device:{}", device.session().unwrap_or_default()))
            }
            // The session comes first, because a name may contain a colon.
            Self::Own(name, session) => {
                Some(format!("own:{}:{}", session.unwrap_or_default(), name.key()))
            }
        }
    }
}

/// Proof that an attempt was counted and may be evaluated.
#[derive(Debug)]
#[must_use]
pub(crate) struct Counted {
    account_key: Option<String>,
    address_key: Option<String>,
    peer: Option<IpAddr>,
}

/// Proof that a change was counted and may be evaluated.
#[must_use]
pub(crate) struct CountedChange {
    key: String,
}

impl RateLimits {
    /// Sets the limit per account. Defaults to 5 attempts, then waits from 30 seconds to 15
    /// minutes. One attempt is regained per 3 hours, and a complete login clears the count.
    pub fn account(mut self, limit: RateLimit) -> Self {
        self.account = limit;
        self
    }

    /// Sets the limit per address. Defaults to 100 attempts, then waits from 30 seconds to 15
    /// minutes. One attempt is regained per minute. Successful logins do not count; registrations
    /// do.
    pub fn address(mut self, limit: RateLimit) -> Self {
        self.address = limit;
        self
    }

    /// Sets the limit of all loopback addresses together, which are those of a reverse proxy on
    /// this machine that is not [configured](crate::Settings::proxies). Defaults to 3,000 attempts,
    /// then waits from 30 to 60 seconds. One attempt is regained per second. The limit is wide,
    /// because all clients of the site may share it.
    pub fn loopback(mut self, limit: RateLimit) -> Self {
        self.loopback = limit;
        self
    }

    /// Counts an attempt on an account, or on a browser that the account logged in with before, and
    /// on the address. If the text is not a valid name, the attempt counts on the address only. An
    /// attempt that is rejected counts on neither.
    pub(crate) async fn count(
        &self,
        stores: &StoreSet,
        whose: Whose<'_>,
        visitor: &Visitor<'_>,
        now: UnixTime,
    ) -> Result<Counted, AccountsError> {
        let counted = Counted {
            account_key: whose.key(),
            address_key: visitor.address_key(),
            peer: visitor.peer,
        };
        let address = self.address_key(&counted);
        let account = self.account_key(&counted);
        let keys: Vec<_> = address.into_iter().chain(account).collect();
        if keys.is_empty() {
            return Ok(counted);
        }
        let (key, retry_after) = match take(stores, "count", &keys, now).await? {
            TakeAllOutcome::Allowed => return Ok(counted),
            TakeAllOutcome::Blocked { key, retry_after } => (key, retry_after),
        };
        let limit = match address {
            Some(_) if key == 0 => RateLimitKind::Address,
            _ => RateLimitKind::Account,
        };
        stores.events.happened(Event::Limited {
            account: None,
            limit,
            peer: visitor.peer,
            retry_after,
        });
        Err(AccountsErrorKind::Limited { retry_after }.into())
    }

    fn address_key<'a>(&'a self, counted: &'a Counted) -> Option<LimitedKey<'a>> {
        let limit = match counted.peer {
            Some(peer) if peer.to_canonical().is_loopback() => &self.loopback,
            _ => &self.address,
        };
        counted.address_key.as_deref().map(|key| LimitedKey::new(key, limit))
    }

    fn account_key<'a>(&'a self, counted: &'a Counted) -> Option<LimitedKey<'a>> {
        counted.account_key.as_deref().map(|key| LimitedKey::new(key, &self.account))
    }

    /// Counts a change that a session makes to its own account. Changes count per session, so that
    /// a copied access token cannot use up the changes of the owner's other sessions, or per
    /// account if the token names no session.
    pub(crate) async fn count_change(
        &self,
        stores: &StoreSet,
        account: &str,
        session: Option<&str>,
        now: UnixTime,
    ) -> Result<CountedChange, AccountsError> {
        let key = match session {
            Some(session) => format!("change:session:{session}"),
            None => format!("change:account:{account}"),
        };
        let keys = [LimitedKey::new(&key, &self.changes)];
        match take(stores, "count change", &keys, now).await? {
            TakeAllOutcome::Allowed => Ok(CountedChange { key }),
            TakeAllOutcome::Blocked { retry_after, .. } => {
                stores.events.happened(Event::Limited {
                    account: Some(AccountId::new(account)),
                    limit: RateLimitKind::Change,
                    peer: None,
                    retry_after,
                });
                Err(AccountsErrorKind::Limited { retry_after }.into())
            }
        }
    }

    /// Subtracts a change that was not evaluated, because a store or hashing capacity was not
    /// available.
    pub(crate) async fn not_evaluated(
        &self,
        stores: &StoreSet,
        change: CountedChange,
        now: UnixTime,
    ) {
        settle(stores, None, [LimitedKey::new(&change.key, &self.changes)], now).await;
    }

    /// Subtracts an attempt that was not evaluated, from its account and from its address.
    pub(crate) async fn give_back(&self, stores: &StoreSet, counted: &Counted, now: UnixTime) {
        let keys = self.account_key(counted).into_iter().chain(self.address_key(counted));
        settle(stores, None, keys, now).await;
    }

    /// Subtracts an attempt from its account only.
    pub(crate) async fn give_back_account(
        &self,
        stores: &StoreSet,
        counted: &Counted,
        now: UnixTime,
    ) {
        settle(stores, None, self.account_key(counted), now).await;
    }

    /// Clears the account's count and subtracts the attempt on the address after a complete login.
    /// An error of the store at this point does not fail the login.
    pub(crate) async fn succeeded(&self, stores: &StoreSet, counted: Counted, now: UnixTime) {
        let account = counted.account_key.as_deref();
        settle(stores, account, self.address_key(&counted), now).await;
    }

    /// Subtracts the attempt on the address when the password was right and a code is required. The
    /// account's count stays. Otherwise a person who knows the password could guess codes without
    /// limit.
    pub(crate) async fn right_so_far(&self, stores: &StoreSet, counted: &Counted, now: UnixTime) {
        settle(stores, None, self.address_key(counted), now).await;
    }
}

/// Counts an attempt. The wait for a turn is part of the wait for the store, and of its timeout.
async fn take(
    stores: &StoreSet,
    operation: &'static str,
    keys: &[LimitedKey<'_>],
    now: UnixTime,
) -> Result<TakeAllOutcome, AccountsError> {
    let taken = Box::pin(stores.turns.take(&stores.rate_limits, keys, now));
    stores.ask(operation, taken).await
}

/// Ends an attempt. An error of the store is logged and has no other effect.
async fn settle<'a>(
    stores: &StoreSet,
    cleared: Option<&str>,
    given_back: impl IntoIterator<Item = LimitedKey<'a>>,
    now: UnixTime,
) {
    let given_back: Vec<_> = given_back.into_iter().collect();
    if cleared.is_some() || !given_back.is_empty() {
        let settled = stores.rate_limits.settle(cleared, &given_back, now);
        let _logged = stores.ask("settle attempt", settled).await;
        for key in cleared.into_iter().chain(given_back.iter().map(|key| key.key)) {
            stores.turns.changed(key);
        }
    }
}

impl Counted {
    /// Keeps the attempt counted on its address even after success, as for a registration.
    pub(crate) fn for_good(self) -> Self {
        Self { address_key: None, ..self }
    }

    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            account: RateLimit::new(5, FIRST_WAIT),
            // Many users can share one address, for example in a school.
            address: RateLimit::new(100, FIRST_WAIT).regain_every(Duration::from_secs(60)),
            loopback: RateLimit::new(3000, FIRST_WAIT)
                .longest_wait(Duration::from_secs(60))
                .regain_every(Duration::from_secs(1)),
            // A person rarely makes eight changes in a row. At most ten are possible within any
            // minute: eight without a wait, one after 30 seconds.
            changes: RateLimit::new(8, FIRST_WAIT)
                .longest_wait(Duration::from_secs(5 * 60))
                .regain_every(Duration::from_secs(3 * 60)),
        }
    }
}

impl Visitor<'_> {
    /// Returns the key of the limit per address. An IPv6 client owns at least a /64 (RFC 6177), so
    /// its whole prefix is one key. If addresses were counted separately, each of 2⁶⁴ addresses
    /// would allow new attempts. The loopback addresses have one key, with a wide limit: they are
    /// those of a proxy that is not configured. With the usual limit a single guesser would block
    /// every client behind that proxy.
    pub(crate) fn address_key(&self) -> Option<String> {
        let peer = self.peer?.to_canonical();
        if peer.is_loopback() {
            return Some("address:loopback".to_owned());
        }
        let key = match peer {
            IpAddr::V4(address) => format!("address:{address}"),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("address:{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        };
        Some(key)
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn key(peer: &str) -> Option<String> {
        let peer = peer.parse().ok();
        Visitor { peer, ..Visitor::default() }.address_key()
    }

    #[test]
    fn one_client_has_one_key() {
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(Visitor::default().address_key(), None);
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(key(loopback).as_deref(), Some("address:loopback"), "{loopback}");
        }
    }
}
