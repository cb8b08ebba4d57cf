//! The sign-in of a site: everything that its flows share, behind one cheap handle.
//!
//! Generic over the role enum and over nothing else: the store is erased when it is [built](AccountsBuilder), so that
//! handlers, routes and adapters name `Accounts<SiteRole>` whatever the site stores its accounts in.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass_core::{
    Clock, CookieSettings, Issuer, Meter, OriginCheck, RejectionSettings, RevocationList, Role, RoleSet, TotpSettings,
    UnixTime, Verifier,
};

use crate::{
    error::AccountsError,
    event::{Event, Events},
    login::own_claims::OwnClaims,
    password::{password_hasher::PasswordHasher, policy::PasswordPolicy},
    random::Random,
    rate_limit::{limits::RateLimits, proxies::Proxies},
    session::{SessionLimits, refresh_state::RefreshHash, refresh_token::Live, single_flight::SingleFlight},
    store::Stores,
    two_factor::FactorPolicy,
};

/// The sign-in of a site. Cheap to clone; clones share everything.
pub struct Accounts<R> {
    site: Arc<Site<R>>,
}

/// What the flows share.
pub(crate) struct Site<R> {
    pub(crate) stores: Stores,
    pub(crate) issuer: Issuer,
    pub(crate) own_claims: Option<OwnClaims<R>>,
    pub(crate) view: RevocationList,
    pub(crate) gate: PasswordHasher,
    pub(crate) limits: RateLimits,
    pub(crate) session_limits: SessionLimits,
    pub(crate) passwords: PasswordPolicy,
    pub(crate) totp: TotpSettings,
    pub(crate) factor_policy: FactorPolicy<R>,
    pub(crate) default_roles: RoleSet<R>,
    pub(crate) name: String,
    pub(crate) given_name: Option<String>,
    pub(crate) cookies: CookieSettings,
    pub(crate) origin_check: OriginCheck,
    pub(crate) rejection_settings: RejectionSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) latest: AtomicU64,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) events: Events,
    pub(crate) proxies: Proxies,
    pub(crate) request_timeout: Duration,
    pub(crate) trust_devices: Option<Duration>,
    pub(crate) meter: Meter,
    pub(crate) refreshes_in_flight: RefreshesInFlight,
}

/// Renewals under way, by the token that was presented.
pub(crate) type RefreshesInFlight = SingleFlight<RefreshHash, Result<Arc<Live>, AccountsError>>;

/// What a site may turn on beyond the password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Ability {
    /// [`registration`](crate::AccountsBuilder::registration)
    RegistrationStore,
    /// [`passwords`](crate::AccountsBuilder::passwords)
    PasswordStore,
    /// [`second_factors`](crate::AccountsBuilder::second_factors)
    TwoFactorStore,
    /// [`sessions`](crate::AccountsBuilder::sessions)
    SessionStore,
    /// [`refreshes`](crate::AccountsBuilder::refreshes)
    RefreshTokenStore,
}

impl<R: Role> Accounts<R> {
    pub(crate) fn of(site: Site<R>) -> Self {
        Self { site: Arc::new(site) }
    }

