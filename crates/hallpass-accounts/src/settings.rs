//! The settings of a site: each setting once, with its default.
//!
//! Flows, routes and the authenticator of the request path borrow this struct. It has no setters.
//! The facade's `Hallpass::builder` has them, and users of the engine without the facade set the
//! fields.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use hallpass_core::{
    Clock, CookieSettings, CookieSettingsError, KeyId, OriginCheck, PathPrefix, PublicOrigin,
    RejectionSettings, RevocationList, Role, RoleSet, SystemClock, TotpSettings, Verifier,
};

use crate::{
    account::{
        reserved_usernames::ReservedUsernames,
        username::{Usernames, is_visible},
    },
    challenge::ChallengeOutage,
    event::{Event, EventHook, Events},
    login::own_claims::OwnClaims,
    password::{
        password_hasher::ImpossibleCost, password_hasher_settings::PasswordHasherSettings,
        policy::PasswordPolicy,
    },
    random::{Random, SystemRandom},
    rate_limit::{limits::RateLimits, proxies::Proxies},
    session::SessionSettings,
    store::{DynBreachedPasswords, DynChallenge},
    two_factor::TwoFactorPolicy,
};

/// The settings of a site.
///
/// Exhaustive, because callers write `Settings { issuer, ..Settings::default() }`; a new setting
/// has a default.
///
/// ```
/// use hallpass_accounts::{SessionSettings, Settings};
/// use std::time::Duration;
/// # use hallpass_core::Role;
/// # #[derive(Role)] enum SiteRole { Guest }
///
/// let settings = Settings::<SiteRole> {
///     issuer: "https://site.example".into(),
///     session: SessionSettings::default().absolute(Duration::from_secs(8 * 3600)),
///     ..Settings::default()
/// };
/// assert_eq!(settings.lifetime, Duration::from_secs(15 * 60));
/// ```
pub struct Settings<R> {
    /// The issuer of the tokens (`iss`). Defaults to `hallpass`.
    pub issuer: String,
    /// The audience of the tokens (`aud`). Defaults to `hallpass`.
    pub audience: String,
    /// The lifetime of an access token. Defaults to 15 minutes.
    pub lifetime: Duration,
    /// The tokens of other programs that are accepted, and the number of verified tokens that are
    /// remembered. Defaults to no tokens of other programs and 8,192 remembered tokens.
    pub verifier: VerifierSettings,
    /// Whether a token is also accepted from `Authorization: Bearer`. Defaults to false.
    pub bearer: bool,
    /// The site's own claims in access tokens. Defaults to none.
    pub claims: Option<OwnClaims<R>>,
    /// The address of the site in the browser. The engine takes the path prefix of cookie names,
    /// rejections and `next` from it, and accepts unsafe requests from it. Defaults to none: the
    /// site has the whole host, and its address is not known.
    pub public_origin: Option<PublicOrigin>,
    /// Names and attributes of the cookies. Defaults to `__Host-hallpass` and its siblings, with
    /// `SameSite=Lax`.
    pub cookies: CookieSettings,
    /// The origins from which unsafe requests are accepted. Defaults to the site's own.
    pub origin_check: OriginCheck,
    /// The paths that a rejection leads to. Defaults to those of the login routes.
    pub rejections: RejectionSettings,
    /// The name of the site on its pages and in authenticators. Authenticators default to the host
    /// of the public origin, or to the issuer without a public origin.
    pub site_name: Option<String>,
    /// The names with which people log in and register. Defaults to user names: an e-mail address
    /// is rejected.
    pub usernames: Usernames,
    /// The names that a registration rejects. Defaults to the names of people in charge, of
    /// mailboxes (RFC 2142), of hosts and of the login routes.
    pub reserved_usernames: ReservedUsernames,
    /// The roles of a new account. Defaults to the variant with `#[role(default)]`, or to none.
    pub default_roles: RoleSet<R>,
    /// The roles of which at least one enabled account must remain: a command that would demote or
    /// disable the last one is rejected. Defaults to none.
    pub kept_roles: RoleSet<R>,
    /// The rules for new passwords. Defaults to a minimum of 10 characters.
    pub password_policy: PasswordPolicy,
    /// Cost and concurrency of password hashing. The defaults are in the documentation of
    /// [`PasswordHasherSettings`].
    pub password_hasher: PasswordHasherSettings,
    /// The time for which a link that sets a new password is accepted. Defaults to one hour.
    pub reset_link_lifetime: Duration,
    /// The service that looks up breached passwords. Defaults to none.
    pub breached_passwords: Option<DynBreachedPasswords>,
    /// The CAPTCHA or proof of work that a login or registration must solve. Defaults to none.
    pub challenge: Option<DynChallenge>,
    /// What happens if the challenge cannot be checked. Defaults to
    /// [`ChallengeOutage::Pass`]: the attempt continues without it.
    pub challenge_outage: ChallengeOutage,
    /// The accounts that must have a second factor. Defaults to none.
    pub two_factor: TwoFactorPolicy<R>,
    /// The shape of the codes of an authenticator. Defaults to 6 digits, with a new code every 30
    /// seconds.
    pub totp: TotpSettings,
    /// The time for which a trusted device skips the code. Defaults to none. Needs a store of known
    /// browsers.
    pub trust_devices: Option<Duration>,
    /// The lifetime of a session with refresh tokens. Defaults to 30 days, and 7 days without a
    /// refresh.
    pub session: SessionSettings,
    /// The limits on attempts. The defaults are in the documentation of
    /// [`RateLimits`].
    pub rate_limits: RateLimits,
    /// The proxies whose header names the client's address. Defaults to none.
    pub proxies: Proxies,
    /// The list of revoked tokens, and what happens when it is stale. Defaults to a new list.
    pub revocation_list: RevocationList,
    /// The time limit for one call to the store. Defaults to 1.5 seconds.
    pub store_timeout: Duration,
    /// The time limit for one login route. Defaults to 1.8 seconds.
    pub request_timeout: Duration,
    /// The clock. Defaults to the system's.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes. Defaults to the operating system's.
    pub random: Arc<dyn Random>,
    /// The function that is called with each event, inside the request, so it must not block.
    /// Defaults to none.
    pub on_event: Option<EventHook>,
}

