//! The budgets of attempts, in one place. Every attempt is counted before it is evaluated.
//!
//! The guide has the table of the numbers (`docs/guide/src/budgets.md`). The keys:
//!
//! - **Unknown browsers** count per account, per account and network of the client, per address and
//!   its networks, and on the [brake](crate::rate_limit::site_brake) of the site. The account's key
//!   is the key of the **user name**: unknown names are limited exactly like known names, so a 429
//!   does not reveal whether an account exists.
//! - **A known browser** counts on its own row and on the key of all known browsers of the account,
//!   and on nothing else. So a stranger, an address or a flood cannot lock the owner out of it
//!   (OWASP, "device cookies"), and many rows do not multiply the attempts.
//! - **A session** that proves the person again counts on the session and on the account.
//! - **Codes** have budgets of their own (`rate_limit/codes.rs`).
//! - **Registrations** have budgets of their own per address, apart from those of logins.

use std::{net::IpAddr, time::Duration};

use hallpass_core::UnixTime;

use crate::{
    account::{AccountId, username::Username},
    browser::BrowserId,
    error::{AccountsError, AccountsErrorKind},
    event::{Event, RateLimitKind},
    rate_limit::{
        AttemptOutcome, LimitedKey, RateLimit, TakeAllOutcome,
        counted::{Counted, OnSuccess, Taken},
        network::{Network, networks, networks_of_account},
        site_brake::BrakeLimit,
    },
    store::StoreSet,
    visitor::Visitor,
};

/// The limits of attempts. The guide lists them with their reasons.
///
/// Two kinds of limits cannot be set. A session may make 8 changes to its own account without a
/// wait, then waits from 30 seconds to 5 minutes, and regains one change per 3 minutes. Wrong codes
/// after a right password have totals that no time and no right code clears.
///
/// ```
/// use hallpass_accounts::{RateLimit, RateLimits};
/// use std::time::Duration;
///
/// let strict = RateLimits::default().network(RateLimit::new(3, Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RateLimits {
    pub(super) network: RateLimit,
    account: RateLimit,
    known_browser: RateLimit,
    known_browsers: RateLimit,
    pub(super) address: RateLimit,
    loopback: RateLimit,
    registrations: RateLimit,
    site: BrakeLimit,
    /// The limit of the changes that one session makes to its own account, right or wrong. A right
    /// change is not subtracted.
    changes: RateLimit,
}

