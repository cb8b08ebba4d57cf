//! The builder of a site, with every setting.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hallpass_accounts::{
    Account, AccountStore, AdministrationStore, BreachedPasswords, DynRateLimitStore, Event,
    OwnClaims, PasswordHasherSettings, PasswordPolicy, PasswordStore, Proxies, Random,
    RateLimitStore, RateLimits, RefreshTokenStore, RegistrationStore, RevocationLog,
    SessionSettings, SessionStore, Settings, StoreSet, TwoFactorPolicy, TwoFactorStore,
    VerifierSettings,
};
use hallpass_core::{
    Clock, CookieSettings, CookieSettingsBuilder, Keys, RejectionSettings, RevocationList, Role,
    RoleSet, StalePolicy, TotpSettings,
};
use hallpass_web::Pages;
use serde::{Serialize, de::DeserializeOwned};

use crate::key_file::KeyFile;

/// The builder of a [`Hallpass`](crate::Hallpass): a store and the settings. [`start`](Self::start)
/// returns the handle.
///
/// The order of the settings does not matter. `docs/settings.md` lists them with their defaults.
/// Turning on a capability whose trait the store does not implement is a compile error:
///
/// ```compile_fail
/// # use hallpass::{Account, AccountId, Hallpass, Role, Username};
/// # use hallpass::store::AccountStore;
/// # #[derive(Role)] enum SiteRole { Admin }
/// # struct Users;
/// # impl AccountStore for Users {
/// #     type Error = std::convert::Infallible;
/// #     async fn by_username(&self, _: &Username) -> Result<Option<Account>, Self::Error> { Ok(None) }
/// #     async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Self::Error> { Ok(None) }
/// # }
/// Hallpass::<SiteRole>::builder(Users).registration(); // `Users` has no `RegistrationStore`
/// ```
#[must_use]
pub struct HallpassBuilder<R, S> {
    pub(crate) store: Arc<S>,
    pub(crate) stores: StoreSet,
    pub(crate) settings: Settings<R>,
    pub(crate) keys: Vec<KeySource>,
    pub(crate) cookies: CookieSettingsBuilder,
    pub(crate) insecure_plain_http_cookies: bool,
    pub(crate) trusted_origins: Vec<String>,
    pub(crate) rate_limits_in: Option<DynRateLimitStore>,
    pub(crate) without_refresh_tokens: bool,
    pub(crate) stale_policy: Option<StalePolicy>,
    pub(crate) pages: Option<Arc<dyn Pages>>,
}

/// The source of the keys.
pub(crate) enum KeySource {
    Ring(Keys),
    File(KeyFile),
    Drawn,
}

