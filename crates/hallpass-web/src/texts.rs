//! Every text of the default pages, in one place: a language is a value.
//!
//! A translation starts from one that exists and sets what it says anew; a text added later then
//! shows in the language that it started from, rather than not at all.

mod dutch;
mod english;
pub(crate) mod language;
pub(crate) mod when;

use std::time::Duration;

use hallpass_core::{FieldFault, RejectionKind};

use crate::{fields::Fault, texts::when::Age};

/// The texts of the default pages in one language. English and Dutch come along.
///
/// ```
/// use hallpass_web::{DefaultPages, Texts};
///
/// let mut texts = Texts::english();
/// texts.log_in = "Sign in";
/// let pages = DefaultPages::new()
///     .texts(texts)
///     .and_texts(Texts::dutch())
///     .site_name("The Daily Planet");
/// ```
///
/// The texts are plain, not HTML; `{name}` and `{n}` stand for what the field's doc says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Texts {
    /// The `lang` attribute of the document.
    pub lang: &'static str,

    // Log-in
    /// Title, heading and button.
    pub log_in: &'static str,
    /// Label.
    pub username: &'static str,
    /// Label.
    pub password: &'static str,
    /// Button at a password field; the script makes it.
    pub show_password: &'static str,
    /// The same button once the password shows.
    pub hide_password: &'static str,
    /// Before the link to registration.
    pub no_account: &'static str,
    /// Who is signed in already; `{name}` is the name.
    pub signed_in_as: &'static str,
    /// Link onward for a person who is signed in already.
    pub after_change: &'static str,

    // Registration
    /// Title and heading.
    pub register: &'static str,
    /// Button.
    pub create: &'static str,
    /// Below the field.
    pub username_hint: &'static str,
    /// Below the field of a new password.
    pub password_hint: &'static str,
    /// Before the link to log-in.
    pub have_account: &'static str,

    // Code
    /// Title and heading.
    pub code_title: &'static str,
    /// Above the field.
    pub code_lead: &'static str,
    /// Label.
    pub code: &'static str,
    /// Button.
    pub confirm: &'static str,
    /// Opens the form for a recovery code.
    pub lost_device: &'static str,
    /// Beside the box that lets this browser stand in for the code; `{days}` is for how long.
    pub remember_device: &'static str,
    /// Label.
    pub recovery_code: &'static str,
    /// Below the field.
    pub recovery_hint: &'static str,
    /// Link back to log-in.
    pub start_over: &'static str,

    // Two-factor
    /// Title and heading.
    pub two_factor: &'static str,
    /// Above the steps.
    pub set_up_lead: &'static str,
    /// First step.
    pub step_scan: &'static str,
    /// Before the key.
    pub cannot_scan: &'static str,
    /// Button at the key and at the recovery codes; the script makes it.
    pub copy: &'static str,
    /// The same button once it was pressed.
    pub copied: &'static str,
    /// Button at the recovery codes; the script makes it.
    pub print: &'static str,
    /// Link with the key.
    pub open_app: &'static str,
    /// Second step.
    pub step_type: &'static str,
    /// Button.
    pub turn_on: &'static str,
    /// Below the form.
    pub not_yet: &'static str,
    /// Where the factor is on.
    pub is_on: &'static str,
    /// Heading.
    pub renew_title: &'static str,
    /// Above the form.
    pub renew_lead: &'static str,
    /// Button.
    pub refresh: &'static str,
    /// Heading.
    pub disable_title: &'static str,
    /// Above the form.
    pub disable_lead: &'static str,
    /// Button.
    pub turn_off: &'static str,

    // Recovery codes
    /// Title and heading.
    pub codes_title: &'static str,
    /// Where the factor was switched on just now.
    pub codes_enabled: &'static str,
    /// Above the codes.
    pub codes_lead: &'static str,
    /// Link onward.
    pub codes_done: &'static str,

    // Change of password
    /// Title and heading.
    pub password_title: &'static str,
    /// Above the form.
    pub password_lead: &'static str,
    /// Label.
    pub current_password: &'static str,
    /// Label.
    pub new_password: &'static str,
    /// Button.
    pub change_password: &'static str,

    // Sessions
    /// Title and heading.
    pub sessions_title: &'static str,
    /// Marks the session that asks.
    pub this_device: &'static str,
    /// A session without a name.
    pub unknown_device: &'static str,
    /// Before an age.
    pub logged_in: &'static str,
    /// Before an age.
    pub last_seen: &'static str,
    /// Button.
    pub end_session: &'static str,
    /// Button.
    pub end_others: &'static str,
    /// Button.
    pub log_out: &'static str,
    /// An age under a minute.
    pub moments_ago: &'static str,
    /// An age of one, and of `{n}`.
    pub minutes_ago: [&'static str; 2],
    /// An age of one, and of `{n}`.
    pub hours_ago: [&'static str; 2],
    /// An age of one, and of `{n}`.
    pub days_ago: [&'static str; 2],

    // Rejections
    /// A login was rejected, whatever the cause.
    pub credentials: &'static str,
    /// A person's own password or code was rejected.
    pub confirmation: &'static str,
    /// A code was rejected.
    pub wrong_code: &'static str,
    /// A field is empty.
    pub missing: &'static str,
    /// A field is not text.
    pub not_text: &'static str,
    /// A field came twice.
    pub repeated: &'static str,
    /// A name of a wrong length.
    pub username_length: &'static str,
    /// A name with a wrong character.
    pub username_character: &'static str,
    /// Another account has the name.
    pub name_taken: &'static str,
    /// Too short or too long; `{n}` is the least number of characters.
    pub password_length: &'static str,
    /// Known to everybody.
    pub password_common: &'static str,
    /// Title of a rejection without a text of its own in `rejections`.
    pub rejection_title: &'static str,
    /// How long to wait, of one second, and of `{n}`.
    pub wait_seconds: [&'static str; 2],
    /// How long to wait, of one minute, and of `{n}`.
    pub wait_minutes: [&'static str; 2],
    /// Link to `/`.
    pub home: &'static str,
    /// The texts of the page of a rejection, one per kind.
    pub rejections: &'static [RejectionText],
}

/// The texts of the page of a rejection.
///
/// Exhaustive, because a translation writes every field.
#[derive(Clone, Copy, Debug)]
pub struct RejectionText {
    /// The kind.
    pub kind: RejectionKind,
    /// Title and heading.
    pub title: &'static str,
    /// What happened and what to do, in a sentence or two.
    pub text: &'static str,
}

impl Texts {
    /// The English texts.
    #[must_use]
    pub fn english() -> Self {
        english::TEXTS
    }

    /// The Dutch texts.
    #[must_use]
    pub fn dutch() -> Self {
        dutch::TEXTS
    }

    /// Returns why a form was rejected.
    #[must_use]
    pub fn fault(&self, fault: &Fault) -> &'static str {
        match fault {
            Fault::Credentials => self.credentials,
            Fault::Confirmation => self.confirmation,
            Fault::Code => self.wrong_code,
        }
    }

    /// Returns what is wrong with a field.
    #[must_use]
    pub fn field_fault(&self, fault: &FieldFault) -> String {
        match fault {
            FieldFault::Missing => self.missing.into(),
            FieldFault::NotText => self.not_text.into(),
            FieldFault::Repeated => self.repeated.into(),
            FieldFault::UsernameLength => self.username_length.into(),
            FieldFault::UsernameCharacter => self.username_character.into(),
            FieldFault::NameTaken => self.name_taken.into(),
            FieldFault::PasswordLength { min } => numbered(self.password_length, *min),
            FieldFault::PasswordCommon => self.password_common.into(),
            _ => self.rejection_title.into(),
        }
    }

    /// Returns the texts of the page of a rejection.
    #[must_use]
    pub fn rejection(&self, kind: RejectionKind) -> Option<&RejectionText> {
        self.rejections.iter().find(|text| text.kind == kind)
    }

    /// How long ago that was, in its largest whole unit: it reads right in every time zone.
    #[must_use]
    pub fn ago(&self, age: &Duration) -> String {
        match Age::of(*age) {
            Age::Moments => self.moments_ago.into(),
            Age::Minutes(n) => counted(self.minutes_ago, n),
            Age::Hours(n) => counted(self.hours_ago, n),
            Age::Days(n) => counted(self.days_ago, n),
        }
    }

    /// How long to wait, rounded up: whoever comes back when it said must not be too early.
    #[must_use]
    pub fn wait(&self, wait: &Duration) -> String {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        if seconds < 120 {
            counted(self.wait_seconds, seconds)
        } else {
            counted(self.wait_minutes, seconds.div_ceil(60))
        }
    }
}

fn counted([one, many]: [&'static str; 2], n: u64) -> String {
    if n == 1 { one.into() } else { numbered(many, n) }
}

fn numbered(text: &'static str, n: impl ToString) -> String {
    text.replace("{n}", &n.to_string())
}
