//! A user who sends requests.

use std::{fmt, time::Duration};

use hallpass_core::{Claims, CookieSettings, LoggedIn, Methods, Role, RoleSet, UnixTime};

use crate::kit::Kit;

/// A user who sends requests to the site of a [`Kit`].
///
/// Each request has a new token, signed at the kit's time. [`cookie`](Self::cookie) returns the
/// cookie of one token, for tests that send the same token several times.
///
/// ```
/// # use std::time::Duration;
/// # use hallpass_core::{Clock, Requirement, Role, TokenErrorKind};
/// # use hallpass_testkit::Kit;
/// #[derive(Role)]
/// enum SiteRole {
///     Admin,
/// }
///
/// let kit = Kit::<SiteRole>::new();
/// let careful = kit
///     .as_user(SiteRole::Admin)
///     .named("alice")
///     .with_second_factor()
///     .signed_in_ago(Duration::from_secs(60));
/// let hasty = kit.as_user(SiteRole::Admin);
///
/// let vault = Requirement::all_of([SiteRole::Admin])
///     .and_second_factor()
///     .and_recent(Duration::from_secs(600));
/// let who = |user: &hallpass_testkit::User<SiteRole>| {
///     kit.request_authenticator().authenticate(
///         [user.cookie().as_bytes()],
///         [],
///         kit.clock().now(),
///     )
/// };
/// assert!(vault.admit(&who(&careful), kit.clock().now()).is_ok());
/// assert!(vault.admit(&who(&hasty), kit.clock().now()).is_err());
///
/// kit.end_session(&careful);
/// assert_eq!(who(&careful).reason(), Some(TokenErrorKind::Revoked));
/// ```
pub struct User<R> {
    kit: Kit<R>,
    /// `None` for a visitor without a cookie.
    claims: Option<Claims<'static>>,
    roles: RoleSet<R>,
    signed_in_ago: Duration,
}

impl<R: Role> Kit<R> {
    /// Returns a user who has just logged in with a password and has these roles. For example
    /// `kit.as_user(SiteRole::Admin)`, or `kit.as_user([SiteRole::Guest, SiteRole::Moderator])`.
    pub fn as_user(&self, roles: impl Into<RoleSet<R>>) -> User<R> {
        User::logged_in(self.clone(), roles.into())
    }

    /// Returns a visitor without a cookie. The methods that change a user have no effect on it.
    pub fn as_stranger(&self) -> User<R> {
        User::stranger(self.clone())
    }

    /// Ends the session of this user, as a logout does: from now on the kit's layers reject the
    /// tokens of this session, including copies of the cookie.
    pub fn end_session(&self, user: &User<R>) {
        self.revocations().end_session(user.session(), UnixTime::from_secs(u64::MAX));
    }

    /// Revokes every token of this user's account, as "log out everywhere" and a disabled account
    /// do. A user with a higher [generation](User::with_generation) is not affected.
    pub fn revoke_tokens(&self, user: &User<R>) {
        let generation = user.generation().saturating_add(1);
        self.revocations().revoke_below(user.user_id(), generation, UnixTime::from_secs(u64::MAX));
    }
}

impl<R: Role> User<R> {
    fn logged_in(kit: Kit<R>, roles: RoleSet<R>) -> Self {
        let claims = Claims::new("id-alice", 0, kit.now())
            .with_username("alice")
            .with_session("session-alice");
        Self { kit, claims: Some(claims), roles, signed_in_ago: Duration::ZERO }
    }

    fn stranger(kit: Kit<R>) -> Self {
        Self { kit, claims: None, roles: RoleSet::EMPTY, signed_in_ago: Duration::ZERO }
    }

    /// Sets the user's name, the account's id to `id-NAME` and the session's id to `session-NAME`.
    /// The name defaults to `alice`.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let (id, session) = (format!("id-{name}"), format!("session-{name}"));
        self.with(|claims| {
            of_account(claims, &id, claims.generation())
                .with_username(name)
                .with_session(&*session)
                .into_owned()
        })
    }

    /// Sets the account's id. Defaults to `id-NAME`. Call it after [`named`](Self::named), which
    /// sets the id too.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        self.with(|claims| of_account(claims, id, claims.generation()).into_owned())
    }

    /// Sets the generation of the user's tokens, the claim `gen`. Defaults to 0.
    #[must_use]
    pub fn with_generation(self, generation: u32) -> Self {
        self.with(|claims| of_account(claims, claims.user_id(), generation).into_owned())
    }

    /// Adds a one-time code to the methods of the login. Without this call the only method is the
    /// password.
    #[must_use]
    pub fn with_second_factor(self) -> Self {
        self.with(|claims| claims.clone().with_methods(claims.methods() | Methods::ONE_TIME_CODE))
    }

    /// Sets the time since the login, in whole seconds. The token itself is new. Defaults to 0.
    #[must_use]
    pub fn signed_in_ago(mut self, ago: Duration) -> Self {
        self.signed_in_ago = ago;
        self
    }

    /// Returns the value of the `Cookie` header of this user's browser. It has a new token, under
    /// the default name of the cookie. Empty for a visitor without a cookie.
    ///
    /// # Panics
    /// The name or the id is not valid in a token: it is empty, has a control character, or makes
    /// the token too long for a cookie.
    #[must_use]
    pub fn cookie(&self) -> String {
        let name = CookieSettings::default();
        self.token().map(|token| format!("{}={token}", name.access_name())).unwrap_or_default()
    }

    /// Returns a new access token, for a bearer header. `None` for a visitor without a cookie.
    ///
    /// # Panics
    /// As [`cookie`](Self::cookie).
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let now = self.kit.now();
        let authenticated_at = now.saturating_sub(self.signed_in_ago);
        let claims = self.claims.clone()?.with_authenticated_at(authenticated_at);
        match self.kit.issuer().issue(&LoggedIn::insecure_new(claims, self.roles), now) {
            Ok(token) => Some(token.as_str().to_owned()),
            Err(error) => panic!("cannot sign a token for this user: {error}"),
        }
    }

    /// Returns the account's id. Empty for a visitor without a cookie.
    #[must_use]
    pub fn user_id(&self) -> &str {
        self.claims.as_ref().map_or("", |claims| claims.user_id())
    }

    pub(crate) fn session(&self) -> &str {
        self.claims.as_ref().and_then(|claims| claims.session()).unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> u32 {
        self.claims.as_ref().map_or(0, |claims| claims.generation())
    }

    fn with(mut self, change: impl FnOnce(&Claims<'static>) -> Claims<'static>) -> Self {
        self.claims = self.claims.as_ref().map(change);
        self
    }
}

/// Returns the same login for another account or generation. The caller sets the time of the login.
fn of_account<'a>(claims: &'a Claims<'_>, user_id: &'a str, generation: u32) -> Claims<'a> {
    Claims::new(user_id, generation, UnixTime::from_secs(0))
        .with_username(claims.username())
        .with_session(claims.session())
        .with_methods(claims.methods())
}

impl<R: Role> Clone for User<R> {
    fn clone(&self) -> Self {
        Self {
            kit: self.kit.clone(),
            claims: self.claims.clone(),
            roles: self.roles,
            signed_in_ago: self.signed_in_ago,
        }
    }
}

impl<R: Role> fmt::Debug for User<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("username", &self.claims.as_ref().map(|claims| claims.username()))
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
