//! Cookie settings on the way: each setter says what it defaults to, and
//! [`build`](CookieSettingsBuilder::build) looks at the whole.

use crate::request::cookie_settings::{
    CookieSettings, SameSite,
    rules::{self, CookieSettingsError},
};

/// Settings being made, checked as a whole by [`build`](Self::build).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CookieSettingsBuilder {
    access_name: Option<String>,
    refresh_name: Option<String>,
    pending_name: Option<String>,
    device_name: Option<String>,
    same_site: SameSite,
    domain: Option<String>,
    plain_http: bool,
}

impl CookieSettingsBuilder {
    /// Names the cookie that holds the access token. Defaults to `__Host-hallpass`, because no
    /// other host can set a cookie of that prefix; `__Secure-hallpass` with a domain.
    pub fn access_name(mut self, name: impl Into<String>) -> Self {
        self.access_name = Some(name.into());
        self
    }

    /// Names the cookie that holds the refresh token. Defaults to the default access name with
    /// `_refresh` after it, because the two belong together in a browser's list.
    pub fn refresh_name(mut self, name: impl Into<String>) -> Self {
        self.refresh_name = Some(name.into());
        self
    }

    /// Names the cookie that stands between password and code. Defaults to the default access name
    /// with `_pending` after it, because the two belong together in a browser's list.
    pub fn pending_name(mut self, name: impl Into<String>) -> Self {
        self.pending_name = Some(name.into());
        self
    }

    /// Names the cookie by which a browser is known again. Defaults to the default access name with
    /// `_device` after it, because the two belong together in a browser's list.
    pub fn device_name(mut self, name: impl Into<String>) -> Self {
        self.device_name = Some(name.into());
        self
    }

    /// Says when the cookies go along with other sites' requests. Defaults to [`SameSite::Lax`],
    /// because a link from elsewhere should arrive signed in, and a form from elsewhere should
    /// not.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Shares the cookies with this domain and every host below it, each of which can then read and
    /// set them. Defaults to none, because a host that can set the cookie can sign visitors in
    /// as someone else.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Leaves `Secure` and the name prefixes out, so that the cookies work over `http://` on other hosts than
    /// `localhost`, where anyone on the way can read them. Defaults to off, because Chromium and
    /// Firefox take `Secure` cookies from `http://localhost` as it is; Safari does not (WebKit bug 281149).
    pub fn insecure_plain_http_cookies(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Checks the settings against what browsers keep.
    ///
    /// # Errors
    /// [`CookieSettingsError`] for the first rule that is broken, with the mend.
    pub fn build(self) -> Result<CookieSettings, CookieSettingsError> {
        let settings = self.with_default_names();
        rules::check(&settings)?;
        Ok(settings)
    }

    fn with_default_names(self) -> CookieSettings {
        let prefix = match (self.plain_http, &self.domain) {
            (true, _) => "",
            (false, Some(_)) => "__Secure-",
            (false, None) => "__Host-",
        };
        let named =
            |name: Option<String>, or: &str| name.unwrap_or_else(|| format!("{prefix}{or}"));
        CookieSettings {
            access_name: named(self.access_name, "hallpass"),
            refresh_name: named(self.refresh_name, "hallpass_refresh"),
            pending_name: named(self.pending_name, "hallpass_pending"),
            device_name: named(self.device_name, "hallpass_device"),
            same_site: self.same_site,
            domain: self.domain,
            secure: !self.plain_http,
        }
    }
}

impl CookieSettings {
    /// Starts from the defaults.
    pub fn builder() -> CookieSettingsBuilder {
        CookieSettingsBuilder::default()
    }
}

impl Default for CookieSettings {
    /// `__Host-hallpass`, and the same with `_refresh`, `_pending` and `_device` behind it,
    /// `Secure` and `SameSite=Lax`.
    fn default() -> Self {
        CookieSettingsBuilder::default().with_default_names()
    }
}
