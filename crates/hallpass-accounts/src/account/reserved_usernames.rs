//! Names that nobody can register, because other people would take them for the site itself.

use std::{collections::HashSet, fmt, sync::Arc};

use crate::account::username::{Username, UsernameError, reserved_form};

/// The user names that a registration rejects. A login accepts them, and
/// [`Accounts::create_account`](crate::Accounts::create_account) creates an account with such a
/// name.
///
/// Case, width, dots, dashes and underscores do not matter: `Ad-Min` is `admin`. E-mail addresses
/// are not compared with the list.
///
/// ```
/// use hallpass_accounts::{ReservedUsernames, Username, UsernameError};
///
/// let names = ReservedUsernames::default().also(["gazette"]);
/// let check = |name| names.check(&Username::parse(name).unwrap());
/// assert_eq!(check("Post.Master"), Err(UsernameError::Reserved));
/// assert_eq!(check("Gazette"), Err(UsernameError::Reserved));
/// assert_eq!(check("ada"), Ok(()));
/// ```
#[derive(Clone)]
pub struct ReservedUsernames(Arc<HashSet<String>>);

impl ReservedUsernames {
    /// Reserves no name. [`also`](Self::also) adds the site's own.
    #[must_use]
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// Adds names to the list.
    #[must_use]
    pub fn also<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut reserved = Arc::unwrap_or_clone(self.0);
        reserved.extend(names.into_iter().map(reserved_form));
        Self(Arc::new(reserved))
    }

    /// Checks that a name may be registered.
    ///
    /// # Errors
    /// [`UsernameError::Reserved`].
    pub fn check(&self, name: &Username) -> Result<(), UsernameError> {
        if !name.is_email() && self.0.contains(&reserved_form(name.key())) {
            return Err(UsernameError::Reserved);
        }
        Ok(())
    }
}

impl Default for ReservedUsernames {
    /// Reserves the names of people in charge, the mailboxes of RFC 2142, the mailboxes that prove
    /// the control of a domain to a certificate authority (Baseline Requirements, 3.2.2.4.4), host
    /// names with a meaning of their own, and the names in the paths of the login routes.
    fn default() -> Self {
        Self::none().also(IN_CHARGE).also(MAILBOXES).also(HOSTS).also(PATHS)
    }
}

/// Prints the number of names, because the list is long.
impl fmt::Debug for ReservedUsernames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReservedUsernames").field(&self.0.len()).finish()
    }
}

const IN_CHARGE: [&str; 22] = [
    "admin",
    "administrator",
    "admins",
    "anonymous",
    "contact",
    "deleted",
    "hallpass",
    "help",
    "helpdesk",
    "mod",
    "moderator",
    "nobody",
    "null",
    "official",
    "operator",
    "owner",
    "root",
    "staff",
    "superuser",
    "sysadmin",
    "system",
    "undefined",
];

/// RFC 2142, and the mailboxes of certificate authorities and of automatic mail.
const MAILBOXES: [&str; 27] = [
    "abuse",
    "billing",
    "ftp",
    "hostmaster",
    "info",
    "is",
    "it",
    "legal",
    "mailer-daemon",
    "marketing",
    "mis",
    "news",
    "noc",
    "noreply",
    "postmaster",
    "press",
    "privacy",
    "sales",
    "security",
    "service",
    "ssladmin",
    "sslwebmaster",
    "support",
    "trouble",
    "usenet",
    "uucp",
    "webmaster",
];

const HOSTS: [&str; 12] = [
    "api",
    "autoconfig",
    "autodiscover",
    "broadcasthost",
    "isatap",
    "localdomain",
    "localhost",
    "mail",
    "smtp",
    "wpad",
    "ww",
    "www",
];

/// The segments of the paths of the login routes. Tested in `hallpass-web`, which has the routes.
const PATHS: [&str; 28] = [
    "account",
    "activity",
    "browsers",
    "change-password",
    "code",
    "confirm",
    "disable",
    "email",
    "forgot",
    "hallpass.css",
    "hallpass.js",
    "jwks.json",
    "link",
    "login",
    "logout",
    "passkey",
    "passkeys",
    "password",
    "recovery-codes",
    "refresh",
    "register",
    "reset",
    "revoke",
    "session",
    "sessions",
    "settings",
    "two-factor",
    "well-known",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &ReservedUsernames, name: &str) -> Result<(), UsernameError> {
        names.check(&Username::parse(name).unwrap())
    }

    #[test]
    fn reserved_names_are_rejected_in_every_spelling() {
        let names = ReservedUsernames::default();
        for name in [
            "admin",
            "Admin",
            "ADMİN",
            "admın",
            "ＡＤＭＩＮ",
            "a.d-m_i.n",
            "Root",
            "Postmaster",
            "no-reply",
            "No_Reply",
            "mailer.daemon",
            "support",
            "LogIn",
            "log.out",
            "two_factor",
            "www",
        ] {
            assert_eq!(check(&names, name), Err(UsernameError::Reserved), "{name}");
        }
        for name in ["ada", "administer", "rooted", "admin2", "roots", "sup"] {
            assert_eq!(check(&names, name), Ok(()), "{name}");
        }
        assert_eq!(check(&names, "admin@site.example"), Ok(()), "an address is its own proof");
    }

    /// RFC 2142, sections 3 to 6.
    #[test]
    fn mailboxes_of_rfc_2142_are_reserved() {
        let names = ReservedUsernames::default();
        for name in [
            "info",
            "marketing",
            "sales",
            "support",
            "abuse",
            "noc",
            "security",
            "postmaster",
            "hostmaster",
            "usenet",
            "news",
            "webmaster",
            "www",
            "uucp",
            "ftp",
        ] {
            assert_eq!(check(&names, name), Err(UsernameError::Reserved), "{name}");
        }
    }

    #[test]
    fn the_list_of_reserved_names_is_the_sites() {
        let own = ReservedUsernames::none().also(["The-Editor", "press"]);
        for (name, expected) in [
            ("theeditor", Err(UsernameError::Reserved)),
            ("Press", Err(UsernameError::Reserved)),
            ("admin", Ok(())),
        ] {
            assert_eq!(check(&own, name), expected, "{name}");
        }
    }
}
