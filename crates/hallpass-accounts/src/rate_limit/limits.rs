//! Counting an attempt before it is looked at, per account and per address.
//!
//! The account's key is the **name's** key, so that unknown names are limited exactly like known
//! ones and a 429 tells nothing; so that spellings, pending cookies, sessions and addresses share
//! one count; and so that a wrong code counts like a wrong password. How the owner gets in while a
//! stranger keeps guessing: a browser that they signed in with before has attempts of its
//! own (see `login/flow.rs`), which no stranger can use up. Elsewhere the wait has an end (15
//! minutes at most), blocked attempts do not prolong it, sessions that exist go on and have
//! attempts of their own for what they change, and the right password with the right code clears
//! the count. What that does not prevent: in a new browser, a stranger who is quicker at the end of
//! each wait takes the attempt that it gives.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use hallpass_core::{Claims, Device, UnixTime};

use crate::{
    account::username::Username,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RateLimitKind},
    rate_limit::{AttemptOutcome, RateLimit},
    store::StoreSet,
    visitor::Visitor,
};

/// How many attempts are allowed per account and per address.
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
    /// Changes that one session makes to its own account, right or wrong. A right one is not given
    /// back.
    changes: RateLimit,
}

/// Whose attempts are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    /// No account's: what was typed cannot be a name, or no account is meant.
    Nobodys,
    Account(&'a Username),
    /// Those of a browser that the account signed in with before.
    Device(&'a Claims<'a, Device>),
    /// Those of a session, or of an enrolment, on its own account: a stranger who keeps the
    /// account's count full must not keep the owner from changing the password, and a stolen
    /// session must not be a place to guess it.
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
            // The session first: a name may have a colon in it.
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

/// A change that was counted and may be evaluated.
#[must_use]
pub(crate) struct CountedChange {
    key: String,
}

impl RateLimits {
    /// Sets the limit per account. Defaults to 5 attempts, then waits from 30 seconds to 15
    /// minutes.
    pub fn account(mut self, limit: RateLimit) -> Self {
        self.account = limit;
        self
    }

    /// Sets the limit per address. Defaults to 100 attempts, one of which is regained per minute.
    /// Successful attempts do not count.
    pub fn address(mut self, limit: RateLimit) -> Self {
        self.address = limit;
        self
    }

    /// Counts an attempt on an account, or on a browser that it signed in with before; on the
    /// address alone where the name cannot be one.
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
        let keys = [
            (&counted.address_key, &self.address, RateLimitKind::Address),
            (&counted.account_key, &self.account, RateLimitKind::Account),
        ];
        for (key, policy, limit) in keys {
            let Some(key) = key else { continue };
            let taken = stores.rate_limits.try_take(key, policy, now);
            if let AttemptOutcome::Blocked { retry_after } = stores.ask("count", taken).await? {
                let peer = visitor.peer;
                stores.events.happened(Event::Limited { limit, peer, retry_after });
                return Err(AccountsErrorKind::Limited { retry_after }.into());
            }
        }
        Ok(counted)
    }

    /// Counts a change that a session makes to its own account: per session, so that a copied
    /// access token cannot use up the changes of the owner's other sessions; per account where
    /// the token names no session.
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
        let taken = stores.rate_limits.try_take(&key, &self.changes, now);
        match stores.ask("count change", taken).await? {
            AttemptOutcome::Allowed => Ok(CountedChange { key }),
            AttemptOutcome::Blocked { retry_after } => {
                stores.events.happened(Event::Limited {
                    limit: RateLimitKind::Change,
                    peer: None,
                    retry_after,
                });
                Err(AccountsErrorKind::Limited { retry_after }.into())
            }
        }
    }

    /// The change was not evaluated, since a store or the hashing capacity was missing: it does not
    /// count.
    pub(crate) async fn not_evaluated(
        &self,
        stores: &StoreSet,
        change: CountedChange,
        now: UnixTime,
    ) {
        let back = stores.rate_limits.give_back(&change.key, &self.changes, now);
        let _logged = stores.ask("give back", back).await;
    }

    /// The attempt was right to the end: the account starts afresh, the address gets this one
    /// attempt back. A store that fails now fails nobody's sign-in.
    pub(crate) async fn succeeded(&self, stores: &StoreSet, counted: Counted, now: UnixTime) {
        if let Some(key) = &counted.account_key {
            let _logged = stores.ask("clear", stores.rate_limits.clear(key)).await;
        }
        self.right_so_far(stores, &counted, now).await;
    }

    /// The password was right and a code is due: the address gets this attempt back, the account
    /// does not, or whoever knows the password could guess codes without end.
    pub(crate) async fn right_so_far(&self, stores: &StoreSet, counted: &Counted, now: UnixTime) {
        if let Some(key) = &counted.address_key {
            let back = stores.rate_limits.give_back(key, &self.address, now);
            let _logged = stores.ask("give back", back).await;
        }
    }
}

impl Counted {
    /// The same, to stay counted on its address even if all goes well, as each registration does.
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
            // A school behind one address, all mistyping at nine o'clock.
            address: RateLimit::new(100, FIRST_WAIT).regain_every(Duration::from_secs(60)),
            // Nobody makes eight changes in a row by hand. At most ten within any minute: eight at
            // once, one after 30 seconds.
            changes: RateLimit::new(8, FIRST_WAIT)
                .longest_wait(Duration::from_secs(5 * 60))
                .regain_every(Duration::from_secs(3 * 60)),
        }
    }
}

impl Visitor<'_> {
    /// The key that the limit per address counts by. An IPv6 client owns at least a /64 (RFC 6177),
    /// so its whole prefix is one key; counted singly, each of 2⁶⁴ addresses would buy fresh
    /// attempts. A loopback address is no client's but a proxy's that nobody configured, and
    /// has none: counted, one guesser would shut out everybody behind that proxy.
    pub(crate) fn address_key(&self) -> Option<String> {
        let peer = self.peer?.to_canonical();
        if peer.is_loopback() {
            return None;
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
            assert_eq!(key(loopback), None, "{loopback}");
        }
    }
}
