//! The settings of a site, each said once.

use std::{marker::PhantomData, path::PathBuf, sync::Arc, time::Duration};

use hallpass_accounts::{Account, AccountStore, AccountsBuilder, FactorPolicy, SessionLimits};
use hallpass_core::{Clock, CookieSettings, CookieSettingsBuilder, Keys, Role, RoleSet, Verifier};
use hallpass_web::Pages;
use serde::{Serialize, de::DeserializeOwned};

use crate::key_file::KeyFile;

/// Makes a [`Hallpass`](crate::Hallpass) over a store.
///
/// `F` says whether the store has a revocation feed: with one it is [started](HallpassBuilder::start), without one it is
/// [built](HallpassBuilder::build). An ability that the store lacks does not compile:
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
pub struct HallpassBuilder<R, S, F = NoFeed> {
    pub(crate) store: S,
    pub(crate) keys: KeySource,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) cookies: CookieSettingsBuilder,
    pub(crate) trusted_origins: Vec<String>,
    pub(crate) bearer: bool,
    pub(crate) verifier: Adjust<Verifier<R>>,
    pub(crate) accounts: Adjust<AccountsBuilder<R, S>>,
    pub(crate) pages: Option<Arc<dyn Pages>>,
    feed: PhantomData<F>,
}

/// The store has no revocation feed, or it is not read.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum NoFeed {}

/// The store's revocation feed is read each second.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum WithFeed {}

pub(crate) enum KeySource {
    Missing,
    Ring(Keys),
    File(KeyFile),
}

/// Settings for later: the parts that they change do not exist yet.
pub(crate) type Adjust<T> = Box<dyn FnOnce(T) -> T + Send>;

impl<R: Role, S: AccountStore> HallpassBuilder<R, S, NoFeed> {
    pub(crate) fn new(store: S) -> Self {
        Self {
            store,
            keys: KeySource::Missing,
            issuer: NAME.to_owned(),
            audience: NAME.to_owned(),
            lifetime: None,
            cookies: CookieSettings::builder(),
            trusted_origins: Vec::new(),
            bearer: false,
            verifier: Box::new(|verifier| verifier),
            accounts: Box::new(|accounts| accounts),
            pages: None,
            feed: PhantomData,
        }
    }
}

impl<R: Role, S: AccountStore, F> HallpassBuilder<R, S, F> {
    /// Signs and verifies with these keys.
    pub fn keys(mut self, keys: impl Into<Keys>) -> Self {
        self.keys = KeySource::Ring(keys.into());
        self
    }

