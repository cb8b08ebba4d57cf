//! User names: the text that a person types, and the key that all its spellings share. A user name
//! may be an e-mail address, if the site's [`Usernames`] allow it.
//!
//! Uniqueness, look-ups and limits use the key, so `Alice`, `alice` and `ＡＬＩＣＥ` are one account
//! with one counter. If limits counted the typed text, each spelling would allow additional
//! guesses.
//!
//! A name contains no character that is invisible or looks like a blank, and at most two combining
//! marks in a row. Otherwise two accounts could have names that look the same (`victim` and
//! `victim` with U+FE0F). Tested with every such code point in `username/tests.rs`.
//!
//! Look-alikes of different scripts (Latin `a`, Cyrillic `а`) are different names here. Rejecting
//! them requires the confusables table of UTS 39. A site that shows names as identity should apply
//! that table at registration.

use std::fmt;

use hallpass_core::FieldFault;

pub(crate) use crate::account::username::characters::is_visible;
use crate::account::username::characters::{check, fold, shown};

mod characters;
#[cfg(test)]
mod tests;

/// A parsed user name: the form that is shown, and the key. Two names are equal if their keys are
/// equal.
///
/// ```
/// use hallpass_accounts::{Username, UsernameError};
///
/// let name = Username::parse(" Alice ")?;
/// assert_eq!(name.as_str(), "Alice");
/// assert_eq!(name, Username::parse("ALICE")?);
/// assert_eq!(Username::parse("al ice"), Err(UsernameError::Character));
/// # Ok::<(), UsernameError>(())
/// ```
#[derive(Clone)]
pub struct Username {
    shown: String,
    key: String,
}

impl Username {
    /// Parses a typed user name, or an e-mail address. Whether a person may register or log in
    /// with either is decided by the site's [`Usernames`], not here, because a stored name is
    /// parsed too.
    ///
    /// A user name has 1 to 64 characters, which are letters and digits of any script,
    /// combining marks (at most two in a row), `.`, `_` and `-`. The first character is a letter or
    /// a digit. Invisible characters are rejected. The name is shown in NFC. The key is
    /// `NFKC_Casefold` of Unicode, in which `İ` and `ı` are `i` as well, and has at most 256 bytes.
    ///
    /// A text with `@` is an e-mail address, by the rules of `<input type=email>` in HTML: ASCII
    /// only, at most 254 characters (RFC 5321), of which at most 64 are before the `@`. A domain
    /// with other letters is written in Punycode. The key is the address in lower case, so the
    /// column of a site contains `lower(email)`. No two addresses of different characters share a
    /// key, which case folding of Unicode would allow (CVE-2019-19844).
    ///
    /// Surrounding white space is removed from both.
    ///
    /// # Errors
    /// The rule that the name breaks. The text of the error can be shown to the person.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        let trimmed = typed.trim();
        // Before any normalisation, so that the work is bounded even if the caller has no body
        // limit.
        if trimmed.len() > MAX_BYTES {
            return Err(UsernameError::Length);
        }
        if trimmed.contains('@') {
            return match is_email(trimmed) {
                true => Ok(Self { shown: trimmed.to_owned(), key: trimmed.to_ascii_lowercase() }),
                false => Err(UsernameError::Email),
            };
        }
        let shown = shown(trimmed);
        let key = fold(&shown);
        if !(1..=MAX_CHARS).contains(&shown.chars().count()) || key.len() > MAX_BYTES {
            return Err(UsernameError::Length);
        }
        // The key is checked too: a compatibility form may unfold to spaces (U+FDFA does).
        check(&shown)?;
        check(&key)?;
        Ok(Self { shown, key })
    }

    /// Returns the name in the form that is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Returns whether the name is an e-mail address.
    #[must_use]
    pub fn is_email(&self) -> bool {
        self.shown.contains('@')
    }

    /// Returns the key. A store keeps it unique, looks accounts up by it and indexes it. Limits
    /// count by it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl std::hash::Hash for Username {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown, f)
    }
}

/// The rule that a user name breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsernameError {
    /// The name is empty or longer than 64 characters, or its key is longer than 256 bytes.
    #[error("a username has 1 to 64 characters")]
    Length,
    /// The name contains a character that is not allowed, or does not start with a letter or a
    /// digit.
    #[error(
        "a username starts with a letter or a digit and has only letters, digits, '.', '_' and '-'"
    )]
    Character,
    /// The name contains a character that is not displayed, or that is displayed as a blank.
    #[error("the username contains an invisible character: delete it, or type the name again")]
    Invisible,
    /// The name has more than two combining marks in a row.
    #[error("the username has more than two marks on one letter: remove some of them")]
    Marks,
    /// The name is one of the site's [reserved names](crate::ReservedUsernames). Only a
    /// registration is rejected for this.
    #[error("the username is reserved for the site: choose another one")]
    Reserved,
    /// The text with `@` is not a valid e-mail address.
    #[error("the e-mail address is not valid: write one address in ASCII, such as a@site.example")]
    Email,
    /// The site's [`Usernames`] do not allow e-mail addresses.
    #[error(
        "the site does not use e-mail addresses as user names: enter the user name, or allow \
         addresses with .usernames(Usernames::Email)"
    )]
    EmailNotAllowed,
    /// The site's [`Usernames`] allow e-mail addresses only.
    #[error("the site uses e-mail addresses as user names: enter the e-mail address")]
    NotEmail,
}

/// The names with which people log in and register. Without this setting they are user names.
///
/// Exhaustive, because a site matches on it to label its own form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Usernames {
    /// User names. An e-mail address is rejected with
    /// [`EmailNotAllowed`](UsernameError::EmailNotAllowed).
    #[default]
    Name,
    /// E-mail addresses. Another text is rejected with [`NotEmail`](UsernameError::NotEmail).
    Email,
    /// Either, in the same column: an account has one name, which is a user name or an address.
    NameOrEmail,
}

impl Usernames {
    /// Parses a typed name that these rules allow.
    ///
    /// # Errors
    /// The rule that the name breaks. A text with `@` is an e-mail address, also if it is not a
    /// valid one.
    pub fn parse(self, typed: &str) -> Result<Username, UsernameError> {
        match (self, typed.contains('@')) {
            (Self::Name, true) => Err(UsernameError::EmailNotAllowed),
            (Self::Email, false) => Err(UsernameError::NotEmail),
            _ => Username::parse(typed),
        }
    }
}

impl From<UsernameError> for FieldFault {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::Length => Self::UsernameLength,
            UsernameError::Character => Self::UsernameCharacter,
            UsernameError::Invisible => Self::UsernameInvisible,
            UsernameError::Marks => Self::UsernameMarks,
            UsernameError::Reserved => Self::UsernameReserved,
            UsernameError::Email => Self::UsernameEmail,
            UsernameError::EmailNotAllowed => Self::UsernameNotEmail,
            UsernameError::NotEmail => Self::UsernameIsEmail,
        }
    }
}

/// Returns the form in which a name is compared with the reserved names: the key without its dots,
/// dashes and underscores.
pub(crate) fn reserved_form(name: &str) -> String {
    fold(name).replace(['.', '_', '-'], "")
}

/// Checks an address by the rules of HTML, which are stricter than RFC 5322
/// (<https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>), and by the lengths of
/// RFC 5321, section 4.5.3.1.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atext = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(atext)
        && domain.split('.').all(label)
}

const MAX_CHARS: usize = 64;
const MAX_BYTES: usize = 4 * MAX_CHARS;