impl<R> Settings<R> {
    /// Reports an event to `tracing`, to the metrics and to the site's hook, where no
    /// [`Accounts`](crate::Accounts) exist: an operator's command that needs no keys.
    pub fn report(&self, event: Event) {
        Events::to(self.on_event.clone()).happened(event);
    }

    /// Returns the path below which the site is reached. Without a public origin the site has the
    /// whole host.
    #[must_use]
    pub fn prefix(&self) -> &PathPrefix {
        self.public_origin.as_ref().map_or(&WHOLE_HOST, PublicOrigin::prefix)
    }

    /// Returns the name of the site in authenticators: the site's own, or the host of its address,
    /// or the issuer. If the issuer is an address, only its host is shown.
    pub(crate) fn shown_name(&self) -> Cow<'_, str> {
        let host = self.public_origin.as_ref().map(PublicOrigin::host);
        match self.site_name.as_deref().or(host) {
            Some(name) => name.into(),
            None => match PublicOrigin::parse(&self.issuer) {
                Ok(address) => address.host().to_owned().into(),
                Err(_) => (&*self.issuer).into(),
            },
        }
    }

    /// Checks the name of the site in authenticators. A colon separates it from the user name: an
    /// authenticator would show another site or another account.
    pub(crate) fn check_shown_name(&self) -> Result<(), SettingsError> {
        let name = self.shown_name();
        if name.contains(':') {
            return Err(SettingsError::SiteName(name.into_owned()));
        }
        Ok(())
    }

    /// Takes the path prefix and the accepted origin from the public origin.
    pub(crate) fn apply_public_origin(&mut self) -> Result<(), SettingsError> {
        if let Some(origin) = &self.public_origin {
            self.cookies = self.cookies.below(origin.prefix())?.on_host(origin.host());
            self.origin_check = self.origin_check.clone().public_origin(origin);
            let security = self.rejections.security().clone().public_origin(origin);
            self.rejections =
                self.rejections.clone().path_prefix(origin.prefix()).security_headers(security);
        }
        Ok(())
    }
}

