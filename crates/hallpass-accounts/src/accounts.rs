//! The handle of the engine: the data that all flows share. Cheap to clone.
//!
//! The handle is generic over the role enum only. The types of the stores are erased in the
//! [`StoreSet`], so that handlers, routes and adapters use `Accounts<SiteRole>` with any store.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hallpass_core::{
    Issuer, Keys, MAX_CLOCK_SKEW, Meter, PublicOrigin, Rejection, RejectionReports, ReportedKind,
    RequestAuthenticator, Role, UnixTime, Verifier,
};

use crate::{
    account::AccountId,
    activity::recorder::Recorder,
    browser::BrowserHash,
    error::AccountsError,
    event::{Event, Events},
    password::password_hasher::PasswordHasher,
    random::Random,
    session::{
        refresh_state::RefreshHash, refresh_token::Live, remembered::RememberedRefreshes,
        session_id::SessionId, single_flight::SingleFlight,
    },
    settings::{Settings, SettingsError},
    site::time::StoreTime,
    store::StoreSet,
    two_factor::TwoFactorPolicy,
};

/// The accounts of a site. Cheap to clone; clones share all data.
pub struct Accounts<R> {
    site: Arc<Site<R>>,
    /// The browser of the request that this handle is for.
    browser: Option<BrowserHash>,
}

/// The data that the flows share.
struct Site<R> {
    settings: Settings<R>,
    stores: StoreSet,
    issuer: Issuer,
    password_hasher: PasswordHasher,
    latest: AtomicU64,
    store_time: StoreTime,
    events: Events,
    meter: Meter,
    reports: RejectionReports,
    refreshes_in_flight: RefreshesInFlight,
    remembered_refreshes: RememberedRefreshes,
}

/// Refreshes that are running, by session. The value is the presented token and its result.
pub(crate) type RefreshesInFlight =
    SingleFlight<SessionId, (RefreshHash, Result<Arc<Live>, AccountsError>)>;

/// A capability that a site may turn on in addition to the password: a field of [`StoreSet`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Ability {
    /// Registration of accounts: the field [`registration`](StoreSet::registration).
    RegistrationStore,
    /// Changes of the password: the field [`passwords`](StoreSet::passwords).
    PasswordStore,
    /// Second factors: the field [`two_factor`](StoreSet::two_factor).
    TwoFactorStore,
    /// The list of sessions, and ending a session: the field [`sessions`](StoreSet::sessions).
    SessionStore,
    /// Refresh tokens: the field [`refresh_tokens`](StoreSet::refresh_tokens).
    RefreshTokenStore,
    /// Known browsers: the field [`browsers`](StoreSet::browsers).
    BrowserStore,
    /// The recent activity of accounts: the field [`activity`](StoreSet::activity).
    ActivityStore,
}

impl<R: Role> Accounts<R> {
    /// Creates the engine.
    ///
    /// # Errors
    /// A setting cannot be used. [`SettingsError`] names the setting and the fix.
    pub fn new(
        keys: impl Into<Keys>,
        mut stores: StoreSet,
        mut settings: Settings<R>,
    ) -> Result<Self, SettingsError> {
        #[cfg(feature = "metrics")]
        crate::event::metric::describe();
        let keys = keys.into();
        let ring = keys.current();
        if ring.active().is_none() {
            return Err(SettingsError::NoSigningKey);
        }
        let encrypts = stores.two_factor.is_some() || stores.refresh_tokens.is_some();
        if encrypts && ring.encryption_keys().next().is_none() {
            return Err(SettingsError::NoEncryptionKey);
        }
        if stores.two_factor.is_none() && !matches!(settings.two_factor, TwoFactorPolicy::Optional)
        {
            return Err(SettingsError::TwoFactorWithoutStore);
        }
        if stores.revocation_log.is_none() && !stores.notifiers.is_empty() {
            return Err(SettingsError::NotifierWithoutLog);
        }
        if settings.trust_devices.is_some() && stores.browsers.is_none() {
            return Err(SettingsError::TrustWithoutBrowsers);
        }
        settings.check_role_names()?;
        if stores.two_factor.is_some() {
            settings.check_shown_name()?;
        }
        settings.apply_public_origin()?;
        let recorder = stores.activity.clone();
        let recorder = recorder.map(|store| Recorder::new(store, settings.store_timeout));
        let events = Events::to(settings.on_event.clone())
            .recorded_by(recorder, Arc::clone(&settings.clock));
        stores.timeout = settings.store_timeout;
        stores.events = events.clone();
        settings.password_policy =
            settings.password_policy.clone().context_word(&settings.shown_name());
        let hasher = settings.password_hasher.clone();
        Ok(Self {
            browser: None,
            site: Arc::new(Site {
                password_hasher: PasswordHasher::new(
                    hasher,
                    keys.clone(),
                    Arc::clone(&settings.random),
                )?,
                issuer: Issuer::new(keys, &*settings.issuer, &*settings.audience)
                    .lifetime(settings.lifetime),
                settings,
                stores,
                latest: AtomicU64::new(0),
                store_time: StoreTime::new(),
                events,
                meter: Meter::new(),
                reports: RejectionReports::new(),
                refreshes_in_flight: RefreshesInFlight::new(),
                remembered_refreshes: RememberedRefreshes::default(),
            }),
        })
    }

    /// Returns a handle for the requests of this browser, by the hash of its
    /// [cookie](crate::BrowserCookie): a change of a credential keeps this browser known, and a
    /// logout ends the trust in it. Without it, a change makes every browser unknown.
    #[must_use]
    pub fn in_browser(&self, browser: Option<BrowserHash>) -> Self {
        Self { browser, ..self.clone() }
    }

