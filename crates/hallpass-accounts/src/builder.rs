//! Building the sign-in of a site: settings, and the abilities that its store has.
//!
//! Each ability asks for its store trait, so a site that turns one on whose trait is missing does not compile
//! (`tests/compile/ability_without_trait.rs`).

mod ability;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use hallpass_core::{
    Clock, CookieSettings, Issuer, Meter, OriginCheck, RejectionSettings, RevocationList, Role, RoleSet, SystemClock,
    TotpSettings,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    account::{Account, store::AccountStore},
    accounts::{Accounts, RefreshesInFlight, Site},
    event::{Event, Events},
    login::own_claims::OwnClaims,
    password::{
        password_hasher::{ImpossibleCost, PasswordHasher},
        password_hasher_settings::PasswordHasherSettings,
        policy::{BreachedPasswords, PasswordPolicy},
    },
    random::{Random, SystemRandom},
    rate_limit::{RateLimit, limits::RateLimits, proxies::Proxies, store::MemoryRateLimits},
    session::SessionLimits,
    store::Stores,
    two_factor::FactorPolicy,
};

/// Builds a [`Accounts`]; begun by [`Accounts::builder`].
#[must_use]
pub struct AccountsBuilder<R, S> {
    store: Arc<S>,
    stores: Stores,
    issuer: Issuer,
    own_claims: Option<OwnClaims<R>>,
    view: RevocationList,
    gate: PasswordHasherSettings,
    limits: RateLimits,
    session_limits: SessionLimits,
    passwords: PasswordPolicy,
    totp: TotpSettings,
    factor_policy: FactorPolicy<R>,
    default_roles: RoleSet<R>,
    name: Option<String>,
    cookies: CookieSettings,
    origin_check: OriginCheck,
    rejection_settings: RejectionSettings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    events: Events,
    proxies: Proxies,
    request_timeout: Duration,
    trust_devices: Option<Duration>,
}

impl<R: Role> Accounts<R> {
    /// Starts to build the sign-in of a site on its store. The issuer says keys, names and lifetime once, for everything.
    pub fn builder<S: AccountStore>(store: S, issuer: Issuer) -> AccountsBuilder<R, S> {
        AccountsBuilder::new(store, issuer)
    }
}

impl<R: Role, S: AccountStore> AccountsBuilder<R, S> {
    pub(crate) fn new(store: S, issuer: Issuer) -> Self {
        let store = Arc::new(store);
        Self {
            stores: Stores {
                accounts: store.clone(),
                attempts: Arc::new(MemoryRateLimits::default()),
                registration: None,
                passwords: None,
                second_factors: None,
                sessions: None,
                refreshes: None,
                administration: None,
                feed: None,
                pushes: Vec::new(),
                outbox: Arc::default(),
                feed_is_silent: Arc::default(),
                breached: None,
                bound: Duration::from_millis(1500),
                events: Events::default(),
            },
            store,
            issuer,
            own_claims: None,
            view: RevocationList::new(),
            gate: PasswordHasherSettings::default(),
            limits: RateLimits::default(),
            session_limits: SessionLimits::default(),
            passwords: PasswordPolicy::default(),
            totp: TotpSettings::default(),
            factor_policy: FactorPolicy::Optional,
            default_roles: R::default_role().map(RoleSet::from).unwrap_or_default(),
            name: None,
            cookies: CookieSettings::default(),
            origin_check: OriginCheck::new(),
            rejection_settings: RejectionSettings::default().style_sheet("/hallpass.css"),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            events: Events::default(),
            proxies: Proxies::default(),
            request_timeout: Duration::from_millis(1800),
            trust_devices: None,
        }
    }

    /// Sets the name of the site, shown in authenticators and on the default pages. Defaults to the issuer's name, because that is there already.
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the roles of a newly registered account. Defaults to the variant with `#[role(default)]`, or to no role if no
    /// variant has it, because a role is a grant.
    pub fn default_roles(mut self, roles: impl Into<RoleSet<R>>) -> Self {
        self.default_roles = roles.into();
        self
    }

