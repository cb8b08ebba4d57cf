//! The builder of the cookie settings. Each setter documents its default, and
//! [`build`](CookieSettingsBuilder::build) checks the settings as a whole.

use crate::request::{
    cookie_settings::{
        CookieSettings, SameSite,
        rules::{self, CookieSettingsError},
    },
    path_prefix::PathPrefix,
};

/// The builder of [`CookieSettings`]. [`build`](Self::build) checks the settings as a whole.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CookieSettingsBuilder {
    access_name: Option<String>,
    refresh_name: Option<String>,
    pending_name: Option<String>,
    browser_name: Option<String>,
    notice_name: Option<String>,
    same_site: SameSite,
    domain: Option<String>,
    plain_http: bool,
    tag: Option<String>,
}

impl CookieSettingsBuilder {
    /// Sets the name of the cookie that holds the access token. Defaults to `__Host-hallpass`,
    /// because no other host can set a cookie with this prefix. With a domain, the default is
    /// `__Secure-hallpass`.
    pub fn access_name(mut self, name: impl Into<String>) -> Self {
        self.access_name = Some(name.into());
        self
    }

    /// Sets the name of the cookie that holds the refresh token. Defaults to the default access
    /// name with `_refresh` appended.
    pub fn refresh_name(mut self, name: impl Into<String>) -> Self {
        self.refresh_name = Some(name.into());
        self
    }

    /// Sets the name of the cookie that holds the pending token, between password and second
    /// factor. Defaults to the default access name with `_pending` appended.
    pub fn pending_name(mut self, name: impl Into<String>) -> Self {
        self.pending_name = Some(name.into());
        self
    }

    /// Sets the name of the cookie that identifies the browser. It must begin with `__Host-`, also
    /// with a domain, unless the cookies are sent over plain HTTP. Defaults to
    /// `__Host-hallpass_browser`.
    pub fn browser_name(mut self, name: impl Into<String>) -> Self {
        self.browser_name = Some(name.into());
        self
    }

    /// Sets the name of the cookie with the notice of the next page. The conditions are those of
    /// [`browser_name`](Self::browser_name). Defaults to `__Host-hallpass_notice`.
    pub fn notice_name(mut self, name: impl Into<String>) -> Self {
        self.notice_name = Some(name.into());
        self
    }

    /// Sets when browsers send the cookies with requests from other sites. Defaults to
    /// [`SameSite::Lax`]: a visitor who follows a link from another site arrives logged in, and a
    /// form of another site is sent without the cookies.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Shares the cookies with this domain and every host below it. Each of these hosts can read
    /// and set the cookies. Defaults to no domain, because a host that can set the cookie can log
    /// visitors in to another account.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Omits `Secure` and the name prefixes, so that the cookies work over `http://` on hosts other
    /// than `localhost`. Anyone on the network path can then read the cookies. Defaults to off.
    /// Chromium and Firefox accept `Secure` cookies from `http://localhost`; Safari does not
    /// (WebKit bug 281149).
    pub fn insecure_plain_http_cookies(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Checks the settings against what browsers keep.
    ///
    /// # Errors
    /// Returns [`CookieSettingsError`] for the first rule that is broken. The message names the
    /// fix.
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
        let tagged = match &self.tag {
            Some(tag) => format!("hallpass-{tag}"),
            None => "hallpass".to_owned(),
        };
        let access = format!("{prefix}{tagged}");
        // A sibling host that could set this cookie would make its own browser the known one.
        let of_host = if self.plain_http { "" } else { "__Host-" };
        let host_only = |name: &Option<String>, suffix: &str| {
            name.clone().unwrap_or_else(|| format!("{of_host}{tagged}{suffix}"))
        };
        let named = |name: &Option<String>, suffix: &str| {
            name.clone().unwrap_or_else(|| format!("{access}{suffix}"))
        };
        CookieSettings {
            access_name: named(&self.access_name, ""),
            refresh_name: named(&self.refresh_name, "_refresh"),
            pending_name: named(&self.pending_name, "_pending"),
            browser_name: host_only(&self.browser_name, "_browser"),
            notice_name: host_only(&self.notice_name, "_notice"),
            same_site: self.same_site,
            domain: self.domain.clone(),
            secure: !self.plain_http,
            domains: Vec::new(),
            builder: self,
        }
    }
}

impl CookieSettings {
    /// Returns a builder with the defaults.
    pub fn builder() -> CookieSettingsBuilder {
        CookieSettingsBuilder::default()
    }

    /// Returns these settings for a site below this path. Each default name gets a short tag of the
    /// prefix, such as `__Host-hallpass-6u5vfl` for `/app`: two sites on one host would otherwise
    /// overwrite each other's cookies, because a cookie with `__Host-` has `Path=/`. A name that
    /// was set is kept.
    ///
    /// ```
    /// use hallpass_core::{CookieSettings, PublicOrigin};
    ///
    /// let origin = PublicOrigin::parse("https://site.example/app")?;
    /// let cookies = CookieSettings::default().below(origin.prefix())?;
    /// assert_eq!(cookies.access_name(), "__Host-hallpass-6u5vfl");
    /// assert_eq!(cookies.refresh_name(), "__Host-hallpass-6u5vfl_refresh");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`CookieSettingsError::SameName`] if a name that was set equals a name with the tag.
    pub fn below(&self, prefix: &PathPrefix) -> Result<Self, CookieSettingsError> {
        CookieSettingsBuilder { tag: prefix.tag(), ..self.builder.clone() }.build()
    }
}

impl Default for CookieSettings {
    /// Returns the default settings: `__Host-hallpass` and the same name with `_refresh`,
    /// `_pending`, `_browser` and `_notice` appended, `Secure`, and `SameSite=Lax`.
    fn default() -> Self {
        CookieSettingsBuilder::default().with_default_names()
    }
}