    /// Returns the browser of this handle.
    pub(crate) fn browser(&self) -> Option<BrowserHash> {
        self.browser
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings<R> {
        &self.site.settings
    }

    /// Returns the address of the site in the browser, for links in mails and whatever else must
    /// contain it. Returns `None` if the site has not set it.
    #[must_use]
    pub fn public_origin(&self) -> Option<&PublicOrigin> {
        self.settings().public_origin.as_ref()
    }

    /// Returns the issuer of this site's tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.site.issuer
    }

    /// Returns a verifier of this site's access tokens. It checks the revocation list and reads the
    /// site's own claims.
    #[must_use]
    pub fn verifier(&self) -> Verifier<R> {
        let settings = self.settings();
        // Lifetime and list are set last. A token that lives longer than its entry in the
        // revocation list would become valid again.
        let verifier = settings.verifier.apply(self.issuer().verifier());
        let verifier =
            verifier.max_lifetime(settings.lifetime).revocation(settings.revocation_list.clone());
        match &settings.claims {
            Some(own) => own.read_by(verifier),
            None => verifier,
        }
    }

    /// Returns the authenticator of the request path, with this site's verifier and cookies.
    #[must_use]
    pub fn request_authenticator(&self) -> RequestAuthenticator<R> {
        let authenticator =
            RequestAuthenticator::new(self.verifier()).cookies(&self.settings().cookies);
        if self.settings().bearer { authenticator.bearer() } else { authenticator }
    }

    /// Returns the password hasher, for its counters.
    #[must_use]
    pub fn password_hasher(&self) -> &PasswordHasher {
        &self.site.password_hasher
    }

    /// Returns the counter of rejections, for the routes.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.site.meter
    }

    pub(crate) fn refreshes_in_flight(&self) -> &RefreshesInFlight {
        &self.site.refreshes_in_flight
    }

    pub(crate) fn remembered_refreshes(&self) -> &RememberedRefreshes {
        &self.site.remembered_refreshes
    }

    /// Returns the time of this node's clock, by which tokens are issued and verified.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.settings().clock.now()
    }

    /// Returns the time of the store, by which changes are dated, deleted and counted. It is the
    /// time of this node's clock if the clock was injected, or if the store has reported no time.
    #[must_use]
    pub fn store_now(&self) -> UnixTime {
        let now = match self.site.store_time.now() {
            Some(now) if self.settings().clock.is_system() => now,
            _ => self.now(),
        };
        self.site.latest.fetch_max(now.as_secs(), Ordering::Relaxed);
        now
    }

    pub(crate) fn store_time(&self) -> &StoreTime {
        &self.site.store_time
    }

    /// Returns the latest time of the store that this process has seen, which is the time of a
    /// revocation. If the clock was set back, the current time would be too early: the revocation
    /// would be deleted before the last token that it revokes has expired, because that token was
    /// issued while the clock was ahead. Each login and each refresh reads the time of the store.
    /// Tested in `tests/flow/model.rs`.
    pub(crate) fn latest(&self) -> UnixTime {
        let now = self.store_now();
        now.max(UnixTime::from_secs(self.site.latest.load(Ordering::Relaxed)))
    }

    /// Returns the latest time at which a token that was revoked at `at` could still be valid. The
    /// clock of the node that issued it may be ahead of this node's clock.
    pub(crate) fn forget_after(&self, at: UnixTime) -> UnixTime {
        let at = at.max(self.latest()).max(self.now());
        at.saturating_add(self.issuer().access_lifetime() + MAX_CLOCK_SKEW)
    }

    /// Returns whether the ability is turned on.
    #[must_use]
    pub fn has(&self, ability: Ability) -> bool {
        let stores = &self.site.stores;
        match ability {
            Ability::RegistrationStore => stores.registration.is_some(),
            Ability::PasswordStore => stores.passwords.is_some(),
            Ability::TwoFactorStore => stores.two_factor.is_some(),
            Ability::SessionStore => stores.sessions.is_some(),
            Ability::RefreshTokenStore => stores.refresh_tokens.is_some(),
            Ability::BrowserStore => stores.browsers.is_some(),
            Ability::ActivityStore => stores.activity.is_some(),
        }
    }

    pub(crate) fn stores(&self) -> &StoreSet {
        &self.site.stores
    }

    /// Reports an event to `tracing`, to the metrics and to the site's hook. The routes use it for
    /// their own events.
    pub fn report(&self, event: Event) {
        self.events().happened(event);
    }

    /// Counts a rejected request of a login route, and reports the event
    /// [`AccessDenied`](Event::AccessDenied) if one is due: at most once per minute and kind.
    pub fn report_rejection(
        &self,
        rejection: Rejection,
        account: Option<&str>,
        peer: Option<IpAddr>,
    ) {
        let kind = rejection.kind();
        if let Some(count) = self.site.reports.due(ReportedKind::Request(kind), self.now()) {
            let account = account.map(AccountId::new);
            self.report(Event::AccessDenied { account, kind, count, peer });
        }
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.site.settings.random
    }

    pub(crate) fn events(&self) -> &Events {
        &self.site.events
    }
}

impl<R> Clone for Accounts<R> {
    fn clone(&self) -> Self {
        Self { site: Arc::clone(&self.site), browser: self.browser }
    }
}

impl<R> fmt::Debug for Accounts<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("name", &self.site.settings.shown_name())
            .finish_non_exhaustive()
    }
}
