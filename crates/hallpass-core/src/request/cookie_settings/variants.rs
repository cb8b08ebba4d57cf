//! Cookies of the same name with another `Domain`, which a browser keeps together with the site's
//! own.
//!
//! After a change of the setting `domain`, a browser sends the old cookie and the new one, and a
//! request with two cookies of one name has no caller ([`find_cookie`](crate::find_cookie)). A
//! removal affects only the cookie with exactly its `Domain`, so each known one is removed: the
//! cookie without `Domain`, and those for the site's host and for each domain above it.

use std::{net::Ipv4Addr, time::Duration};

use super::CookieSettings;

impl CookieSettings {
    /// Returns these settings for a site on this host, whose cookies may have had other domains.
    /// The site's `public_origin` sets the host.
    ///
    /// ```
    /// use hallpass_core::CookieSettings;
    ///
    /// let cookies = CookieSettings::builder().domain("site.example").build()?;
    /// let cookies = cookies.on_host("blog.site.example");
    /// assert_eq!(
    ///     cookies.remove_variants("__Secure-hallpass"),
    ///     [
    ///         "__Secure-hallpass=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0",
    ///         "__Secure-hallpass=; HttpOnly; SameSite=Lax; Secure; Path=/; \
    ///          Domain=blog.site.example; Max-Age=0",
    ///     ]
    /// );
    /// assert!(cookies.remove_variants("__Host-x").is_empty(), "such a cookie has no `Domain`");
    /// # Ok::<(), hallpass_core::CookieSettingsError>(())
    /// ```
    #[must_use]
    pub fn on_host(mut self, host: &str) -> Self {
        self.domains = domains_of(host);
        self
    }

    /// Returns the `Set-Cookie` values that remove the cookies of this name with another `Domain`
    /// than the site's. Send them before the cookie of the site, because some browsers treat a
    /// cookie without `Domain` and one for the host alike.
    #[must_use]
    pub fn remove_variants(&self, name: &str) -> Vec<String> {
        if name.get(..7).is_some_and(|prefix| prefix.eq_ignore_ascii_case("__host-")) {
            return Vec::new();
        }
        let known = std::iter::once(None).chain(self.domains.iter().map(|it| Some(it.as_str())));
        let others = known.filter(|domain| *domain != self.domain.as_deref());
        others.map(|domain| self.write_for(domain, name, "", Duration::ZERO)).collect()
    }
}

/// Returns the host and the domains above it that have a dot. An address has none.
fn domains_of(host: &str) -> Vec<String> {
    let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    let mut domains = Vec::new();
    let mut rest = host;
    while let Some((_, above)) = rest.split_once('.').filter(|_| !is_address) {
        domains.push(rest.to_owned());
        rest = above;
    }
    domains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_a_host_end_before_the_top_level() {
        assert_eq!(
            domains_of("a.b.site.example"),
            ["a.b.site.example", "b.site.example", "site.example"]
        );
        for host in ["localhost", "127.0.0.1", "[::1]", ""] {
            assert_eq!(domains_of(host), [""; 0], "{host}");
        }
    }

    #[test]
    fn site_without_domain_removes_those_with_one() {
        let cookies = CookieSettings::builder().access_name("pass").build().unwrap();
        assert_eq!(cookies.remove_variants("pass"), [""; 0], "no host is known");
        let removed = cookies.on_host("site.example").remove_variants("pass");
        assert!(
            matches!(&removed[..], [one] if one.contains("Domain=site.example")),
            "{removed:?}"
        );
    }
}
