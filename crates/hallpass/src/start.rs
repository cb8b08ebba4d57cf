//! The start of a site: creates the handle from the settings.

use std::sync::Arc;

use hallpass_accounts::{
    AccountStore, Accounts, NoRandomness, Random, RevocationSync, SettingsError, StoreFault,
    SystemRandom,
};
use hallpass_core::{
    Clock, CookieSettingsError, KeyRing, Keys, OriginCheck, OriginCheckError, PublicOrigin,
    PublicOriginError, Role, SystemClock,
};
use hallpass_web::Routes;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::{
    background::Background,
    builder::{HallpassBuilder, KeySource},
    hallpass::Hallpass,
    key_file::{KeyFileError, WatchedKeyFile},
};

impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Starts the site: checks the settings, opens the keys and starts the background tasks. If a
    /// revocation log is on, this method reads it first, so that tokens that were revoked before
    /// the start are rejected from the first request.
    ///
    /// # Errors
    /// Returns an error if a setting is missing or not valid, or if the revocation log cannot be
    /// read. The text of [`StartError`] describes the fix.
    pub async fn start(self) -> Result<Hallpass<R>, StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let Self { mut stores, mut settings, .. } = self;
        let mut sources = self.keys.into_iter();
        let (keys, key_file) = match (sources.next(), sources.next()) {
            (None, _) => return Err(StartError::NoKeys),
            (Some(_), Some(_)) => return Err(StartError::TwoKeySources),
            (Some(source), None) => open_keys(source)?,
        };
        if self.stale_policy.is_some() && stores.revocation_log.is_none() {
            return Err(StartError::StalePolicyWithoutLog);
        }
        if self.without_refresh_tokens {
            stores.refresh_tokens = None;
        }
        if let Some(store) = self.rate_limits_in {
            stores.rate_limits = store;
        }
        let cookies = if self.insecure_plain_http_cookies {
            self.cookies.insecure_plain_http_cookies()
        } else {
            self.cookies
        };
        settings.cookies = cookies.build()?;
        settings.public_origin =
            self.public_origin.as_deref().map(PublicOrigin::parse).transpose()?;
        settings.origin_check = self
            .trusted_origins
            .iter()
            .try_fold(OriginCheck::new(), |check, origin| check.trust(origin))?;
        let accounts = Accounts::new(keys.clone(), stores, settings)?;
        let routes = match self.pages {
            Some(pages) => Routes::with_pages(&accounts, pages),
            None => Routes::new(&accounts),
        };
        check_prefix(&routes)?;
        let sync = RevocationSync::new(&accounts);
        sync.read().await?;
        let background =
            Background::start(&runtime, sync.clone(), key_file.map(|file| (file, keys)));
        Ok(Hallpass {
            authenticator: accounts.request_authenticator(),
            accounts,
            routes,
            sync,
            background: Arc::new(background),
        })
    }
}

/// Rejects a prefix that is a login route: `/login` would be the page of the route and the home
/// page of the site.
fn check_prefix<R: Role>(routes: &Routes<R>) -> Result<(), StartError> {
    let prefix = routes.accounts().settings().prefix();
    match routes.routes().into_iter().find(|route| prefix.covers(route.path)) {
        Some(route) if !prefix.is_empty() => {
            Err(StartError::PrefixIsRoute { prefix: prefix.to_string(), route: route.path })
        }
        _ => Ok(()),
    }
}

fn open_keys(source: KeySource) -> Result<(Keys, Option<WatchedKeyFile>), StartError> {
    let now = SystemClock.now();
    match source {
        KeySource::Ring(keys) => Ok((keys, None)),
        KeySource::File(file) => {
            let (ring, watched) = WatchedKeyFile::open(file, now)?;
            Ok((Keys::from(ring), Some(watched)))
        }
        KeySource::Drawn => {
            let mut bytes = Zeroizing::new([0; 32]);
            SystemRandom.fill(&mut *bytes)?;
            Ok((Keys::from(KeyRing::generate_hs256(*bytes, now)), None))
        }
    }
}

/// A reason why a site did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No keys are set.
    #[error(
        "no keys: write .key_file(\"site-keys.json\"), or .keys(KeyRing::from_env(\"SITE_KEYS\")?)"
    )]
    NoKeys,
    /// Keys are set more than once.
    #[error(
        "keys are set more than once: keep one of .keys(…), .key_file(…) and .keys_in_memory()"
    )]
    TwoKeySources,
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Browsers would not accept the cookies.
    #[error(transparent)]
    Cookies(#[from] CookieSettingsError),
    /// The public origin is not valid.
    #[error(transparent)]
    PublicOrigin(#[from] PublicOriginError),
    /// The path of the public origin is that of a login route.
    #[error(
        "the path {prefix:?} of the public origin is also the path of the login route {route:?}: set another path, such as /app"
    )]
    PrefixIsRoute {
        /// The path of the public origin.
        prefix: String,
        /// The path of the login route.
        route: &'static str,
    },
    /// A trusted origin is not a valid origin.
    #[error(transparent)]
    Origin(#[from] OriginCheckError),
    /// A setting of the login flow is not valid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A policy for a stale revocation log is set, but no revocation log is on.
    #[error(
        "a stale policy is set, but no revocation log is on: call .revocation_log(), or remove .stale_policy(…)"
    )]
    StalePolicyWithoutLog,
    /// The revocation log could not be read.
    #[error("the revocation log cannot be read: check the database, then start again")]
    RevocationLog(#[from] StoreFault),
    /// The operating system returned no random bytes for keys.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// There is no tokio runtime.
    #[error(
        "there is no tokio runtime for the background tasks: await .start() inside a tokio runtime"
    )]
    NoRuntime,
}
