//! The settings of accounts, passwords, second factors and sessions.

use std::{sync::Arc, time::Duration};

use hallpass_accounts::{
    AccountStore, ActivityStore, AdministrationStore, BreachedPasswords, BrowserStore, Challenge,
    ChallengeOutage, PasswordHasherSettings, PasswordPolicy, PasswordStore, RateLimitStore,
    RefreshTokenStore, RegistrationStore, ReservedUsernames, RevocationLog, SessionSettings,
    SessionStore, SiteStore, TwoFactorPolicy, TwoFactorStore, Usernames,
};
use hallpass_core::{Role, RoleSet, TotpSettings};

use crate::builder::HallpassBuilder;

impl<R: Role, S: AccountStore> HallpassBuilder<R, S> {
    /// Turns on all capabilities, for a store that implements all store traits: registration,
    /// passwords, second factors, sessions with refresh tokens, administration, recent activity,
    /// rate limits in the store, the revocation log, the facts of the site and known browsers.
    pub fn everything(self) -> Self
    where
        S: RegistrationStore
            + PasswordStore
            + TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RateLimitStore
            + RevocationLog
            + SiteStore
            + BrowserStore
            + ActivityStore,
    {
        self.registration().passwords().everything_but_accounts()
    }

    /// Turns on all capabilities except registration and passwords, for a site with its own users
    /// table: second factors, sessions with refresh tokens, administration, recent activity, rate
    /// limits in the store, the revocation log and the facts of the site.
    pub fn everything_but_accounts(self) -> Self
    where
        S: TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RateLimitStore
            + RevocationLog
            + SiteStore
            + BrowserStore
            + ActivityStore,
    {
        let two_factor = self.settings.two_factor.clone();
        self.two_factor(two_factor)
            .refresh_tokens()
            .administration()
            .activity()
            .rate_limits_in_store()
            .revocation_log()
            .site_facts()
            .known_browsers()
    }

    /// Keeps the browsers in which an account has logged in. Such a browser has its own attempts,
    /// which a stranger cannot use up, and it can be a [trusted device](Self::trust_devices).
    /// Defaults to off: every browser is then unknown at each login.
    pub fn known_browsers(mut self) -> Self
    where
        S: BrowserStore,
    {
        self.stores.browsers = Some(self.store.clone().into());
        self
    }

    /// Turns registration on, at `/register`.
    pub fn registration(mut self) -> Self
    where
        S: RegistrationStore,
    {
        self.stores.registration = Some(self.store.clone().into());
        self
    }

    /// Turns on the change of passwords (`/account/password`), and the replacement of weak hashes
    /// at login.
    pub fn passwords(mut self) -> Self
    where
        S: PasswordStore,
    {
        self.stores.passwords = Some(self.store.clone().into());
        self
    }

    /// Turns second factors on (`/account/two-factor`), and sets which accounts must have one:
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

    /// Turns sessions on. The page `/account/sessions` lists them, and a logout takes effect on
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

    /// Records the recent activity of each account (logins, failed logins and changes), for
    /// `/account/activity`. The rows are written after the response.
    pub fn activity(mut self) -> Self
    where
        S: ActivityStore,
    {
        self.stores.activity = Some(self.store.clone().into());
        self
    }

    /// Sets the names with which people log in and register: user names, e-mail addresses, or both.
    /// Defaults to [`Usernames::Name`](crate::store::Usernames::Name): the login and the
    /// registration reject an e-mail address with a 422, and name the reason.
    pub fn usernames(mut self, usernames: Usernames) -> Self {
        self.settings.usernames = usernames;
        self
    }

    /// Sets the names that a registration rejects, in any spelling. Defaults to the names of people
    /// in charge, of mailboxes (RFC 2142), of hosts and of the login routes. An operator can create
    /// an account with such a name.
    ///
    /// ```
    /// # use hallpass::{Hallpass, Role};
    /// # use hallpass::store::{ReservedUsernames, SqlStore};
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # async fn example(store: SqlStore) {
    /// let names = ReservedUsernames::default().also(["gazette", "editors"]);
    /// let site = Hallpass::<SiteRole>::builder(store).reserved_usernames(names);
    /// # drop(site); }
    /// ```
    pub fn reserved_usernames(mut self, names: ReservedUsernames) -> Self {
        self.settings.reserved_usernames = names;
        self
    }

    /// Sets the roles of a newly registered account. Defaults to the variant with
    /// `#[role(default)]`, or to no role if no variant has it.
    pub fn default_roles(mut self, roles: impl Into<RoleSet<R>>) -> Self {
        self.settings.default_roles = roles.into();
        self
    }

    /// Keeps at least one enabled account with this role, for example the administrators of the
    /// site. A command that would demote or disable the last one is rejected with
    /// [`LastOfRole`](crate::AccountsErrorKind::LastOfRole) (409), for an operator at a terminal
    /// too, and for one of two concurrent commands. Call it once per role. Defaults to no role.
    ///
    /// A store with its own users table needs the statement `listing_role`.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # use hallpass::{AccountsErrorKind, Hallpass, Role};
    /// # use hallpass::flow::Visitor;
    /// # use hallpass::store::SqlStore;
    /// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Admin }
    /// # let store = SqlStore::open("sqlite::memory:").await?;
    /// let hallpass = Hallpass::builder(store)
    ///     .keys_in_memory()
    ///     .everything()
    ///     .default_roles([SiteRole::Admin])
    ///     .keep_at_least_one(SiteRole::Admin)
    ///     .start()
    ///     .await?;
    /// # let visitor = Visitor::default();
    /// # let step = hallpass.accounts().register("alice", "correct horse battery staple", &visitor).await?;
    /// # let alice = hallpass::AccountId::new(step.opened().unwrap().user.id);
    /// let refused = hallpass.disable(&alice).await.unwrap_err();
    /// assert_eq!(refused.kind(), AccountsErrorKind::LastOfRole);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn keep_at_least_one(mut self, role: R) -> Self {
        self.settings.kept_roles.insert(role);
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

    /// Sets the time for which a link of
    /// [`reset_password`](crate::Hallpass::reset_password) is accepted. Defaults to one hour.
    pub fn reset_link_lifetime(mut self, time: Duration) -> Self {
        self.settings.reset_link_lifetime = time;
        self
    }

    /// Rejects new passwords that this service lists as breached. Defaults to no service.
    pub fn breached_passwords(mut self, service: impl BreachedPasswords) -> Self {
        self.settings.breached_passwords = Some(Arc::new(service).into());
        self
    }

    /// Requires a CAPTCHA or a proof of work at logins and registrations, as this hook decides. It
    /// is called after the rate limits and before a password is hashed. Defaults to none.
    pub fn challenge(mut self, challenge: impl Challenge) -> Self {
        self.settings.challenge = Some(Arc::new(challenge).into());
        self
    }

    /// Sets what happens if a challenge cannot be checked. Defaults to
    /// [`ChallengeOutage::Pass`](crate::flow::ChallengeOutage::Pass): the attempt continues,
    /// within the rate limits.
    pub fn challenge_outage(mut self, outage: ChallengeOutage) -> Self {
        self.settings.challenge_outage = outage;
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
    /// second factor rejects a login without a code. Defaults to off. Needs
    /// [`known_browsers`](Self::known_browsers).
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
