//! The builder of a site: each setting once, in any order.

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

/// Makes a [`Hallpass`](crate::Hallpass) over a store. [`start`](Self::start) finishes it.
///
/// The order of the settings does not matter; `docs/settings.md` lists them with their defaults. A
/// capability that the store lacks does not compile:
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

/// Where the keys come from.
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

    /// Signs and verifies with these keys.
    pub fn keys(mut self, keys: impl Into<Keys>) -> Self {
        self.keys.push(KeySource::Ring(keys.into()));
        self
    }

    /// Signs and verifies with the keys in this file, which is made where there is none and read
    /// again when it changes.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys.push(KeySource::File(KeyFile::new(path)));
        self
    }

    /// Signs and verifies with keys that are drawn at the start and kept in memory alone, for a
    /// test or an example. A restart logs everybody out and makes every second factor
    /// unreadable.
    pub fn keys_in_memory(mut self) -> Self {
        self.keys.push(KeySource::Drawn);
        self
    }

    /// Sets the issuer of the tokens (`iss`). Defaults to `hallpass`. Use the URL of the site where
    /// other services verify its tokens.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.settings.issuer = issuer.into();
        self
    }

    /// Sets the audience of the tokens (`aud`). Defaults to `hallpass`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings.audience = audience.into();
        self
    }

    /// Sets how long an access token is valid. Defaults to 15 minutes. A token with a longer
    /// lifetime is rejected, because revocations are remembered for this time.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.lifetime = lifetime;
        self
    }

    /// Sets which tokens are accepted besides those that hallpass writes:
    /// `VerifierSettings::default().accept_type("JWT")` where another program signs some with the
    /// same keys. Defaults to none.
    pub fn verifier(mut self, verifier: VerifierSettings) -> Self {
        self.settings.verifier = verifier;
        self
    }

    /// Also accepts the access token as `Authorization: Bearer`. Defaults to the cookie alone.
    pub fn bearer(mut self) -> Self {
        self.settings.bearer = true;
        self
    }

    /// Adds the site's own claims to every access token. `claims_of` is called with the account, as
    /// the store has it then, when a person logs in, when a session is refreshed, and when a change
    /// of the account replaces the token. A claim is thus as old as the token. Defaults to none.
    ///
    /// Handlers read them: `identity.claims::<X>()`.
    ///
    /// `X` is a struct with named fields, or a map with string keys. Its names cannot be those that
    /// hallpass writes, and it must not deny unknown fields. Where the claims cannot be signed or
    /// read back, no token is issued: the flow ends as
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable), and the log has the cause.
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

    /// Sets names and attributes of the cookies. Defaults to `__Host-hallpass` and its siblings
    /// with `SameSite=Lax`, which browsers accept from this host over HTTPS alone.
    pub fn cookies(mut self, cookies: CookieSettingsBuilder) -> Self {
        self.cookies = cookies;
        self
    }

    /// Sends the cookies over plain HTTP too, under names without a prefix. Defaults to HTTPS
    /// alone, because a listener on the network could take them; Chromium and Firefox make an
    /// exception for `localhost` by themselves, Safari does not (WebKit bug 281149).
    pub fn insecure_plain_http_cookies(mut self) -> Self {
        self.insecure_plain_http_cookies = true;
        self
    }

    /// Accepts unsafe requests from another origin, for example `https://shop.example`. Defaults to
    /// the site's own origin alone (CSRF).
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// Sets the paths that a rejection leads to, and its style sheet. Defaults to those of the
    /// login routes.
    pub fn rejections(mut self, rejections: RejectionSettings) -> Self {
        self.settings.rejections = rejections;
        self
    }
}