    /// Signs and verifies with the keys in this file, which is made where there is none and read again when it changes.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.keys = KeySource::File(KeyFile::new(path));
        self
    }

    /// Names the issuer of the tokens (`iss`). Defaults to `hallpass`, because the keys already tell one site's tokens from
    /// another's; name a site by its URL where other services verify its tokens.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Names those whom the tokens are for (`aud`). Defaults to `hallpass`, for the same reason.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets how long an access token lives. No longer-lived one is accepted, since revocations are remembered for this long.
    /// Defaults to 15 minutes, because a copied cookie is worth something for this long to a service that hears of no revocation.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Sets names and attributes of the cookies. Defaults to `__Host-hallpass` and its siblings, `SameSite=Lax`, because
    /// browsers then accept them from this host over HTTPS alone.
    pub fn cookies(mut self, cookies: CookieSettingsBuilder) -> Self {
        self.cookies = cookies;
        self
    }

    /// Lets the cookies travel over plain HTTP, under names without a prefix. Defaults to no, because whoever listens could
    /// take them; Chromium and Firefox make an exception for `localhost` by themselves, Safari does not (WebKit bug 281149).
    pub fn insecure_plain_http_cookies(mut self) -> Self {
        self.cookies = self.cookies.insecure_plain_http_cookies();
        self
    }

    /// Accepts unsafe requests from another origin, `https://shop.example` say. Defaults to none, because a form on
    /// somebody else's page must not sign anybody in or out.
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// Also accepts the access token as `Authorization: Bearer`. Defaults to the cookie alone, because pages need no more.
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Changes how tokens are verified: `|verifier| verifier.accept_type("JWT")` where another program signs some with the
    /// same keys. Defaults to the tokens that hallpass writes. Lifetime and revocation stay what the site says.
    pub fn verifier(mut self, change: impl FnOnce(Verifier<R>) -> Verifier<R> + Send + 'static) -> Self {
        let before = self.verifier;
        self.verifier = Box::new(|verifier| change(before(verifier)));
        self
    }

    /// Names the site on its pages and in authenticator apps. Defaults to the issuer's name, because that is there already.
    pub fn site_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.then(|accounts| accounts.site_name(name))
    }

    /// Sets the roles of a newly registered account. Defaults to the variant with `#[role(default)]`, or to no role if no
    /// variant has it, because a role is a grant.
    pub fn default_roles(self, roles: impl Into<RoleSet<R>>) -> Self {
        let roles = roles.into();
        self.then(move |accounts| accounts.default_roles(roles))
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
    /// # use hallpass::keys::KeyRing;
    /// # use hallpass::store::SqlStore;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Guest }
    /// # let (now, store) = (SystemClock.now(), SqlStore::open("sqlite::memory:").await?);
    /// #[derive(Serialize, Deserialize, PartialEq, Debug)]
    /// struct TenantClaims { tenant: String }
    ///
    /// let hallpass = Hallpass::<SiteRole>::builder(store)
    ///     .keys(KeyRing::generate_hs256([1; 32], now))
    ///     .claims(|account| TenantClaims { tenant: format!("tenant of {}", account.username()) })
    ///     .everything()
    ///     .start()
    ///     .await?;
    ///
    /// let visitor = Visitor::default();
    /// let alice = hallpass.accounts().register("alice", "correct horse battery staple", &visitor).await?.opened().unwrap();
    /// let alice = hallpass.gate().verifier().verify(alice.access.as_str().as_bytes(), SystemClock.now())?;
    /// assert_eq!(alice.claims(), Some(&TenantClaims { tenant: "tenant of alice".into() }));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn claims<X>(self, claims_of: impl Fn(&Account) -> X + Send + Sync + 'static) -> Self
    where
        X: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.then(|accounts| accounts.claims(claims_of))
    }

    /// Says who must have a second factor: `FactorPolicy::RequiredFor([SiteRole::Admin].into())`. Defaults to
    /// [`FactorPolicy::Optional`], because a site has to tell its people first.
    pub fn factor_policy(self, policy: FactorPolicy<R>) -> Self {
        self.then(|accounts| accounts.factor_policy(policy))
    }

    /// Says how long a session lasts, where sessions are renewed. Defaults to [`SessionLimits::default`]: 30 days, 7 of them idle.
    pub fn session_limits(self, limits: SessionLimits) -> Self {
        self.then(move |accounts| accounts.session_limits(limits))
    }

    /// Shows the site's own pages. Defaults to plain ones that work without JavaScript, because sign-in needs some.
    pub fn pages(mut self, pages: impl Pages) -> Self {
        self.pages = Some(Arc::new(pages));
        self
    }

    /// Says what time it is. Defaults to the system's clock, because tokens live by it.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.then(|accounts| accounts.clock(clock))
    }

    /// Changes any other setting of the sign-in: `|accounts| accounts.store_timeout(Duration::from_secs(1))`.
    pub fn accounts(
        self,
        change: impl FnOnce(AccountsBuilder<R, S>) -> AccountsBuilder<R, S> + Send + 'static,
    ) -> Self {
        self.then(change)
    }

    pub(crate) fn then(
        mut self,
        change: impl FnOnce(AccountsBuilder<R, S>) -> AccountsBuilder<R, S> + Send + 'static,
    ) -> Self {
        let before = self.accounts;
        self.accounts = Box::new(|accounts| change(before(accounts)));
        self
    }

    pub(crate) fn with_feed(self) -> HallpassBuilder<R, S, WithFeed> {
        HallpassBuilder {
            store: self.store,
            keys: self.keys,
            issuer: self.issuer,
            audience: self.audience,
            lifetime: self.lifetime,
            cookies: self.cookies,
            trusted_origins: self.trusted_origins,
            bearer: self.bearer,
            verifier: self.verifier,
            accounts: self.accounts,
            pages: self.pages,
            feed: PhantomData,
        }
    }
}

/// Names issuer and audience where the site does not.
const NAME: &str = "hallpass";
