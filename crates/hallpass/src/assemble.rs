//! From settings to a running handle.

use std::sync::Arc;

use hallpass_accounts::{AccountStore, Accounts, AccountsBuildError, RevocationSync, StoreFault};
use hallpass_core::{
    Clock, CookieSettingsError, Issuer, Keys, OriginCheck, OriginCheckError, RequestAuthenticator, Role, SystemClock,
};
use hallpass_web::Routes;
use tokio::runtime::Handle;

use crate::{
    background::Background,
    builder::{HallpassBuilder, KeySource, NoFeed, WithFeed},
    hallpass::Hallpass,
    key_file::{KeyFileError, WatchedKeyFile},
};

impl<R: Role, S: AccountStore> HallpassBuilder<R, S, NoFeed> {
    /// Makes the handle.
    ///
    /// # Errors
    /// A setting is missing or cannot be. [`BuildError`] says which, and what to write instead.
    pub fn build(self) -> Result<Hallpass<R>, BuildError> {
        let parts = self.assemble()?;
        let sync = RevocationSync::new(&parts.accounts);
        let background = match parts.key_file {
            Some(file) => {
                let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
                Background::start(&runtime, sync.clone(), Some((file, parts.accounts.issuer().keys().clone())))
            }
            None => Background::default(),
        };
        Ok(Hallpass {
            accounts: parts.accounts,
            routes: parts.routes,
            gate: parts.gate,
            sync,
            background: Arc::new(background),
        })
    }
}

impl<R: Role, S: AccountStore> HallpassBuilder<R, S, WithFeed> {
    /// Loads the revocation view and makes the handle: what was revoked before stays revoked, from the first request on.
    ///
    /// # Errors
    /// A setting is missing or cannot be, or the store does not answer. [`StartError`] says which, and what to write instead.
    pub async fn start(self) -> Result<Hallpass<R>, StartError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let parts = self.assemble()?;
        let sync = RevocationSync::new(&parts.accounts);
        sync.read().await?;
        let key_file = parts.key_file.map(|file| (file, parts.accounts.issuer().keys().clone()));
        let background = Background::start(&runtime, sync.clone(), key_file);
        Ok(Hallpass {
            accounts: parts.accounts,
            routes: parts.routes,
            gate: parts.gate,
            sync,
            background: Arc::new(background),
        })
    }
}

struct Parts<R> {
    accounts: Accounts<R>,
    routes: Routes<R>,
    gate: RequestAuthenticator<R>,
    key_file: Option<WatchedKeyFile>,
}

impl<R: Role, S: AccountStore, F> HallpassBuilder<R, S, F> {
    fn assemble(self) -> Result<Parts<R>, BuildError> {
        let (keys, key_file) = match self.keys {
            KeySource::Missing => return Err(BuildError::NoKeys),
            KeySource::Ring(keys) => (keys, None),
            KeySource::File(file) => {
                let (ring, watched) = WatchedKeyFile::open(file, SystemClock.now())?;
                (Keys::from(ring), Some(watched))
            }
        };
        if keys.current().active().is_none() {
            return Err(BuildError::KeysOnlyVerify);
        }
        let cookies = self.cookies.build()?;
        let mut origins = OriginCheck::new();
        for origin in &self.trusted_origins {
            origins = origins.trust(origin)?;
        }
        let mut issuer = Issuer::new(keys, self.issuer, self.audience);
        if let Some(lifetime) = self.lifetime {
            issuer = issuer.lifetime(lifetime);
        }
        let accounts = Accounts::builder(self.store, issuer).cookies(cookies.clone()).origin_check(origins);
        let accounts = (self.accounts)(accounts).build()?;
        // Lifetime and view come last: a token that lives longer than revocations are remembered would come back to life.
        let verifier = (self.verifier)(accounts.verifier())
            .max_lifetime(accounts.issuer().access_lifetime())
            .revocation(accounts.view().clone());
        let gate = RequestAuthenticator::new(verifier).cookies(&cookies);
        let gate = if self.bearer { gate.bearer() } else { gate };
        let routes = match self.pages {
            Some(pages) => Routes::with_pages(&accounts, pages),
            None => Routes::new(&accounts),
        };
        Ok(Parts { accounts, routes, gate, key_file })
    }
}

/// A setting that is missing or cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing says which keys to sign with.
    #[error("no keys: write .key_file(\"site-keys.json\"), or .keys(KeyRing::from_env(\"SITE_KEYS\")?)")]
    NoKeys,
    /// The ring has keys that verify, and none that signs.
    #[error(
        "the keys can only verify: name one of them in the ring's `active`, or make a ring with `hallpass keys new`"
    )]
    KeysOnlyVerify,
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The cookies would not work.
    #[error(transparent)]
    Cookies(#[from] CookieSettingsError),
    /// A trusted origin is none.
    #[error(transparent)]
    Origin(#[from] OriginCheckError),
    /// A setting of the sign-in.
    #[error(transparent)]
    Accounts(#[from] AccountsBuildError),
    /// There is nothing to run the task that watches the feed and the key file.
    #[error(
        "a task watches the feed and the key file: call this inside the tokio runtime, or give .keys(…) and no feed"
    )]
    NoRuntime,
}

/// Why a site did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is missing or cannot be.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The revocation view could not be loaded.
    #[error("the store's revocation feed cannot be read: see to the database, then start again")]
    Feed(#[from] StoreFault),
}
