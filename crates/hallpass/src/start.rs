//! The start of a site: creates the handle from the settings.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hallpass_accounts::{
    AccountStore, Accounts, NoRandomness, Random, RevocationSync, Settings, SettingsError,
    StoreFault, StoreSet, SystemRandom,
};
use hallpass_core::{
    Clock, CookieSettingsError, KeyId, KeyRing, Keys, OriginCheck, OriginCheckError, PublicOrigin,
    PublicOriginError, Role, SystemClock,
};
use hallpass_web::{Pages, Routes};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::{
    background::Background,
    builder::{HallpassBuilder, KeySource},
    hallpass::Hallpass,
    key_file::{KeyFile, KeyFileError, watched::WatchedKeyFile},
};

/// The checked settings of a site whose keys were not read yet.
pub(crate) struct CheckedSettings<R> {
    stores: StoreSet,
    pub(crate) settings: Settings<R>,
    pub(crate) keys: KeySource,
    pages: Option<Arc<dyn Pages>>,
}

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
        let CheckedSettings { stores, settings, keys, pages } = self.check()?;
        stores.prepare().await.map_err(StartError::Prepare)?;
        check_together(&stores, settings.store_timeout).await?;
        let keys_last = !matches!(keys, KeySource::Drawn);
        let (keys, key_file) = open_keys(keys, &stores, settings.store_timeout).await?;
        refuse_placeholder(&keys.current())?;
        let accounts = Accounts::new(keys.clone(), stores, settings)?;
        let routes = match pages {
            Some(pages) => Routes::with_pages(&accounts, pages),
            None => Routes::new(&accounts),
        };
        check_prefix(&routes)?;
        let sync = RevocationSync::new(&accounts);
        sync.begin().await?;
        if keys_last {
            match sync.compare_keys().await? {
                0 => {}
                missing => return Err(StartError::KeysMissing { missing }),
            }
        }
        let maintenance = accounts.settings().revocation_list.maintain();
        let key_file = key_file.map(|file| (file, keys));
        let background = Background::start(&runtime, sync.clone(), maintenance, key_file);
        Ok(Hallpass {
            authenticator: accounts.request_authenticator(),
            accounts,
            routes,
            sync,
            background: Arc::new(background),
        })
    }

    /// Checks the settings. Reads and creates nothing.
    pub(crate) fn check(self) -> Result<CheckedSettings<R>, StartError> {
        let Self { mut stores, mut settings, .. } = self;
        let mut sources = self.keys.into_iter();
        let keys = match (sources.next(), sources.next()) {
            (None, _) => return Err(StartError::NoKeys),
            (Some(_), Some(_)) => return Err(StartError::TwoKeySources),
            (Some(source), None) => source,
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
        Ok(CheckedSettings { stores, settings, keys, pages: self.pages })
    }
}

#[cfg(all(feature = "cli", any(feature = "postgres", feature = "sqlite")))]
impl<R: Role> CheckedSettings<R> {
    /// Adds the tables of the database that the site does not use, or does not use any more: their
    /// rows expire too. Attempts in another store, such as Redis, expire there by themselves or are
    /// deleted by the running nodes.
    pub(crate) fn prune_every_table_of(&mut self, store: &hallpass_sqlx::SqlStore) {
        let (stores, store) = (&mut self.stores, Arc::new(store.clone()));
        stores.rate_limits = store.clone().into();
        stores.sessions.get_or_insert_with(|| store.clone().into());
        stores.browsers.get_or_insert_with(|| store.clone().into());
        stores.outcomes.get_or_insert_with(|| store.clone().into());
        stores.consumed.get_or_insert_with(|| store.clone().into());
        stores.activity.get_or_insert_with(|| store.into());
    }

    /// Creates the engine for an operator's command, without background tasks. A key file that does
    /// not exist is an error: new keys would log everybody out and make every second factor
    /// unreadable (`a_wrong_path_is_one_line_and_creates_nothing`).
    pub(crate) async fn accounts(self) -> Result<Accounts<R>, StartError> {
        check_together(&self.stores, self.settings.store_timeout).await?;
        let keys = match self.keys {
            KeySource::File(file) => Keys::from(file.load()?),
            other => open_keys(other, &self.stores, self.settings.store_timeout).await?.0,
        };
        Ok(Accounts::new(keys, self.stores, self.settings)?)
    }
}

/// Rejects stores that cannot commit a change and its revocation together
/// (`stores_that_cannot_commit_together_do_not_start`).
async fn check_together(stores: &StoreSet, store_timeout: Duration) -> Result<(), StartError> {
    match stores.apart(store_timeout).await.map_err(StartError::Prepare)? {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Rejects the keys of examples and tests, with which everybody can sign tokens of any role
/// (`placeholder_keys_do_not_start`).
fn refuse_placeholder(ring: &KeyRing) -> Result<(), StartError> {
    match ring.placeholder() {
        Some(name) => Err(StartError::PlaceholderKey { name: name.clone() }),
        None => Ok(()),
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

async fn open_keys(
    source: KeySource,
    stores: &StoreSet,
    store_timeout: Duration,
) -> Result<(Keys, Option<WatchedKeyFile>), StartError> {
    let now = SystemClock.now();
    match source {
        KeySource::Ring(keys) => Ok((keys, None)),
        KeySource::File(file) => {
            let may_create = refuse_if_keys_are_lost(&file, stores, store_timeout);
            let (ring, watched) = WatchedKeyFile::open(file.clone(), now, may_create).await?;
            Ok((Keys::from(ring), Some(watched)))
        }
        KeySource::Drawn => {
            let mut bytes = Zeroizing::new([0; 32]);
            SystemRandom.fill(&mut *bytes)?;
            Ok((Keys::from(KeyRing::generate_hs256(*bytes, now)), None))
        }
    }
}

/// Returns an error if the store has an account: the key file existed and is lost. A new one would
/// log everybody out and make every second factor unreadable.
async fn refuse_if_keys_are_lost(
    file: &KeyFile,
    stores: &StoreSet,
    store_timeout: Duration,
) -> Result<(), StartError> {
    if stores.lists_an_account(store_timeout).await.map_err(StartError::Accounts)? {
        return Err(StartError::KeysLost { path: file.path().to_owned() });
    }
    Ok(())
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
    /// The key file is missing or empty, and the store has accounts, whose keys were in the file.
    #[error("the key file {} is missing or empty, but the store has accounts: correct the path or restore the file; new keys (`hallpass keys new`) log everybody out and make second factors unreadable", path.display())]
    KeysLost {
        /// The key file.
        path: PathBuf,
    },
    /// A key was made from constant bytes, as examples and tests do, so everybody can make it.
    #[error(
        "key {name} was made from the constant bytes of an example: make keys with `hallpass keys new`, or use .key_file(\"site-keys.json\")"
    )]
    PlaceholderKey {
        /// The name of the key.
        name: KeyId,
    },
    /// The keys are not those that the store was used with.
    #[error(
        "the keys lack {missing} of the encryption keys and peppers that this database was used with: use the key file of this site, or restore it from a backup; if the keys are lost, run doctor --accept-lost-keys"
    )]
    KeysMissing {
        /// Number of missing keys.
        missing: usize,
    },
    /// The key file does not exist, and the store could not list its accounts, which decides
    /// whether the file is created.
    #[error("the accounts cannot be listed: check the database, then start again")]
    Accounts(#[source] StoreFault),
    /// The store could not be prepared.
    #[error("the store cannot be prepared: check the database, then start again")]
    Prepare(#[source] StoreFault),
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
