//! The handle of a site: what its routes, its own code and its operator commands hold.

use std::{fmt, sync::Arc, time::Duration};

use hallpass_accounts::{
    Account, AccountId, AccountStore, Accounts, AccountsError, Commands, RevocationSync, Username,
};
use hallpass_core::{Identity, Keys, RequestAuthenticator, Role, RoleSet};
use hallpass_web::Routes;

use crate::{background::Background, builder::HallpassBuilder};

/// Sign-in, routes and revocation of one site, said once.
///
/// Cheap to clone: clones share everything. While a clone or a layer of it lives, a task of the
/// runtime keeps the revocation list current and takes up a changed key file; it stops with the
/// last of them.
///
/// `R` is the site's role enum.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass::{AccountId, Clock, Hallpass, Role, SystemClock};
/// use hallpass::flow::Visitor;
/// use hallpass::token::TokenErrorKind;
///
/// #[derive(Role)]
/// enum SiteRole { Guest, Admin }
///
/// let hallpass = Hallpass::<SiteRole>::open("sqlite::memory:").await?;
/// let visitor = Visitor { device: "an example", ..Visitor::default() };
/// let alice = hallpass.accounts().register("alice", "correct horse battery staple", &visitor).await?.opened().unwrap();
/// let cookie = format!("__Host-hallpass={}", alice.access.as_str());
///
/// let who = hallpass.request_authenticator().authenticate([cookie.as_bytes()], [], SystemClock.now());
/// assert_eq!(who.username(), Some("alice"));
///
/// hallpass.log_out_everywhere(&AccountId::new(alice.user.id)).await?;
/// let who = hallpass.request_authenticator().authenticate([cookie.as_bytes()], [], SystemClock.now());
/// assert_eq!((who.username(), who.reason()), (None, Some(TokenErrorKind::Revoked)));
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct Hallpass<R> {
    pub(crate) accounts: Accounts<R>,
    pub(crate) routes: Routes<R>,
    pub(crate) authenticator: RequestAuthenticator<R>,
    pub(crate) sync: RevocationSync<R>,
    pub(crate) background: Arc<Background>,
}

impl<R: Role> Hallpass<R> {
    /// Begins with the site's own store. Two methods of [`AccountStore`] are enough to sign in with
    /// a password.
    pub fn builder<S: AccountStore>(store: S) -> HallpassBuilder<R, S> {
        HallpassBuilder::new(store)
    }

    /// The sign-in, for an application that calls its steps itself.
    #[must_use]
    pub fn accounts(&self) -> &Accounts<R> {
        &self.accounts
    }

    /// The sign-in routes, for an adapter of another framework and for an OpenAPI document.
    #[must_use]
    pub fn endpoints(&self) -> &Routes<R> {
        &self.routes
    }

    /// What answers "who asks?" on the request path. Keep the handle as long as it is in use.
    #[must_use]
    pub fn request_authenticator(&self) -> &RequestAuthenticator<R> {
        &self.authenticator
    }

    /// The keys in use.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        self.accounts.issuer().keys()
    }

    /// Finds an account by its user name, in any spelling.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn find(&self, username: &Username) -> Result<Option<Account>, AccountsError> {
        self.accounts.find(username).await
    }

    /// Ends every session of the account. Its tokens are refused here at once, and on every node
    /// within 5 seconds.
    ///
    /// # Errors
    /// The store does not answer, or there is no such account.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.log_out_everywhere(account).await
    }

    /// Replaces the account's roles. Tokens with the old ones are refused here at once, and on
    /// every node within 5 seconds.
    ///
    /// # Errors
    /// The store does not answer, or there is no such account.
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        self.accounts.set_roles(account, roles).await
    }

    /// Ends every session of the account and lets nobody sign in to it until it is
    /// [enabled](Self::enable) again.
    ///
    /// # Errors
    /// The store does not answer, or there is no such account.
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.disable(account).await
    }

    /// Lets the account sign in again.
    ///
    /// # Errors
    /// The store does not answer, or there is no such account.
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.enable(account).await
    }

    /// Returns the commands for a route of the site, given by this person: they are carried out
    /// only if the person's account is enabled, at the generation of the token and in a session
    /// that exists, checked in the transaction of the command. A route that calls
    /// [`set_roles`](Self::set_roles) itself would let an administrator who is being demoted take
    /// that back.
    pub fn commands_of<'a>(&'a self, who: &Identity<R>) -> Commands<'a, R> {
        self.accounts.commands_of(who)
    }

    /// Whether revocations are known to be current within the published 5 seconds: what `/readyz`
    /// says. Always so where no revocation log is on.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sync.is_ready()
    }

    /// How long ago the revocation log was last read to its end. `None`: never, or none is on.
    #[must_use]
    pub fn staleness(&self) -> Option<Duration> {
        self.sync.staleness()
    }
}

impl<R> Clone for Hallpass<R> {
    fn clone(&self) -> Self {
        Self {
            accounts: self.accounts.clone(),
            routes: self.routes.clone(),
            authenticator: self.authenticator.clone(),
            sync: self.sync.clone(),
            background: Arc::clone(&self.background),
        }
    }
}

impl<R> fmt::Debug for Hallpass<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hallpass").finish_non_exhaustive()
    }
}