impl<R: Role> Settings<R> {
    /// Checks the names of roles that are implemented by hand. The macro checks those that it
    /// derives.
    pub(crate) fn check_role_names(&self) -> Result<(), SettingsError> {
        match R::ALL.iter().map(Role::name).find(|name| name.is_empty() || !is_visible(name)) {
            None => Ok(()),
            Some(name) => Err(SettingsError::RoleName(name)),
        }
    }

    /// Returns the names of the [`kept_roles`](Self::kept_roles), as a store keeps them.
    pub(crate) fn kept_role_names(&self) -> Vec<String> {
        self.kept_roles.iter().map(|role| role.name().to_owned()).collect()
    }
}

impl<R: Role> Default for Settings<R> {
    fn default() -> Self {
        Self {
            issuer: NAME.to_owned(),
            audience: NAME.to_owned(),
            lifetime: Duration::from_secs(15 * 60),
            verifier: VerifierSettings::default(),
            bearer: false,
            claims: None,
            public_origin: None,
            cookies: CookieSettings::default(),
            origin_check: OriginCheck::new(),
            rejections: RejectionSettings::default().style_sheet("/hallpass.css"),
            site_name: None,
            usernames: Usernames::default(),
            reserved_usernames: ReservedUsernames::default(),
            default_roles: R::default_role().map(RoleSet::from).unwrap_or_default(),
            kept_roles: RoleSet::default(),
            password_policy: PasswordPolicy::default(),
            password_hasher: PasswordHasherSettings::default(),
            reset_link_lifetime: Duration::from_secs(3600),
            breached_passwords: None,
            challenge: None,
            challenge_outage: ChallengeOutage::default(),
            two_factor: TwoFactorPolicy::Optional,
            totp: TotpSettings::default(),
            trust_devices: None,
            session: SessionSettings::default(),
            rate_limits: RateLimits::default(),
            proxies: Proxies::default(),
            revocation_list: RevocationList::new(),
            store_timeout: Duration::from_millis(1500),
            request_timeout: Duration::from_millis(1800),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            on_event: None,
        }
    }
}

impl<R> fmt::Debug for Settings<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The tokens of other programs that are accepted, and the number of verified tokens that are
/// remembered.
///
/// ```
/// use hallpass_accounts::VerifierSettings;
///
/// let beside_another_program =
///     VerifierSettings::default().accept_type("JWT").accept_integer_user_id();
/// ```
#[derive(Clone, Default, Debug)]
#[must_use]
pub struct VerifierSettings {
    types: Vec<String>,
    untyped: bool,
    key_without_kid: Option<KeyId>,
    integer_user_id: bool,
    remembered: Option<Remembered>,
}

#[derive(Clone, Copy, Debug)]
enum Remembered {
    Asymmetric(usize),
    All(usize),
}

impl VerifierSettings {
    /// Also accepts tokens of this `typ`, in exactly this spelling. Defaults to `hallpass+jwt`
    /// alone. PyJWT and jsonwebtoken write `JWT` by default.
    pub fn accept_type(mut self, typ: impl Into<String>) -> Self {
        self.types.push(typ.into());
        self
    }

    /// Also accepts tokens without a `typ`. Defaults to rejecting them, because without a `typ` an
    /// access token cannot be distinguished from an ID token of the same keys.
    pub fn insecure_accept_untyped(mut self) -> Self {
        self.untyped = true;
        self
    }

    /// Tries this key for tokens without a `kid`. Defaults to none.
    pub fn key_without_kid(mut self, id: KeyId) -> Self {
        self.key_without_kid = Some(id);
        self
    }

    /// Also accepts a `user_id` that is a non-negative integer. Defaults to strings alone.
    pub fn accept_integer_user_id(mut self) -> Self {
        self.integer_user_id = true;
        self
    }

