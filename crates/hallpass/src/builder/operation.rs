//! The settings of rate limits, revocation and operation.

use std::{sync::Arc, time::Duration};

use hallpass_accounts::{
    AccountStore, Event, Proxies, Random, RateLimitStore, RateLimits, RevocationLog, SiteStore,
};
use hallpass_core::{Clock, RevocationList, Role, StalePolicy};
use hallpass_web::Pages;

use crate::builder::HallpassBuilder;

impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Sets how many attempts are allowed per account and per client address. Defaults to
    /// [`RateLimits::default`].
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.settings.rate_limits = limits;
        self
    }

    /// Counts attempts in the site's store. The counts then survive a restart, and all nodes share
    /// them. By default each process counts in its own memory.
    pub fn rate_limits_in_store(mut self) -> Self
    where
        S: RateLimitStore,
    {
        self.stores.rate_limits = self.store.clone().into();
        self
    }

    /// Counts attempts in another store. Overrides
    /// [`rate_limits_in_store`](Self::rate_limits_in_store)
    /// and [`everything`](Self::everything).
    pub fn rate_limits_in(mut self, store: impl RateLimitStore) -> Self {
        self.rate_limits_in = Some(Arc::new(store).into());
        self
    }

    /// Sets the reverse proxies whose header names the client's address. Defaults to no proxies,
    /// because any client can send the header.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// Turns on the revocation log of the site's store. A revocation by another node or by an
    /// operator's command then takes effect on this node within 5 seconds.
    pub fn revocation_log(mut self) -> Self
    where
        S: RevocationLog,
    {
        let own = || self.store.clone().into();
        self.stores.revocation_log = self.stores.revocation_log.take().or_else(|| Some(own()));
        self
    }

    /// Uses the facts of the site in its store: the epoch, with which every session can be ended,
    /// and the facts by which a failover or a restored backup is noticed.
    /// [`everything`](Self::everything) includes it.
    pub fn site_facts(mut self) -> Self
    where
        S: SiteStore,
    {
        self.stores.site = Some(self.store.clone().into());
        self
    }

    /// Reads the revocation log in another store. Overrides
    /// [`revocation_log`](Self::revocation_log) and [`everything`](Self::everything).
    ///
    /// A store that revokes (by sessions, passwords, second factors, administration or the facts of
    /// the site) must commit its changes in the database of the log, as two stores on one database
    /// do. Otherwise a change could be committed without its revocation, and
    /// [`start`](Self::start) returns an error.
    pub fn revocation_log_in(mut self, store: impl RevocationLog) -> Self {
        self.stores.revocation_log = Some(Arc::new(store).into());
        self
    }

    /// Also announces revocations through this store. An announcement causes each node to read the
    /// revocation log immediately. The revocations themselves are still read from the log. Requires
    /// a revocation log: without one, [`start`](Self::start) returns an error. Defaults to the
    /// announcements of the log's own store, if it has any.
    pub fn notifier(mut self, store: impl RevocationLog) -> Self {
        self.stores.notifiers.push(Arc::new(store).into());
        self
    }

    /// Counts attempts in this store and announces revocations through it. It is short for
    /// [`rate_limits_in`](Self::rate_limits_in) and [`notifier`](Self::notifier), for example with
    /// a `RedisStore`.
    ///
    /// While this store is down, nobody can log in, because an attempt that cannot be counted is
    /// rejected. People who are logged in stay logged in. Revocations still arrive through the
    /// log's own notifier and by polling. Requires a revocation log, like
    /// [`notifier`](Self::notifier).
    pub fn shared_backend(self, shared: impl RateLimitStore + RevocationLog + Clone) -> Self {
        self.rate_limits_in(shared.clone()).notifier(shared)
    }

    /// Sets whether tokens are accepted while the revocation log cannot be read. Defaults to
    /// [`StalePolicy::ServeUntilExpiry`], which accepts them. Requires a revocation log: without
    /// one, [`start`](Self::start) returns an error.
    pub fn stale_policy(mut self, policy: StalePolicy) -> Self {
        self.stale_policy = Some(policy);
        self.settings.revocation_list = RevocationList::with_stale_policy(policy);
        self
    }

    /// Sets the timeout of one call to the store. Defaults to 1.5 seconds. After a timeout the
    /// response is a 503.
    pub fn store_timeout(mut self, time: Duration) -> Self {
        self.settings.store_timeout = time;
        self
    }

    /// Sets the timeout of one request to a login route. Defaults to 1.8 seconds. After a timeout
    /// the response is a 503.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.settings.request_timeout = time;
        self
    }

    /// Sets the name of the site on the default pages and in authenticator apps. In authenticator
    /// apps it defaults to the host of the [`public_origin`](Self::public_origin), or to the issuer
    /// without one. On the pages it defaults to the link "Home". Own [`pages`](Self::pages) render
    /// their own name.
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.settings.site_name = Some(name.into());
        self
    }

    /// Replaces the pages of the login routes by the site's own pages. Defaults to plain pages that
    /// work without JavaScript.
    pub fn pages(mut self, pages: impl Pages) -> Self {
        self.pages = Some(Arc::new(pages));
        self
    }

    /// Calls this function with each event. The request waits until the function returns, so start
    /// a separate task for slow work. Defaults to no function. Events are logged in any case.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.settings.on_event = Some(Arc::new(hook));
        self
    }

    /// Sets the clock, for example a frozen clock in a test. Defaults to the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Sets the source of random bytes. Defaults to the operating system.
    pub fn random(mut self, random: impl Random) -> Self {
        self.settings.random = Arc::new(random);
        self
    }
}