/// The keys on which attempts are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose<'a> {
    /// No account: the typed text is not a valid name, or the request names no account.
    Nobodys,
    /// The registration of an account.
    Registration,
    /// An account, from a browser that it does not know.
    Account(&'a Username),
    /// A browser in which the account logged in before.
    Known(&'a AccountId, BrowserId),
    /// A session or an enrolment on its own account. A stranger who exhausts the account's attempts
    /// must not prevent the owner from changing the password, and a stolen session must not allow
    /// unlimited guesses of the password.
    Own(&'a Username, Option<&'a str>),
}

/// Proof that a change was counted and may be evaluated.
#[must_use]
pub(crate) struct CountedChange {
    key: String,
}

impl RateLimits {
    /// Sets the limit per account and network, for browsers that the account does not know.
    /// Defaults to 5 attempts, then waits from 30 seconds to 15 minutes. One attempt is regained
    /// per 3 hours, and a complete login from the network clears the count. A network is an IPv4
    /// /24 or an IPv6 /64. A /56 has twice the limit and a /48 three times.
    pub fn network(mut self, limit: RateLimit) -> Self {
        self.network = limit;
        self
    }

    /// Sets the limit per account, for all browsers together that the account does not know.
    /// Defaults to 50 attempts, then waits from 30 seconds to 10 minutes. One attempt is regained
    /// per 15 minutes.
    pub fn account(mut self, limit: RateLimit) -> Self {
        self.account = limit;
        self
    }

    /// Sets the limit per known browser. Defaults to 5 attempts, then waits from 30 seconds to 15
    /// minutes. One attempt is regained per 3 hours, and a complete login clears the count. All
    /// known browsers of an account together have four times the limit.
    pub fn known_browser(mut self, limit: RateLimit) -> Self {
        self.known_browsers = limit.times(4);
        self.known_browser = limit;
        self
    }

    /// Sets the limit per address, for browsers that no account knows. Defaults to 100 attempts,
    /// then waits from 30 seconds to 15 minutes. One attempt is regained per minute. Successful
    /// logins do not count. An address is an IPv4 address or an IPv6 /64. An IPv6 /56 has twice the
    /// limit, and a /48 and an IPv4 /24 three times.
    pub fn address(mut self, limit: RateLimit) -> Self {
        self.address = limit;
        self
    }

    /// Sets the limit of all loopback addresses together, which are those of a reverse proxy on
    /// this machine that is not [configured](crate::Settings::proxies). Registrations have a count
    /// of their own under this limit. Defaults to 3,000 attempts, then waits from 30 to 60 seconds.
    /// One attempt is regained per second. The limit is wide, because all clients of the site may
    /// share it.
    pub fn loopback(mut self, limit: RateLimit) -> Self {
        self.loopback = limit;
        self
    }

    /// Sets the limit of registrations per address, with the same networks as
    /// [`address`](Self::address). Defaults to 100, then waits from 30 seconds to 15 minutes. One
    /// is regained per minute.
    pub fn registrations(mut self, limit: RateLimit) -> Self {
        self.registrations = limit;
        self
    }

    /// Sets the brake of the site: how many wrong attempts of unknown browsers one node evaluates,
    /// over all names and addresses, and how many are regained per minute. Defaults to 1,000 and
    /// 600.
    pub fn site(mut self, free: u32, per_minute: u32) -> Self {
        self.site = BrakeLimit { free, per_minute };
        self
    }

    /// Counts an attempt. An attempt that is rejected counts on no key.
    pub(crate) async fn count(
        &self,
        stores: &StoreSet,
        whose: Whose<'_>,
        visitor: &Visitor<'_>,
        now: UnixTime,
    ) -> Result<Counted, AccountsError> {
        let keys = self.keys(whose, visitor.peer);
        let account = match whose {
            Whose::Known(account, _) => Some(account),
            _ => None,
        };
        let mut counted = self.count_on(stores, keys, account, visitor.peer, now).await?;
        if matches!(whose, Whose::Nobodys | Whose::Account(_)) {
            if let AttemptOutcome::Blocked { retry_after } = stores.brake.take(self.site, now) {
                counted.give_back(now).await;
                return Err(limited(stores, RateLimitKind::Site, None, visitor.peer, retry_after));
            }
            counted.brakes = true;
        }
        Ok(counted)
    }

    /// Counts an attempt on these keys, or on none of them.
    pub(super) async fn count_on(
        &self,
        stores: &StoreSet,
        keys: Vec<Taken>,
        account: Option<&AccountId>,
        peer: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<Counted, AccountsError> {
        match self.try_count(stores, keys, peer, now).await? {
            Ok(counted) => Ok(counted),
            Err(Full { kind, retry_after, .. }) => {
                Err(limited(stores, kind, account.cloned(), peer, retry_after))
            }
        }
    }

    /// Counts an attempt on these keys, or returns the key that is full.
    pub(super) async fn try_count(
        &self,
        stores: &StoreSet,
        keys: Vec<Taken>,
        peer: Option<IpAddr>,
        now: UnixTime,
    ) -> Result<Result<Counted, Full>, AccountsError> {
        let limited: Vec<_> = keys.iter().map(Taken::limited).collect();
        if limited.is_empty() {
            return Ok(Ok(Counted::new(keys, peer, stores, now)));
        }
        match take(stores, "count", &limited, now).await? {
            TakeAllOutcome::Allowed => Ok(Ok(Counted::new(keys, peer, stores, now))),
            TakeAllOutcome::Blocked { key, retry_after } => {
                let kind = keys.get(key).map_or(RateLimitKind::Account, |taken| taken.kind);
                Ok(Err(Full { key, kind, retry_after }))
            }
        }
    }

    /// Returns the keys of an attempt, in the order in which attempts wait for their turns: from
    /// the address to the account, so that no two attempts wait for each other.
    fn keys(&self, whose: Whose<'_>, peer: Option<IpAddr>) -> Vec<Taken> {
        use OnSuccess::{Clear, GiveBack, Keep};
        use RateLimitKind::{Account, Browser, Registration};
        match whose {
            Whose::Nobodys => self.address_keys(peer),
            Whose::Registration => {
                let registrations = &self.registrations;
                self.per_address("registration", peer, registrations, Registration, Keep)
            }
            Whose::Account(name) => {
                let mut keys = self.address_keys(peer);
                keys.push(one(format!("account:{}", name.key()), &self.account, Account, GiveBack));
                for Network { text, share } in networks_of_account(peer).into_iter().rev() {
                    let key = format!("network:{text}:{}", name.key());
                    keys.push(one(key, &self.network.times(share), Account, Clear));
                }
                keys
            }
            Whose::Known(account, row) => vec![
                one(format!("browsers:{account}"), &self.known_browsers, Browser, GiveBack),
                one(format!("browser:{row}"), &self.known_browser, Browser, Clear),
            ],
            // The session comes first, because a name may contain a colon.
            Whose::Own(name, session) => vec![
                one(format!("own:{}", name.key()), &self.known_browsers, Account, GiveBack),
                one(
                    format!("own:{}:{}", session.unwrap_or_default(), name.key()),
                    &self.known_browser,
                    Account,
                    Clear,
                ),
            ],
        }
    }

    pub(super) fn address_keys(&self, peer: Option<IpAddr>) -> Vec<Taken> {
        let (kind, end) = (RateLimitKind::Address, OnSuccess::GiveBack);
        self.per_address("address", peer, &self.address, kind, end)
    }

    /// Returns the keys of an address. The loopback addresses have one key, with a wide limit: they
    /// are those of a proxy that is not configured. With the usual limit a single guesser would
    /// block every client behind that proxy.
    fn per_address(
        &self,
        prefix: &str,
        peer: Option<IpAddr>,
        limit: &RateLimit,
        kind: RateLimitKind,
        on_success: OnSuccess,
    ) -> Vec<Taken> {
        if peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
            return vec![one(format!("{prefix}:loopback"), &self.loopback, kind, on_success)];
        }
        per_network(prefix, networks(peer), limit, kind, on_success)
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
                let account = Some(AccountId::new(account));
                Err(limited(stores, RateLimitKind::Change, account, None, retry_after))
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
        let keys = [LimitedKey::new(&change.key, &self.changes)];
        let settled = stores.rate_limits.settle(&[], &keys, now);
        let _logged = stores.ask("settle attempt", settled).await;
        stores.turns.changed(&change.key);
    }
}

/// A key that allows no attempt now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full {
    /// The place of the key.
    pub(super) key: usize,
    pub(super) kind: RateLimitKind,
    pub(super) retry_after: Duration,
}