/// Keys, tokens and cookies.
impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    pub(crate) fn new(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            stores: StoreSet::new(Arc::clone(&store)),
            store,
            settings: Settings::default(),
            keys: Vec::new(),
            cookies: CookieSettings::builder(),
            insecure_plain_http_cookies: false,
            trusted_origins: Vec::new(),
            rate_limits_in: None,
            without_refresh_tokens: false,
            stale_policy: None,
            pages: None,
        }
    }

    /// Signs and verifies with these keys. A site needs exactly one of `keys`,
    /// [`key_file`](Self::key_file) and [`keys_in_memory`](Self::keys_in_memory). With none or with
    /// more than one of them, [`start`](Self::start) returns an error.
    pub fn keys(mut self, keys: impl Into<Keys>) -> Self {
        self.keys.push(KeySource::Ring(keys.into()));
        self
    }

    /// Signs and verifies with the keys in this file. The file is created if it does not exist. A
    /// change of the file is detected within about a second, and the file is then read again.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys.push(KeySource::File(KeyFile::new(path)));
        self
    }

    /// Signs and verifies with random keys that are generated at the start and kept only in memory,
    /// for a test or an example. A restart logs everybody out and makes every second factor
    /// unreadable.
    pub fn keys_in_memory(mut self) -> Self {
        self.keys.push(KeySource::Drawn);
        self
    }

    /// Sets the issuer of the tokens (`iss`). Defaults to `hallpass`. If other services verify the
    /// site's tokens, use the URL of the site.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.settings.issuer = issuer.into();
        self
    }

    /// Sets the audience of the tokens (`aud`). Defaults to `hallpass`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audience = audience.into();
        self
    }

    /// Sets the lifetime of an access token. Defaults to 15 minutes. It is also the maximum
    /// lifetime that the site accepts: a token that another program issued for a longer time is
    /// rejected. The revocation list keeps its entries only for this time.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = lifetime;
        self
    }

    /// Sets which tokens of other programs are accepted, in addition to those that hallpass issues.
    /// Defaults to none. If another program signs tokens with the same keys, pass
    /// `VerifierSettings::default().accept_type("JWT")`.
    pub fn verifier(mut self, verifier: VerifierSettings) -> Self {
        self.settings.verifier = verifier;
        self
    }

    /// Also accepts the access token as `Authorization: Bearer`. Defaults to only the cookie.
    pub fn bearer(mut self) -> Self {
        self.settings.bearer = true;
        self
    }

    /// Adds the site's own claims to every access token. Defaults to no claims.
    ///
    /// `claims_of` is called with the stored account each time an access token is issued: at login,
    /// at a refresh, and when a change of the account replaces the token. The claims of an issued
    /// token do not change. Handlers read them with `identity.claims::<X>()`.
    ///
    /// `X` is a struct with named fields, or a map with string keys. Its field names must differ
    /// from the names of the claims that hallpass writes. `X` must not have
    /// `#[serde(deny_unknown_fields)]`. If the claims cannot be signed or read back, no token is
    /// issued: the flow returns [`Unavailable`](crate::AccountsErrorKind::Unavailable), and the
    /// cause is logged.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass::{Clock, Hallpass, Role, SystemClock};
    /// # use hallpass::flow::Visitor;
    /// # use hallpass::store::SqlStore;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Guest }
    /// # let store = SqlStore::open("sqlite::memory:").await?;
    /// #[derive(Serialize, Deserialize, PartialEq, Debug)]
    /// struct TenantClaims { tenant: String }
    ///
    /// let hallpass = Hallpass::<SiteRole>::builder(store)
    ///     .keys_in_memory()
    ///     .claims(|account| TenantClaims { tenant: format!("tenant of {}", account.username()) })
    ///     .everything()
    ///     .start()
    ///     .await?;
    ///
    /// let visitor = Visitor::default();
    /// let alice = hallpass.accounts().register("alice", "correct horse battery staple", &visitor).await?.opened().unwrap();
    /// let alice = hallpass.request_authenticator().verifier().verify(alice.access.as_str().as_bytes(), SystemClock.now())?;
    /// assert_eq!(alice.claims(), Some(&TenantClaims { tenant: "tenant of alice".into() }));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn claims<X>(mut self, claims_of: impl Fn(&Account) -> X + Send + Sync + 'static) -> Self
    where
        X: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.settings.claims = Some(OwnClaims::new(claims_of));
        self
    }

    /// Sets the names and attributes of the cookies. Defaults to names that begin with
    /// `__Host-hallpass`, and to `SameSite=Lax`. Browsers accept these cookies only over HTTPS and
    /// send them only to this host.
    pub fn cookies(mut self, cookies: CookieSettingsBuilder) -> Self {
        self.cookies = cookies;
        self
    }

    /// Also sends the cookies over plain HTTP, under names without a prefix. An attacker on the
    /// network can then read them. Defaults to HTTPS only. For `localhost`, Chromium and Firefox
    /// accept the HTTPS cookies over plain HTTP, and this setting is not needed. Safari does not
    /// accept them (WebKit bug 281149).
    pub fn insecure_plain_http_cookies(mut self) -> Self {
        self.insecure_plain_http_cookies = true;
        self
    }

    /// Accepts unsafe requests from another origin, for example `https://shop.example`. Defaults to
    /// only the site's own origin (CSRF).
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// Sets the paths that a rejection leads to (the login page and the two-factor page), and the
    /// style sheet of rejection pages. Defaults to those of the login routes.
    pub fn rejections(mut self, rejections: RejectionSettings) -> Self {
        self.settings.rejections = rejections;
        self
    }
}

