//! The rules for new passwords: a minimum length, and no password that is easy to guess.
//!
//! There are no composition rules ("one digit, one symbol"), because they make passwords worse
//! (NIST SP 800-63B section 3.1.1.2, ASVS 6.2.5).
//!
//! A service that finds breached passwords is a hook, [`BreachedPasswords`]. By default this crate
//! calls no such service. A hook should send as little as possible. For example, Have I Been Pwned
//! takes the first five digits of a SHA-1.

use std::{collections::HashSet, fmt, future::Future, sync::Arc};

use hallpass_core::FieldFault;

use crate::{
    account::username::Username,
    password::{Password, common_password::is_guessable},
};

/// The rules for new passwords. A password has at most 1,024 characters, which cannot be changed.
///
/// ```
/// use hallpass_accounts::{Password, PasswordError, PasswordPolicy, Username};
///
/// let policy = PasswordPolicy::default();
/// let alice = Username::parse("alice")?;
/// assert!(policy.accept(&Password::typed("correct horse battery"), &alice).is_ok());
/// assert_eq!(
///     policy.accept(&Password::typed("12345678"), &alice),
///     Err(PasswordError::Length { min: 10 })
/// );
/// assert_eq!(
///     policy.accept(&Password::typed("Password2024!"), &alice),
///     Err(PasswordError::Common)
/// );
/// # Ok::<(), hallpass_accounts::UsernameError>(())
/// ```
#[derive(Clone)]
pub struct PasswordPolicy {
    min: usize,
    context: Vec<String>,
    refused: Arc<HashSet<String>>,
}

impl PasswordPolicy {
    /// Sets the minimum length, in characters. A value below 8, the minimum of ASVS 6.2.1, counts
    /// as 8. Defaults to 10. With the hashing and the limits of this crate, ten characters that are
    /// not guessable suffice, and people write passwords of fifteen characters down.
    #[must_use]
    pub fn min_length(mut self, characters: usize) -> Self {
        self.min = characters.clamp(FLOOR, MAX);
        self
    }

    /// Adds a word that a guesser would try on this site, such as its product. A word of fewer than
    /// three characters has no effect. Defaults to no words. The user name is always included, and
    /// [`Accounts::new`](crate::Accounts::new) adds the name of the site.
    #[must_use]
    pub fn context_word(mut self, word: &str) -> Self {
        self.context.push(lower_case(word));
        self
    }

    /// Rejects these passwords as well, whether written in upper or lower case: for example the
    /// lines of a site's own file. Defaults to none. The 99,838 passwords that were counted most
    /// often in breaches, and passwords that are formed like them, are always rejected.
    ///
    /// ```
    /// use hallpass_accounts::{Password, PasswordError, PasswordPolicy, Username};
    ///
    /// let list = "blink182rocks\nNCC1701-enterprise"; // the site's own file
    /// let policy = PasswordPolicy::default().also_refuse(list.lines());
    /// let alice = Username::parse("alice")?;
    /// assert_eq!(
    ///     policy.accept(&Password::typed("ncc1701-Enterprise"), &alice),
    ///     Err(PasswordError::Common)
    /// );
    /// assert!(policy.accept(&Password::typed("two grey herons"), &alice).is_ok());
    /// # Ok::<(), hallpass_accounts::UsernameError>(())
    /// ```
    #[must_use]
    pub fn also_refuse<'w>(mut self, passwords: impl IntoIterator<Item = &'w str>) -> Self {
        let mut refused = Arc::unwrap_or_clone(self.refused);
        refused.extend(passwords.into_iter().map(lower_case));
        self.refused = Arc::new(refused);
        self
    }

    /// Accepts the password for this user, or returns the rule that it breaks. Lengths are counted
    /// in characters.
    ///
    /// # Errors
    /// The rule that the password breaks. The text of the error can be shown to the person.
    pub fn accept(
        &self,
        password: &Password,
        user: &Username,
    ) -> Result<AcceptablePassword, PasswordError> {
        let text = password.as_str();
        // Bytes first, because counting the characters of a huge text costs time.
        if text.len() > 4 * MAX || !(self.min..=MAX).contains(&text.chars().count()) {
            return Err(PasswordError::Length { min: self.min });
        }
        let words = self.context.iter().map(String::as_str);
        let words: Vec<&str> = words.chain([user.key()]).collect();
        if is_guessable(text, &words) || self.refused.contains(&text.to_lowercase()) {
            return Err(PasswordError::Common);
        }
        Ok(AcceptablePassword(password.clone()))
    }
}

/// Prints the length of the list, because the list may be long.
impl fmt::Debug for PasswordPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordPolicy")
            .field("min", &self.min)
            .field("context", &self.context)
            .field("refused", &self.refused.len())
            .finish()
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min: 10, context: Vec::new(), refused: Arc::default() }
    }
}

/// A password that passed the policy, and so may be hashed and stored.
#[derive(Debug)]
#[must_use]
pub struct AcceptablePassword(Password);

impl AcceptablePassword {
    pub(crate) fn password(&self) -> &Password {
        &self.0
    }
}