    /// Adds the site's own claims to every access token. `claims_of` is called with the account, as
    /// the store has it then, when a person logs in, when a session is refreshed, and when a change
    /// of the account replaces the token. A claim is thus as old as the token. Defaults to none.
    ///
    /// [`Accounts::verifier`] reads them, for [`Identity::claims`](hallpass_core::Identity::claims).
    ///
    /// `X` is a struct with named fields, or a map with string keys. Its names cannot be those that
    /// hallpass writes, and it must not deny unknown fields. Where the claims cannot be signed or
    /// read back, no token is issued: the flow ends as
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable), and the log has the cause.
    pub fn claims<X>(mut self, claims_of: impl Fn(&Account) -> X + Send + Sync + 'static) -> Self
    where
        X: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.own_claims = Some(OwnClaims::new(claims_of));
        self
    }

    /// Sets the rules for new passwords. Defaults to [`PasswordPolicy::default`], because it follows ASVS 5.0.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.passwords = policy;
        self
    }

    /// Sets a service that knows breached passwords; new ones are looked up there. Defaults to none, because asking one tells it
    /// something.
    pub fn breached_passwords(mut self, service: impl BreachedPasswords) -> Self {
        self.stores.breached = Some(Arc::new(service));
        self
    }

    /// Sets the bounds of the hash gate. Defaults to [`PasswordHasherSettings::default`], because it takes them from the machine.
    pub fn password_hasher(mut self, settings: PasswordHasherSettings) -> Self {
        self.gate = settings;
        self
    }

    /// Sets how codes are made. Defaults to [`TotpSettings::default`], because every authenticator knows it.
    pub fn totp(mut self, settings: TotpSettings) -> Self {
        self.totp = settings;
        self
    }

    /// Sets who must have a second factor. Defaults to [`FactorPolicy::Optional`], because a site has to tell its people first.
    pub fn factor_policy(mut self, policy: FactorPolicy<R>) -> Self {
        self.factor_policy = policy;
        self
    }

    /// Sets the limit per account. Defaults to 5 attempts free, then waits from 30 seconds to 15 minutes, because a person
    /// needs few and a guesser needs thousands.
    pub fn account_rate_limit(mut self, policy: RateLimit) -> Self {
        self.limits.account = policy;
        self
    }

    /// Sets the limit per address. Defaults to 100 attempts free and one back each minute, because a school sits behind one
    /// address; right attempts do not count.
    pub fn address_rate_limit(mut self, policy: RateLimit) -> Self {
        self.limits.address = policy;
        self
    }

    /// Sets how long a session lasts, where sessions are renewed. Defaults to [`SessionLimits::default`]: 30 days, 7 of them idle,
    /// because that is the longest that NIST SP 800-63B-4 lets a password alone last.
    pub fn session_limits(mut self, limits: SessionLimits) -> Self {
        self.session_limits = limits;
        self
    }

    /// Sets how long one call to the store may take. Defaults to 1.5 seconds, because a log-in is to be answered within 2,
    /// with a 503 if need be.
    pub fn store_timeout(mut self, wait: Duration) -> Self {
        self.stores.bound = wait;
        self
    }

    /// Sets how long one of the sign-in routes may take in all; what is not done by then is a 503. Defaults to 1.8 seconds, because a
    /// person is to hear within 2 whatever the store does.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = time;
        self
    }

    /// Lets people have a browser stand in for the code for this long, at most 180 days, after they showed one there and asked for
    /// it. Not for accounts that [must](Self::factor_policy) have a second factor, and not on routes that ask for one. Defaults to
    /// never, because a code that is not asked for protects nothing.
    pub fn trust_devices(mut self, time: Duration) -> Self {
        self.trust_devices = Some(time);
        self
    }

    /// Sets the proxies whose word on the client's address counts. Defaults to none, because anybody can write the header.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the revocation view. Defaults to a new one, because one is needed; give the one that your gates ask.
    pub fn view(mut self, view: RevocationList) -> Self {
        self.view = view;
        self
    }

    /// Sets names and attributes of the cookies. Defaults to `__Host-` and `Lax`, because nothing is tighter that works.
    pub fn cookies(mut self, cookies: CookieSettings) -> Self {
        self.cookies = cookies;
        self
    }

    /// Sets the origin check of the sign-in routes. Defaults to same origin only, because a sign-in is asked for by the site
    /// itself.
    pub fn origin_check(mut self, check: OriginCheck) -> Self {
        self.origin_check = check;
        self
    }

    /// Sets the paths that a rejection leads to. Defaults to the paths of the login routes.
    pub fn rejection_settings(mut self, settings: RejectionSettings) -> Self {
        self.rejection_settings = settings;
        self
    }

    /// Sets the clock. Defaults to the machine's, because there is no other outside tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the source of random bytes. Defaults to the operating system's, because there is no other outside tests.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Sets who is told what happens. It runs inside the request: hand long work to a task. Defaults to nobody, because
    /// `tracing` is told anyway.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.events = Events::to(hook);
        self
    }

    /// Builds the sign-in.
    ///
    /// # Errors
    /// Says which setting cannot work and what to do.
    pub fn build(self) -> Result<Accounts<R>, AccountsBuildError> {
        #[cfg(feature = "metrics")]
        crate::event::metric::describe();
        let ring = self.issuer.keys().current();
        if ring.active().is_none() {
            return Err(AccountsBuildError::NoSigningKey);
        }
        let seals = self.stores.second_factors.is_some() || self.stores.refreshes.is_some();
        if seals && ring.encryption_keys().next().is_none() {
            return Err(AccountsBuildError::NoEncryptionKey);
        }
        if self.stores.second_factors.is_none() && !matches!(self.factor_policy, FactorPolicy::Optional) {
            return Err(AccountsBuildError::FactorsRequiredButOff);
        }
        let given_name = self.name.clone();
        let name = self.name.unwrap_or_else(|| self.issuer.issuer().to_owned());
        Ok(Accounts::of(Site {
            gate: PasswordHasher::new(self.gate, self.issuer.keys().clone(), Arc::clone(&self.random))?,
            passwords: self.passwords.context_word(&name),
            stores: Stores { events: self.events.clone(), ..self.stores },
            issuer: self.issuer,
            own_claims: self.own_claims,
            view: self.view,
            limits: self.limits,
            session_limits: self.session_limits,
            totp: self.totp,
            factor_policy: self.factor_policy,
            default_roles: self.default_roles,
            name,
            given_name,
            cookies: self.cookies,
            origin_check: self.origin_check,
            rejection_settings: self.rejection_settings,
            clock: self.clock,
            latest: AtomicU64::new(0),
            random: self.random,
            events: self.events,
            proxies: self.proxies,
            request_timeout: self.request_timeout,
            trust_devices: self.trust_devices,
            meter: Meter::new(),
            refreshes_in_flight: RefreshesInFlight::new(),
        }))
    }
}

/// Why a sign-in could not be built.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsBuildError {
    /// The ring only verifies.
    #[error("the key ring has no active key: a sign-in issues tokens, so give it a ring that can sign")]
    NoSigningKey,
    /// Second factors or refresh tokens are on, and nothing could seal or derive them.
    #[error(
        "the key ring has no sealing key, which second factors and refresh tokens need: add one (\"use\": \"enc\") or leave them off"
    )]
    NoEncryptionKey,
    /// A factor is required that nobody could set up.
    #[error("second factors are required but not turned on: call `second_factors()`, or make them optional")]
    FactorsRequiredButOff,
    /// The hash cost is outside what argon2 allows.
    #[error(transparent)]
    HashCost(#[from] ImpossibleCost),
}

impl<R, S> fmt::Debug for AccountsBuilder<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInBuilder").finish_non_exhaustive()
    }
}