    /// Returns the issuer of this site's tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.site.issuer
    }

    /// Returns a verifier of this site's access tokens: it asks the revocation view and reads the
    /// site's own claims.
    #[must_use]
    pub fn verifier(&self) -> Verifier<R> {
        let verifier = self.issuer().verifier().max_lifetime(self.issuer().access_lifetime());
        let verifier = verifier.revocation(self.view().clone());
        match self.own_claims() {
            Some(own) => own.read_by(verifier),
            None => verifier,
        }
    }

    pub(crate) fn own_claims(&self) -> Option<&OwnClaims<R>> {
        self.site.own_claims.as_ref()
    }

    /// Returns the revocation view that the flows write to and the gate should ask.
    #[must_use]
    pub fn view(&self) -> &RevocationList {
        &self.site.view
    }

    /// Returns the cookie settings.
    #[must_use]
    pub fn cookies(&self) -> &CookieSettings {
        &self.site.cookies
    }

    /// Returns the origin check of the sign-in routes.
    #[must_use]
    pub fn origin_check(&self) -> &OriginCheck {
        &self.site.origin_check
    }

    /// Returns the paths that a rejection leads to.
    #[must_use]
    pub fn rejection_settings(&self) -> &RejectionSettings {
        &self.site.rejection_settings
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.site.clock
    }

    /// Returns the hash gate, for its counters.
    #[must_use]
    pub fn password_hasher(&self) -> &PasswordHasher {
        &self.site.gate
    }

    /// Returns the counter of rejections, for the routes.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.site.meter
    }

    pub(crate) fn refreshes_in_flight(&self) -> &RefreshesInFlight {
        &self.site.refreshes_in_flight
    }

    /// Returns the time of the clock.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        let now = self.site.clock.now();
        self.site.latest.fetch_max(now.as_secs(), Ordering::Relaxed);
        now
    }

    /// The latest moment that this process has seen: what a revocation is dated. Under a clock that was set back it would
    /// otherwise be forgotten before the last token that it voids has run out, which was issued while the clock was ahead.
    /// Guarded by `tests/flow/model.rs`.
    pub(crate) fn latest(&self) -> UnixTime {
        UnixTime::from_secs(self.site.latest.load(Ordering::Relaxed)).max(self.now())
    }

    /// Returns whether the ability is turned on.
    #[must_use]
    pub fn has(&self, ability: Ability) -> bool {
        let stores = &self.site.stores;
        match ability {
            Ability::RegistrationStore => stores.registration.is_some(),
            Ability::PasswordStore => stores.passwords.is_some(),
            Ability::TwoFactorStore => stores.second_factors.is_some(),
            Ability::SessionStore => stores.sessions.is_some(),
            Ability::RefreshTokenStore => stores.refreshes.is_some(),
        }
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.site.stores
    }

    pub(crate) fn gate(&self) -> &PasswordHasher {
        &self.site.gate
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.site.limits
    }

    pub(crate) fn session_limits(&self) -> SessionLimits {
        self.site.session_limits
    }

    pub(crate) fn password_policy(&self) -> &PasswordPolicy {
        &self.site.passwords
    }

    pub(crate) fn totp(&self) -> TotpSettings {
        self.site.totp
    }

    pub(crate) fn factor_policy(&self) -> &FactorPolicy<R> {
        &self.site.factor_policy
    }

    pub(crate) fn default_roles(&self) -> RoleSet<R> {
        self.site.default_roles
    }

    pub(crate) fn site_name(&self) -> &str {
        &self.site.name
    }

    /// Returns the name of the site where the [builder](crate::AccountsBuilder::site_name) was given one.
    #[must_use]
    pub fn given_name(&self) -> Option<&str> {
        self.site.given_name.as_deref()
    }

    /// Returns the proxies whose header names the client's address.
    #[must_use]
    pub fn proxies(&self) -> &Proxies {
        &self.site.proxies
    }

    /// Returns for how long a browser may stand in for the code.
    #[must_use]
    pub fn trust_devices(&self) -> Option<Duration> {
        self.site.trust_devices
    }

    /// Returns the time within which a route answers.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.site.request_timeout
    }

    /// Reports an event to `tracing`, to the metrics and to the site's hook, for the routes, which have events of their own.
    pub fn report(&self, event: Event) {
        self.events().happened(event);
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.site.random
    }

    pub(crate) fn events(&self) -> &Events {
        &self.site.events
    }
}

impl<R> Clone for Accounts<R> {
    fn clone(&self) -> Self {
        Self { site: Arc::clone(&self.site) }
    }
}

impl<R> fmt::Debug for Accounts<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("name", &self.site.name).finish_non_exhaustive()
    }
}