impl PartialEq for AcceptablePassword {
    /// For assertions in tests. No decision compares two passwords.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes() == other.0.as_bytes()
    }
}

/// The rule that a new password breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PasswordError {
    /// The password is shorter than `min`, or longer than 1,024 characters.
    Length {
        /// The minimum number of characters.
        min: usize,
    },
    /// The password is easy to guess: a common password, a keyboard run, the name of the user or
    /// the site, or a password that is known from a breach.
    Common,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { min } => write!(f, "the password must have {min} to {MAX} characters"),
            Self::Common => {
                f.write_str("the password is too easy to guess: use several unrelated words")
            }
        }
    }
}

impl std::error::Error for PasswordError {}

impl From<PasswordError> for FieldFault {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length { min } => {
                Self::PasswordLength { min: u16::try_from(min).unwrap_or(u16::MAX) }
            }
            PasswordError::Common => Self::PasswordCommon,
        }
    }
}

/// Looks up passwords that are known from breaches.
///
/// ```
/// use hallpass_accounts::{Breach, BreachedPasswords};
/// use std::convert::Infallible;
///
/// struct OneLeak;
///
/// impl BreachedPasswords for OneLeak {
///     type Error = Infallible;
///
///     async fn look_up(&self, password: &str) -> Result<Breach, Infallible> {
///         Ok(if password == "correct horse battery staple" {
///             Breach::Known
///         } else {
///             Breach::Unknown
///         })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot look up breached passwords: it does not implement \
            `BreachedPasswords`",
    label = "`BreachedPasswords` is not implemented for this type",
    note = "write `impl BreachedPasswords for {Self}` with the method `look_up`",
    note = "guide: docs/guide/src/operating.md"
)]
pub trait BreachedPasswords: Send + Sync + 'static {
    /// The error of the service.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Looks a new password up. It has passed the site's own rules. The time limit is
    /// [`store_timeout`](crate::Settings::store_timeout).
    ///
    /// # Errors
    /// The error of the service. The password is then **accepted**: a service that is down must not
    /// stop registrations, and the site's own rules have been applied.
    fn look_up(&self, password: &str) -> impl Future<Output = Result<Breach, Self::Error>> + Send;
}

/// Whether a password is known from a breach.
///
/// Exhaustive, because an implementation returns it and there is no third result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Breach {
    /// The password is known. It is rejected with [`PasswordError::Common`].
    Known,
    /// The password is not known.
    Unknown,
}

/// Returns a word in the form in which a password is compared with it: lower case, in NFC.
fn lower_case(word: &str) -> String {
    Password::typed(word).as_str().to_lowercase()
}

const FLOOR: usize = 8;
const MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(policy: &PasswordPolicy, password: &str) -> Result<(), PasswordError> {
        let user = Username::parse("marguerite").unwrap();
        policy.accept(&Password::typed(password), &user).map(|_| ())
    }

    #[test]
    fn length_is_counted_in_characters() {
        let policy = PasswordPolicy::default();
        let short = Err(PasswordError::Length { min: 10 });
        assert_eq!(accept(&policy, "q7$kP2vX9"), short);
        assert_eq!(accept(&policy, "q7$kP2vX9w"), Ok(()));
        assert_eq!(accept(&policy, "ß7öÄü2éñ9ç"), Ok(()));
        assert_eq!(accept(&policy, &"q7$kP2vX".repeat(128)), Ok(()));
        assert_eq!(accept(&policy, &"q7$kP2vX".repeat(129)), short);
        assert_eq!(accept(&policy, &"x".repeat(1 << 20)), short);
    }

    #[test]
    fn min_length_cannot_be_set_below_eight() {
        let policy = PasswordPolicy::default().min_length(1);
        assert_eq!(accept(&policy, "q7$kP2v"), Err(PasswordError::Length { min: 8 }));
        assert_eq!(accept(&policy, "q7$kP2vX"), Ok(()));
    }

    #[test]
    fn a_rule_counts_and_compares_in_one_form_of_unicode() {
        let policy =
            PasswordPolicy::default().also_refuse(["zoe\u{308} en kees 1", "ko\u{308}nig"]);
        // Nine characters, which are ten code points as typed.
        let short = Err(PasswordError::Length { min: 10 });
        assert_eq!(accept(&policy, "q7$kP2vXe\u{308}"), short);
        for listed in ["Zoe\u{308} en Kees 1", "Zo\u{eb} en Kees 1"] {
            assert_eq!(accept(&policy, listed), Err(PasswordError::Common), "{listed:?}");
        }
        // The maximum is 1,024 characters, not bytes of the typed form.
        assert_eq!(accept(&policy, &"\u{1112}\u{1161}\u{11ab}a".repeat(512)), Ok(()));
    }

    #[test]
    fn names_of_user_and_site_are_rejected() {
        let policy = PasswordPolicy::default().context_word("Gazette");
        for guess in ["Marguerite1", "marguerite-gazette", "GazetteGazette!", "gazette2026"] {
            assert_eq!(accept(&policy, guess), Err(PasswordError::Common), "{guess}");
        }
        assert_eq!(accept(&policy, "marguerite reads seven maps"), Ok(()));
    }
}