    /// Sets the maximum number of remembered tokens of asymmetric keys; 0 remembers none. Defaults
    /// to 8,192.
    pub fn remember(mut self, tokens: usize) -> Self {
        self.remembered = Some(Remembered::Asymmetric(tokens));
        self
    }

    /// Sets the maximum number of remembered tokens, including tokens of HMAC keys. Replaces
    /// [`remember`](Self::remember). By default tokens of HMAC keys are not remembered.
    pub fn remember_all(mut self, tokens: usize) -> Self {
        self.remembered = Some(Remembered::All(tokens));
        self
    }

    pub(crate) fn apply<R: Role>(&self, mut verifier: Verifier<R>) -> Verifier<R> {
        for typ in &self.types {
            verifier = verifier.accept_type(typ);
        }
        if self.untyped {
            verifier = verifier.insecure_accept_untyped();
        }
        if let Some(id) = &self.key_without_kid {
            verifier = verifier.key_without_kid(id.clone());
        }
        if self.integer_user_id {
            verifier = verifier.accept_integer_user_id();
        }
        match self.remembered {
            Some(Remembered::Asymmetric(tokens)) => verifier.remember(tokens),
            Some(Remembered::All(tokens)) => verifier.remember_all(tokens),
            None => verifier,
        }
    }
}

/// The reason that settings cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The key ring has no signing key.
    #[error(
        "the keys can only verify: name one of them in the ring's `active`, or make a ring with `hallpass keys new`"
    )]
    NoSigningKey,
    /// Second factors or refresh tokens are on, and the ring has no encryption key.
    #[error(
        "the key ring has no encryption key, which second factors and refresh tokens need: add one (\"use\": \"enc\") or leave them off"
    )]
    NoEncryptionKey,
    /// A second factor is required, but the store has no second factors.
    #[error(
        "a second factor is required, but the store has no second factors: turn on `TwoFactorStore`, or make the factor optional"
    )]
    TwoFactorWithoutStore,
    /// Devices may be trusted, but the store keeps no browsers.
    #[error(
        "devices may be trusted, but the store keeps no known browsers: turn on `BrowserStore`, or remove `trust_devices`"
    )]
    TrustWithoutBrowsers,
    /// The name of the site in authenticators contains a colon.
    #[error(
        "the name of the site in authenticators is {0:?}, and a colon separates the site from the user name there: set a name without a colon with `.site_name(…)`"
    )]
    SiteName(String),
    /// The name of a role contains a character that cannot be seen: `Role` is implemented by hand.
    #[error(
        "the name of the role {0:?} contains a character that is not visible: use letters, digits, punctuation and spaces, or `#[derive(Role)]`"
    )]
    RoleName(&'static str),
    /// A notifier is set without a revocation log.
    #[error(
        "a notifier is set, but no revocation log is read: call `.revocation_log()` or `.revocation_log_in(store)`, or remove the notifier"
    )]
    NotifierWithoutLog,
    /// Two stores are not known to commit in one database: a change could be committed without its
    /// entry in the revocation log.
    #[error(
        "`{one}` and `{other}` are in two stores that cannot commit a change and its revocation together: use one store for both, without `.revocation_log_in(…)`; if the accounts are in a table of your own, keep the rest in hallpass's tables of the same database with `users.with(SqlStore::on_pool(pool))`"
    )]
    StoresApart {
        /// The trait of the one store.
        one: &'static str,
        /// The trait of the other store.
        other: &'static str,
    },
    /// The name of a cookie equals one that is made for the path prefix.
    #[error(transparent)]
    Cookies(#[from] CookieSettingsError),
    /// The hash cost is outside what argon2 allows.
    #[error(transparent)]
    HashCost(#[from] ImpossibleCost),
}

/// The prefix of a site without a public origin.
static WHOLE_HOST: PathPrefix = PathPrefix::NONE;

/// The default issuer and audience. The keys distinguish the tokens of two sites that use them.
const NAME: &str = "hallpass";
