//! The builder of a site, with every setting.

mod accounts;
mod operation;

use std::{path::PathBuf, sync::Arc, time::Duration};

use hallpass_accounts::{
    Account, AccountStore, DynRateLimitStore, OwnClaims, Settings, StoreSet, VerifierSettings,
};
use hallpass_core::{
    CookieSettings, CookieSettingsBuilder, Keys, RejectionSettings, Role, StalePolicy,
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
    pub(crate) public_origin: Option<String>,
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
            public_origin: None,
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
    /// issued: the flow returns [`Internal`](crate::AccountsErrorKind::Internal), and the cause is
    /// logged.
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

    /// Sets the address of the site in the browser: `https://site.example`, or
    /// `https://site.example/app` for a site below a path. Defaults to none: the site has the whole
    /// host, and its address is not known.
    ///
    /// These are taken from it and from no header of a request:
    ///
    /// - The path prefix, `/app`. The login routes answer with and without it, for reverse proxies
    ///   that pass it on and for those that remove it. Links, redirects and forms have it, `next`
    ///   stays below it, and the default names of the cookies have a tag of it.
    /// - The origin from which unsafe requests are accepted, if a proxy sends another `Host`
    ///   (CSRF).
    /// - The name of a site without [`site_name`](Self::site_name) in authenticators: the host.
    ///
    /// A change of the path changes the names of the cookies, so all persons must log in again.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass::{Hallpass, Role};
    /// # use hallpass::store::SqlStore;
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # let store = SqlStore::open("sqlite::memory:").await?;
    /// let hallpass = Hallpass::<SiteRole>::builder(store)
    ///     .keys_in_memory()
    ///     .everything()
    ///     .public_origin("https://site.example/app")
    ///     .start()
    ///     .await?;
    /// assert_eq!(hallpass.prefix().join("/login"), "/app/login");
    ///
    /// # let store = SqlStore::open("sqlite::memory:").await?;
    /// let plain_http = Hallpass::<SiteRole>::builder(store)
    ///     .keys_in_memory()
    ///     .public_origin("http://site.example")
    ///     .start()
    ///     .await;
    /// assert!(plain_http.is_err());
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn public_origin(mut self, origin: impl Into<String>) -> Self {
        self.public_origin = Some(origin.into());
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
    /// only the site's own origin (CSRF): that of the request's `Host`, and the
    /// [`public_origin`](Self::public_origin).
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