/// Counts an attempt. The wait for a turn is part of the wait for the store, and of its timeout.
pub(super) async fn take(
    stores: &StoreSet,
    operation: &'static str,
    keys: &[LimitedKey<'_>],
    now: UnixTime,
) -> Result<TakeAllOutcome, AccountsError> {
    let taken = Box::pin(stores.turns.take(&stores.rate_limits, keys, now));
    stores.ask(operation, taken).await
}

/// Reports a limit, and returns its error.
pub(super) fn limited(
    stores: &StoreSet,
    limit: RateLimitKind,
    account: Option<AccountId>,
    peer: Option<IpAddr>,
    retry_after: Duration,
) -> AccountsError {
    stores.events.happened(Event::Limited { account, limit, peer, retry_after });
    AccountsErrorKind::Limited { retry_after }.into()
}

/// Returns one key per network, widest first.
pub(super) fn per_network(
    prefix: &str,
    networks: Vec<Network>,
    limit: &RateLimit,
    kind: RateLimitKind,
    on_success: OnSuccess,
) -> Vec<Taken> {
    let key = |Network { text, share }: Network| {
        one(format!("{prefix}:{text}"), &limit.times(share), kind, on_success)
    };
    networks.into_iter().rev().map(key).collect()
}

pub(super) fn one(
    key: String,
    limit: &RateLimit,
    kind: RateLimitKind,
    on_success: OnSuccess,
) -> Taken {
    Taken { key, limit: limit.clone(), kind, on_success }
}

impl Default for RateLimits {
    fn default() -> Self {
        let known_browser = RateLimit::new(5, FIRST_WAIT);
        // Many users can share one address, for example in a school.
        let address = RateLimit::new(100, FIRST_WAIT).regain_every(Duration::from_secs(60));
        Self {
            network: RateLimit::new(5, FIRST_WAIT),
            // A stranger in one network has at most one attempt per 15 minutes in the long run, so
            // this limit is free again for 5 minutes of each 15.
            account: RateLimit::new(50, FIRST_WAIT)
                .longest_wait(Duration::from_secs(10 * 60))
                .regain_every(Duration::from_secs(15 * 60)),
            known_browsers: known_browser.times(4),
            known_browser,
            registrations: address.clone(),
            address,
            loopback: RateLimit::new(3000, FIRST_WAIT)
                .longest_wait(Duration::from_secs(60))
                .regain_every(Duration::from_secs(1)),
            // Ten wrong attempts per second are more than the honest errors of a large site.
            site: BrakeLimit { free: 1_000, per_minute: 600 },
            // A person rarely makes eight changes in a row. At most ten are possible within any
            // minute: eight without a wait, one after 30 seconds.
            changes: RateLimit::new(8, FIRST_WAIT)
                .longest_wait(Duration::from_secs(5 * 60))
                .regain_every(Duration::from_secs(3 * 60)),
        }
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(30);