/// Accounts, passwords, second factors and sessions.
impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Turns on all that the store can do.
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

    /// Turns registration on: `/register`.
    pub fn registration(mut self) -> Self
    where
        S: RegistrationStore,
    {
        self.stores.registration = Some(self.store.clone().into());
        self
    }

    /// Turns the change of passwords on (`/profile/password`), and the upgrade of weak hashes at
    /// login.
    pub fn passwords(mut self) -> Self
    where
        S: PasswordStore,
    {
        self.stores.passwords = Some(self.store.clone().into());
        self
    }

    /// Turns second factors on (`/profile/two-factor`), and sets who must have one:
    /// `TwoFactorPolicy::RequiredFor([SiteRole::Admin].into())`. The policy defaults to nobody,
    /// also with [`everything`](Self::everything).
    ///
    /// While second factors are off, an account whose store says that it has one cannot log in.
    pub fn two_factor(mut self, policy: TwoFactorPolicy<R>) -> Self
    where
        S: TwoFactorStore,
    {
        self.settings.two_factor = policy;
        self.stores.two_factor = Some(self.store.clone().into());
        self
    }

    /// Turns sessions on: `/profile/sessions`, and log-out that holds on every node.
    pub fn sessions(mut self) -> Self
    where
        S: SessionStore,
    {
        self.stores.sessions = Some(self.store.clone().into());
        self
    }

    /// Turns refresh tokens on: a person stays logged in for up to 30 days, while an access token
    /// is valid for 15 minutes. Turns [`sessions`](Self::sessions) on too.
    pub fn refresh_tokens(mut self) -> Self
    where
        S: RefreshTokenStore,
    {
        self.stores.refresh_tokens = Some(self.store.clone().into());
        self.sessions()
    }

    /// Turns refresh tokens off: a session is one access token with one
    /// [`lifetime`](Self::lifetime). Overrides [`refresh_tokens`](Self::refresh_tokens) and
    /// [`everything`](Self::everything).
    pub fn without_refresh_tokens(mut self) -> Self {
        self.without_refresh_tokens = true;
        self
    }

    /// Turns administration on: the application changes roles and disables accounts.
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

    /// Sets cost and concurrency of password hashing. Defaults to
    /// [`PasswordHasherSettings::default`], which depends on the machine.
    pub fn password_hasher(mut self, settings: PasswordHasherSettings) -> Self {
        self.settings.password_hasher = settings;
        self
    }

    /// Looks up new passwords in this service of breached passwords. Defaults to none.
    pub fn breached_passwords(mut self, service: impl BreachedPasswords) -> Self {
        self.settings.breached_passwords = Some(Arc::new(service).into());
        self
    }

    /// Sets the shape of the codes. Defaults to [`TotpSettings::default`], which every
    /// authenticator supports.
    pub fn totp(mut self, settings: TotpSettings) -> Self {
        self.settings.totp = settings;
        self
    }

    /// Lets a browser skip the code for this long, at most 180 days, after a person showed one
    /// there and asked for it. Does not apply to accounts that must have a second factor, nor
    /// to routes that require one. Defaults to never.
    pub fn trust_devices(mut self, time: Duration) -> Self {
        self.settings.trust_devices = Some(time);
        self
    }

    /// Sets how long a session lasts. Defaults to 30 days, 7 of them idle. Has no effect without
    /// refresh tokens.
    pub fn session(mut self, session: SessionSettings) -> Self {
        self.settings.session = session;
        self
    }
}

/// Rate limits, revocation and operation.
impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Sets how many attempts are allowed per account and per address.
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.settings.rate_limits = limits;
        self
    }

    /// Counts attempts in the site's store, where a restart or another node does not forget them.
    /// Defaults to the memory of this process.
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

    /// Sets the proxies whose header names the client's address. Defaults to none, because any
    /// client can write the header.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.settings.proxies = proxies;
        self
    }

    /// Reads the store's revocation log: what another node or an operator's command revokes takes
    /// effect here within 5 seconds.
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

    /// Also announces revocations through this store, and is woken by it. The revocation log stays
    /// the one that is read. Defaults to what the log's own store can announce.
    pub fn notifier(mut self, store: impl RevocationLog) -> Self {
        self.stores.notifiers.push(Arc::new(store).into());
        self
    }

    /// Counts attempts in this store and announces revocations through it: both
    /// [`rate_limits_in`](Self::rate_limits_in) and [`notifier`](Self::notifier), for example with
    /// a `RedisStore`.
    ///
    /// While it is down nobody can log in, because an attempt that is not counted is not made. Who
    /// is logged in stays so, and revocations arrive by the log's own notifier and by the poll.
    pub fn shared_backend(self, shared: impl RateLimitStore + RevocationLog + Clone) -> Self {
        self.rate_limits_in(shared.clone()).notifier(shared)
    }

    /// Sets what happens to tokens while the revocation log does not answer. Defaults to
    /// [`StalePolicy::ServeUntilExpiry`].
    pub fn stale_policy(mut self, policy: StalePolicy) -> Self {
        self.stale_policy = Some(policy);
        self.settings.revocation_list = RevocationList::with_stale_policy(policy);
        self
    }

    /// Sets how long one call to the store may take. Defaults to 1.5 seconds; the request then ends
    /// with a 503.
    pub fn store_timeout(mut self, time: Duration) -> Self {
        self.settings.store_timeout = time;
        self
    }

    /// Sets how long one login route may take in all. Defaults to 1.8 seconds; the request then
    /// ends with a 503.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.settings.request_timeout = time;
        self
    }

    /// Sets the name of the site on its pages and in authenticators. Authenticators show the issuer
    /// without it, and the pages "Home".
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.settings.site_name = Some(name.into());
        self
    }

    /// Renders the site's own pages. Defaults to plain ones that work without JavaScript.
    pub fn pages(mut self, pages: impl Pages) -> Self {
        self.pages = Some(Arc::new(pages));
        self
    }

    /// Calls this function with each event, inside the request: hand long work to a task. Defaults
    /// to none. Events are logged in any case.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.settings.on_event = Some(Arc::new(hook));
        self
    }

    /// Sets the clock. Defaults to the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Sets the source of random bytes. Defaults to the operating system's.
    pub fn random(mut self, random: impl Random) -> Self {
        self.settings.random = Arc::new(random);
        self
    }
}
