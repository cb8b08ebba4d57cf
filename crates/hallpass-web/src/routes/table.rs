//! Which paths there are, and what each takes. An ability that is not turned on has no path.

/// One path of the sign-in routes, for an adapter to register for **every** method: the endpoints
/// answer 405 themselves, since the origin check comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The path, without parameters.
    pub path: &'static str,
    /// The methods that it takes.
    pub methods: &'static [&'static str],
}

/// What answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Register,
    Login,
    Code,
    Logout,
    TwoFactor,
    DisableTwoFactor,
    RecoveryCodes,
    Password,
    SessionStore,
    RevokeSession,
    Refresh,
    Jwks,
    StyleSheet,
    Script,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 14] = [
        Self::Register,
        Self::Login,
        Self::Code,
        Self::Logout,
        Self::TwoFactor,
        Self::DisableTwoFactor,
        Self::RecoveryCodes,
        Self::Password,
        Self::SessionStore,
        Self::RevokeSession,
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
            Self::Logout => ("/logout", FORM),
            Self::TwoFactor => ("/profile/two-factor", PAGE_AND_FORM),
            Self::DisableTwoFactor => ("/profile/two-factor/disable", FORM),
            Self::RecoveryCodes => ("/profile/recovery-codes", FORM),
            Self::Password => ("/profile/password", FORM),
            Self::SessionStore => ("/profile/sessions", PAGE),
            Self::RevokeSession => ("/profile/sessions/revoke", FORM),
            Self::Refresh => ("/session/refresh", FORM),
            Self::Jwks => ("/.well-known/jwks.json", PAGE),
            Self::StyleSheet => ("/hallpass.css", PAGE),
            Self::Script => ("/hallpass.js", PAGE),
        };
        Route { path, methods }
    }

    /// The page that a person is on who uses it: its own, or the one that its form stands on. `/`
    /// where nobody need come back.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::TwoFactor | Self::DisableTwoFactor | Self::RecoveryCodes => "/profile/two-factor",
            Self::Password => "/profile",
            Self::SessionStore | Self::RevokeSession => "/profile/sessions",
            Self::Register
            | Self::Login
            | Self::Code
            | Self::Logout
            | Self::Refresh
            | Self::Jwks
            | Self::StyleSheet
            | Self::Script => "/",
        }
    }
}

impl Route {
    /// The value of `Allow`.
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
