//! The handle of a site. The site's routes, the site's own code and operator commands use it.

use std::{fmt, sync::Arc, time::Duration};

use hallpass_accounts::{
    Account, AccountId, AccountStore, Accounts, AccountsError, Commands, Readiness, ResetLink,
    RevocationSync, Username,
};
use hallpass_core::{
    Identity, Keys, PathPrefix, PublicOrigin, RequestAuthenticator, Role, RoleSet,
};
use hallpass_web::Routes;

use crate::{background::Background, builder::HallpassBuilder};

/// The handle of one site: its login flow, its routes and its revocations.
///
/// It is cheap to clone, and clones share all state. Background tasks keep the revocation list
/// current and reload a changed key file. They stop when every clone of the handle and every layer
/// is dropped.
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
    /// Returns a builder on the site's own store. The two methods of [`AccountStore`] are enough to
    /// log in with a password.
    pub fn builder<S: AccountStore>(store: S) -> HallpassBuilder<R, S> {
        HallpassBuilder::new(store)
    }

    /// Returns the login flow, for a site that writes its own login routes.
    #[must_use]
    pub fn accounts(&self) -> &Accounts<R> {
        &self.accounts
    }

    /// Returns the login routes, for an adapter of another framework and for an OpenAPI document.
    #[must_use]
    pub fn endpoints(&self) -> &Routes<R> {
        &self.routes
    }

    /// Returns the address of the site in the browser, or `None` if
    /// [`public_origin`](HallpassBuilder::public_origin) is not set.
    #[must_use]
    pub fn public_origin(&self) -> Option<&PublicOrigin> {
        self.accounts.public_origin()
    }

    /// Returns the path below which the site is reached, for the links and redirects of the site's
    /// own pages: `hallpass.prefix().join("/posts")`. It is empty if the site has the whole host.
    #[must_use]
    pub fn prefix(&self) -> &PathPrefix {
        self.accounts.settings().prefix()
    }

    /// Returns the authenticator, which finds and verifies the caller's token in a request. Keep
    /// the handle for as long as the authenticator is in use: without the handle, revocations of
    /// other nodes no longer arrive.
    #[must_use]
    pub fn request_authenticator(&self) -> &RequestAuthenticator<R> {
        &self.authenticator
    }

    /// Returns the keys of the site. They are shared: after a change of the key file, the returned
    /// value contains the new keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        self.accounts.issuer().keys()
    }

    /// Finds an account by its user name. Names with the same [`key`](Username::key), for example
    /// in another case, are the same name.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached.
    pub async fn find(&self, username: &Username) -> Result<Option<Account>, AccountsError> {
        self.accounts.find(username).await
    }

    /// Ends every session of the account. This node rejects the account's tokens immediately, and
    /// every other node within 5 seconds.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or the account does not exist.
    pub async fn log_out_everywhere(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.log_out_everywhere(account).await
    }

    /// Ends every session of the site, for example after a leaked key or a restored backup. Returns
    /// the new epoch of the site. This node rejects all tokens immediately, and every other node
    /// within 5 seconds.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if [`site_facts`] is off.
    ///
    /// [`site_facts`]: crate::HallpassBuilder::site_facts
    pub async fn end_all_sessions(&self) -> Result<u64, AccountsError> {
        self.accounts.end_all_sessions().await
    }

    /// Accepts the store as it is now, after a backup was restored or a failover lost revocations:
    /// ends every session of the site, and makes the nodes ready again. Returns the new epoch.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or if
    /// [`site_facts`](crate::HallpassBuilder::site_facts) or the revocation log is off.
    pub async fn accept_restore(&self) -> Result<u64, AccountsError> {
        self.accounts.accept_restore().await
    }

    /// Replaces the account's roles. Tokens with the old roles become stale: on this node
    /// immediately, and on every other node within 5 seconds. The next request with the refresh
    /// token of the session continues with the new roles.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or the account does not exist.
    pub async fn set_roles(
        &self,
        account: &AccountId,
        roles: impl Into<RoleSet<R>> + Send,
    ) -> Result<(), AccountsError> {
        self.accounts.set_roles(account, roles).await
    }

    /// Ends every session of the account, and rejects its logins until the account is
    /// [enabled](Self::enable) again. This node rejects the account's tokens immediately, and every
    /// other node within 5 seconds.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or the account does not exist.
    pub async fn disable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.disable(account).await
    }

    /// Enables the account again. Its logins are accepted from then on.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or the account does not exist.
    pub async fn enable(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.enable(account).await
    }

    /// Removes the second factor and the recovery codes of a person who has lost them, and ends
    /// every session of the account. The password alone is sufficient from then on, so make sure
    /// that the request comes from the owner. This node rejects the account's tokens immediately,
    /// and every other node within 5 seconds.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, the account does not exist, or no second
    /// factor is on.
    pub async fn reset_second_factor(&self, account: &AccountId) -> Result<(), AccountsError> {
        self.accounts.reset_second_factor(account).await
    }

    /// Creates a link with which the person sets a new password, once and within
    /// [an hour](HallpassBuilder::reset_link_lifetime), and ends every session of the account. No
    /// mail is sent: hand the [address](ResetLink::url) to the person. If a second factor is on,
    /// the page of the link requires its code.
    ///
    /// # Errors
    /// Returns an error if the store cannot be reached, or the account does not exist or is
    /// disabled.
    pub async fn reset_password(&self, account: &AccountId) -> Result<ResetLink, AccountsError> {
        self.accounts.reset_password(account).await
    }

    /// Returns the administration commands, run by this person, for a route of the site.
    ///
    /// In the transaction of each command, the store checks three conditions: the person's account
    /// is enabled, it is still at the generation of the person's token, and the session exists. A
    /// route that calls [`set_roles`](Self::set_roles) directly makes none of these checks. An
    /// administrator who is being demoted could then undo the demotion.
    pub fn commands_of<'a>(&'a self, who: &Identity<R>) -> Commands<'a, R> {
        self.accounts.commands_of(who)
    }

    /// Returns whether the revocation log was read to its end within the last 5 seconds, for a
    /// `/readyz` route. Returns `true` if the site has no revocation log.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.sync.is_ready()
    }

    /// Returns whether this node may serve requests, or the reason why not.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.sync.readiness()
    }

    /// Returns the time since the revocation log was last read to its end. Returns `None` if it was
    /// never read, or if the site has no revocation log.
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