/// Accounts, passwords, second factors and sessions.
impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Turns on all capabilities, for a store that implements all store traits: registration,
    /// passwords, second factors, sessions with refresh tokens, administration, rate limits in the
    /// store and the revocation log.
    pub fn everything(self) -> Self
    where
        S: RegistrationStore
            + PasswordStore
            + TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RateLimitStore
            + RevocationLog,
    {
        let two_factor = self.settings.two_factor.clone();
        self.registration()
            .passwords()
            .two_factor(two_factor)
            .refresh_tokens()
            .administration()
            .rate_limits_in_store()
            .revocation_log()
    }

    /// Turns registration on, at `/register`.
    pub fn registration(mut self) -> Self
    where
        S: RegistrationStore,
    {
        self.stores.registration = Some(self.store.clone().into());
        self
    }

    /// Turns on the change of passwords (`/profile/password`), and the replacement of weak hashes
    /// at login.
    pub fn passwords(mut self) -> Self
    where
        S: PasswordStore,
    {
        self.stores.passwords = Some(self.store.clone().into());
        self
    }

    /// Turns second factors on (`/profile/two-factor`), and sets which accounts must have one:
    /// `TwoFactorPolicy::RequiredFor([SiteRole::Admin].into())`. [`everything`](Self::everything)
    /// turns second factors on and keeps this policy. Without a call of this method, no account
    /// must have one.
    ///
    /// While second factors are off, an account that has one in the store cannot log in.
    pub fn two_factor(mut self, policy: TwoFactorPolicy<R>) -> Self
    where
        S: TwoFactorStore,
    {
        self.settings.two_factor = policy;
        self.stores.two_factor = Some(self.store.clone().into());
        self
    }

    /// Turns sessions on. The page `/profile/sessions` lists them, and a logout takes effect on
    /// every node.
    pub fn sessions(mut self) -> Self
    where
        S: SessionStore,
    {
        self.stores.sessions = Some(self.store.clone().into());
        self
    }

    /// Turns refresh tokens on. By default a person then stays logged in for up to 30 days
    /// ([`session`](Self::session)), and each access token is valid for 15 minutes
    /// ([`lifetime`](Self::lifetime)). Also turns [`sessions`](Self::sessions) on.
    pub fn refresh_tokens(mut self) -> Self
    where
        S: RefreshTokenStore,
    {
        self.stores.refresh_tokens = Some(self.store.clone().into());
        self.sessions()
    }

    /// Turns refresh tokens off. A session then ends with its access token, after one
    /// [`lifetime`](Self::lifetime). Overrides [`refresh_tokens`](Self::refresh_tokens) and
    /// [`everything`](Self::everything).
    pub fn without_refresh_tokens(mut self) -> Self {
        self.without_refresh_tokens = true;
        self
    }

    /// Turns administration on: the application can change roles and disable accounts.
    pub fn administration(mut self) -> Self
    where
        S: AdministrationStore,
    {
        self.stores.administration = Some(self.store.clone().into());
        self
    }

    /// Sets the roles of a newly registered account. Defaults to the variant with
    /// `#[role(default)]`, or to no role if no variant has it.
    pub fn default_roles(mut self, roles: impl Into<RoleSet<R>>) -> Self {
        self.settings.default_roles = roles.into();
        self
    }

    /// Sets the rules for new passwords. Defaults to [`PasswordPolicy::default`], which follows
    /// ASVS 5.0.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.settings.password_policy = policy;
        self
    }

    /// Sets the cost and the concurrency of password hashing. Defaults to
    /// [`PasswordHasherSettings::default`], which depends on the machine.
    pub fn password_hasher(mut self, settings: PasswordHasherSettings) -> Self {
        self.settings.password_hasher = settings;
        self
    }

    /// Rejects new passwords that this service lists as breached. Defaults to no service.
    pub fn breached_passwords(mut self, service: impl BreachedPasswords) -> Self {
        self.settings.breached_passwords = Some(Arc::new(service).into());
        self
    }

    /// Sets the algorithm, the digits and the accepted clock skew of the codes. Defaults to
    /// [`TotpSettings::default`], which every authenticator supports.
    pub fn totp(mut self, settings: TotpSettings) -> Self {
        self.settings.totp = settings;
        self
    }

    /// Lets a person trust a browser: after one login with a code there, later logins in that
    /// browser need no code for this time, at most 180 days. A logout ends the trust. Accounts that
    /// the policy requires to have a second factor always enter a code. A route that requires a
    /// second factor rejects a login without a code. Defaults to off.
    pub fn trust_devices(mut self, time: Duration) -> Self {
        self.settings.trust_devices = Some(time);
        self
    }

    /// Sets the lifetime of a session. By default it ends after 30 days, or earlier if it is not
    /// used for 7 days. Has no effect without refresh tokens.
    pub fn session(mut self, session: SessionSettings) -> Self {
        self.settings.session = session;
        self
    }
}

/// Rate limits, revocation and operation.
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

    /// Reads a revocation log in another store, and writes to it. Overrides
    /// [`revocation_log`](Self::revocation_log) and [`everything`](Self::everything).
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

    /// Sets the name of the site on the default pages and in authenticator apps. Defaults to the
    /// issuer in authenticator apps, and to the link "Home" on the pages. Own
    /// [`pages`](Self::pages) render their own name.
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
