//! The table of paths and their methods. An ability that is not turned on has no path.

use hallpass_accounts::ResetLink;

/// One path of the login routes. An adapter registers [`paths`](crate::Routes::paths) for **every**
/// method, because the endpoint returns the 405 after the origin check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The path, without parameters and without the prefix of the site.
    pub path: &'static str,
    /// The accepted methods, in upper case. A path that accepts `GET` accepts `HEAD` too.
    pub methods: &'static [&'static str],
}

/// The endpoint of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Register,
    Login,
    Code,
    Reset,
    Logout,
    TwoFactor,
    DisableTwoFactor,
    RecoveryCodes,
    Password,
    Sessions,
    RevokeSession,
    Confirm,
    Activity,
    Refresh,
    Jwks,
    StyleSheet,
    Script,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 17] = [
        Self::Register,
        Self::Login,
        Self::Code,
        Self::Reset,
        Self::Logout,
        Self::TwoFactor,
        Self::DisableTwoFactor,
        Self::RecoveryCodes,
        Self::Password,
        Self::Sessions,
        Self::RevokeSession,
        Self::Confirm,
        Self::Activity,
        Self::Refresh,
        Self::Jwks,
        Self::StyleSheet,
        Self::Script,
    ];

    pub(crate) const fn route(self) -> Route {
        let (path, methods) = match self {
            Self::Register => ("/register", PAGE_AND_FORM),
            Self::Login => ("/login", PAGE_AND_FORM),
            Self::Code => ("/login/code", PAGE_AND_FORM),
            Self::Reset => (ResetLink::PATH, PAGE_AND_FORM),
            Self::Logout => ("/logout", FORM),
            Self::TwoFactor => ("/account/two-factor", PAGE_AND_FORM),
            Self::DisableTwoFactor => ("/account/two-factor/disable", FORM),
            Self::RecoveryCodes => ("/account/recovery-codes", FORM),
            Self::Password => ("/account/password", PAGE_AND_FORM),
            Self::Sessions => ("/account/sessions", PAGE),
            Self::RevokeSession => ("/account/sessions/revoke", FORM),
            Self::Confirm => ("/session/confirm", PAGE_AND_FORM),
            Self::Activity => ("/account/activity", PAGE),
            Self::Refresh => ("/session/refresh", FORM),
            Self::Jwks => ("/.well-known/jwks.json", PAGE),
            Self::StyleSheet => ("/hallpass.css", PAGE),
            Self::Script => ("/hallpass.js", PAGE),
        };
        Route { path, methods }
    }

    /// Returns the page of the endpoint, without the prefix of the site: its own page, or the page
    /// with its form. Returns `/` for endpoints that a login does not lead back to.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::TwoFactor | Self::DisableTwoFactor | Self::RecoveryCodes => "/account/two-factor",
            Self::Password => "/account/password",
            Self::Sessions | Self::RevokeSession => "/account/sessions",
            Self::Activity => "/account/activity",
            Self::Register
            | Self::Login
            | Self::Code
            | Self::Reset
            | Self::Logout
            | Self::Confirm
            | Self::Refresh
            | Self::Jwks
            | Self::StyleSheet
            | Self::Script => "/",
        }
    }
}

impl Route {
    /// Returns the value of `Allow`.
    pub(crate) fn allow(&self) -> &'static str {
        match self.methods {
            ["GET", "HEAD", "POST"] => "GET, HEAD, POST",
            ["GET", "HEAD"] => "GET, HEAD",
            _ => "POST",
        }
    }
}

const PAGE: &[&str] = &["GET", "HEAD"];
const FORM: &[&str] = &["POST"];
const PAGE_AND_FORM: &[&str] = &["GET", "HEAD", "POST"];
