//! All texts of the default pages. Each language is a value of [`Texts`].
//!
//! A translation starts from an existing language and replaces its texts. A text that a later
//! version adds is then shown in the existing language.

mod dutch;
mod english;
pub(crate) mod language;
pub(crate) mod when;

use std::time::Duration;

use hallpass_accounts::{ActivityKind, Usernames};
use hallpass_core::{FieldFault, OriginHeader, RejectionKind};

use crate::{fields::Fault, pages::notice::Notice, texts::when::Age};

/// The texts of the default pages in one language. English and Dutch are included.
///
/// ```
/// use hallpass_web::{DefaultPages, Texts};
///
/// let mut texts = Texts::english();
/// texts.home = "Front page";
/// let pages = DefaultPages::new()
///     .texts(texts)
///     .and_texts(Texts::dutch())
///     .site_name("The Daily Planet");
/// ```
///
/// The texts are plain text, not HTML. The documentation of a field describes its placeholders,
/// such as `{name}` and `{n}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Texts {
    /// The language as in the `lang` attribute of HTML, for example `en` or `nl`. The
    /// `Accept-Language` header is compared with it.
    pub lang: &'static str,

    // Login
    /// Title, heading and button.
    pub log_in: &'static str,
    /// Label of the user name field.
    pub username: &'static str,
    /// The label of the user name field on a site whose user names are e-mail addresses.
    pub username_email_label: &'static str,
    /// The label of the user name field on a site whose user names may be e-mail addresses.
    pub username_or_email_label: &'static str,
    /// Label of the password field.
    pub password: &'static str,
    /// Button at a password field, which the script creates.
    pub show_password: &'static str,
    /// The same button while the password is shown.
    pub hide_password: &'static str,
    /// Before the link to the registration page.
    pub no_account: &'static str,
    /// Above the form, for a person who is already logged in. `{name}` is the user name.
    pub signed_in_as: &'static str,
    /// On the login page, if the browser sent two cookies of one name.
    pub duplicate_cookies: &'static str,
    /// Link to the next page, for a person who is already logged in.
    pub after_change: &'static str,

    // Registration
    /// Title and heading.
    pub register: &'static str,
    /// Button.
    pub create: &'static str,
    /// Below the user name field.
    pub username_hint: &'static str,
    /// The hint of an e-mail address at registration.
    pub username_email_hint: &'static str,
    /// Below the field of a new password.
    pub password_hint: &'static str,
    /// Before the link to the login page.
    pub have_account: &'static str,

    // Code
    /// Title and heading.
    pub code_title: &'static str,
    /// Above the field.
    pub code_lead: &'static str,
    /// Label of the code field.
    pub code: &'static str,
    /// Button that confirms a session, and link to its page.
    pub confirm: &'static str,
    /// Opens the form for a recovery code.
    pub lost_device: &'static str,
    /// Label of the checkbox to skip the code in this browser. `{days}` is the number of days.
    pub remember_device: &'static str,
    /// Label of the recovery code field.
    pub recovery_code: &'static str,
    /// Below the recovery code field.
    pub recovery_hint: &'static str,
    /// Link back to the login page.
    pub start_over: &'static str,

    // Two-factor
    /// Title and heading.
    pub two_factor: &'static str,
    /// Above the steps.
    pub set_up_lead: &'static str,
    /// Heading of the first step.
    pub step_scan: &'static str,
    /// Before the key.
    pub cannot_scan: &'static str,
    /// Button at the key and at the recovery codes, which the script creates.
    pub copy: &'static str,
    /// The same button after it was pressed.
    pub copied: &'static str,
    /// Button at the recovery codes, which the script creates.
    pub print: &'static str,
    /// Link that contains the key.
    pub open_app: &'static str,
    /// Heading of the second step.
    pub step_type: &'static str,
    /// Button.
    pub turn_on: &'static str,
    /// Below the form.
    pub not_yet: &'static str,
    /// While the second factor is on.
    pub is_on: &'static str,
    /// Heading of the form for new recovery codes.
    pub renew_title: &'static str,
    /// Above the form for new recovery codes.
    pub renew_lead: &'static str,
    /// Button for new recovery codes.
    pub refresh: &'static str,
    /// Heading of the form that turns the second factor off.
    pub disable_title: &'static str,
    /// Above the form that turns the second factor off.
    pub disable_lead: &'static str,
    /// Button that turns the second factor off.
    pub turn_off: &'static str,

    // Recovery codes
    /// Title and heading.
    pub codes_title: &'static str,
    /// Above the codes, if the second factor was just turned on.
    pub codes_enabled: &'static str,
    /// Above the codes.
    pub codes_lead: &'static str,
    /// Link to the next page.
    pub codes_done: &'static str,

    // Confirmation of a session
    /// Title and heading.
    pub confirm_title: &'static str,
    /// Above the form, if it has a password field only.
    pub confirm_lead: &'static str,
    /// Above the form, if it has a password field and a code field.
    pub confirm_code_lead: &'static str,

    // Change of the password
    /// Title and heading.
    pub password_title: &'static str,
    /// Above the form.
    pub password_lead: &'static str,
    /// Label of the field for the current password.
    pub current_password: &'static str,
    /// Label of the field for the new password.
    pub new_password: &'static str,
    /// Button.
    pub change_password: &'static str,

    // New password with a link
    /// Title and heading.
    pub reset_title: &'static str,
    /// Above the form.
    pub reset_lead: &'static str,
    /// Below the code field.
    pub reset_code_hint: &'static str,
    /// On the login page, after the password was changed with a link.
    pub password_reset: &'static str,

    // Sessions
    /// Title and heading.
    pub sessions_title: &'static str,
    /// Marks the session of the request.
    pub this_device: &'static str,
    /// The name of a session whose device is unknown.
    pub unknown_device: &'static str,
    /// Before the time since the login.
    pub logged_in: &'static str,
    /// Before the time since the last refresh.
    pub last_seen: &'static str,
    /// Button that ends one session.
    pub end_session: &'static str,
    /// Link to the next page of sessions.
    pub more_sessions: &'static str,
    /// Button that ends all other sessions.
    pub end_others: &'static str,
    /// Button that ends this session.
    pub log_out: &'static str,
    /// Less than one minute ago.
    pub moments_ago: &'static str,
    /// One minute ago, and `{n}` minutes ago.
    pub minutes_ago: [&'static str; 2],
    /// One hour ago, and `{n}` hours ago.
    pub hours_ago: [&'static str; 2],
    /// One day ago, and `{n}` days ago.
    pub days_ago: [&'static str; 2],

    // Activity
    /// Title and heading.
    pub activity_title: &'static str,
    /// Link to the page with earlier rows.
    pub activity_earlier: &'static str,
    /// The names of the kinds of activity, at most one per kind. A kind without a text is shown by
    /// its [name](ActivityKind::as_str).
    pub activities: &'static [(ActivityKind, &'static str)],

    // Rejections
    /// A login was rejected. The text is the same for every cause.
    pub credentials: &'static str,
    /// The password or the code that confirms a change was rejected.
    pub confirmation: &'static str,
    /// A code was rejected.
    pub wrong_code: &'static str,
    /// The site's challenge (CAPTCHA, proof of work) was not solved.
    pub challenge: &'static str,
    /// A field is missing.
    pub missing: &'static str,
    /// A field is not text.
    pub not_text: &'static str,
    /// A field was sent more than once.
    pub repeated: &'static str,
    /// The user name is too short or too long.
    pub username_length: &'static str,
    /// The user name contains a character that is not allowed.
    pub username_character: &'static str,
    /// The user name contains a character that is not displayed.
    pub username_invisible: &'static str,
    /// The user name has more than two combining marks in a row.
    pub username_marks: &'static str,
    /// The user name is reserved for the site.
    pub username_reserved: &'static str,
    /// The e-mail address is not valid.
    pub username_email: &'static str,
    /// An e-mail address was entered on a site whose user names are not e-mail addresses.
    pub username_not_email: &'static str,
    /// A user name was entered on a site whose user names are e-mail addresses.
    pub username_is_email: &'static str,
    /// Another account has the name.
    pub name_taken: &'static str,
    /// The password is too short or too long. `{n}` is the minimum number of characters.
    pub password_length: &'static str,
    /// The password is easy to guess, or is known from a breach.
    pub password_common: &'static str,
    /// Title of a rejection without a text of its own in `rejections`. The page then shows the
    /// English detail of the rejection as its text.
    pub rejection_title: &'static str,
    /// The time to wait, if it is less than two minutes: one second, and `{n}` seconds.
    pub wait_seconds: [&'static str; 2],
    /// The time to wait, from two minutes: one minute, and `{n}` minutes.
    pub wait_minutes: [&'static str; 2],
    /// Link to `/`.
    pub home: &'static str,
    /// The hint for the operator on the page of a request from another site, if `Sec-Fetch-Site`
    /// disagreed.
    pub sec_fetch_site_hint: &'static str,
    /// The same, if `Origin` disagreed with `Host`.
    pub origin_hint: &'static str,
    /// The texts of the rejection pages, at most one per kind.
    pub rejections: &'static [RejectionText],
}

/// The texts of a rejection page.
///
/// Exhaustive, because a translation writes every field.
#[derive(Clone, Copy, Debug)]
pub struct RejectionText {
    /// The kind of the rejection.
    pub kind: RejectionKind,
    /// Title and heading.
    pub title: &'static str,
    /// One or two sentences that describe what happened and what to do.
    pub text: &'static str,
}

impl Texts {
    /// Returns the English texts.
    #[must_use]
    pub fn english() -> Self {
        english::TEXTS
    }

    /// Returns the Dutch texts.
    #[must_use]
    pub fn dutch() -> Self {
        dutch::TEXTS
    }

    /// Returns the text for a rejected form.
    #[must_use]
    pub fn fault(&self, fault: &Fault) -> &'static str {
        match fault {
            Fault::Credentials => self.credentials,
            Fault::Confirmation => self.confirmation,
            Fault::Code => self.wrong_code,
            Fault::Challenge => self.challenge,
        }
    }

    /// Returns the label of the user name field.
    #[must_use]
    pub fn username_label(&self, usernames: &Usernames) -> &'static str {
        match usernames {
            Usernames::Name => self.username,
            Usernames::Email => self.username_email_label,
            Usernames::NameOrEmail => self.username_or_email_label,
        }
    }

    /// Returns the hint of the user name field at registration.
    #[must_use]
    pub fn username_hint_of(&self, usernames: &Usernames) -> &'static str {
        match usernames {
            Usernames::Name => self.username_hint,
            Usernames::Email | Usernames::NameOrEmail => self.username_email_hint,
        }
    }

    /// Returns the text for a notice.
    #[must_use]
    pub fn notice(&self, notice: &Notice) -> &'static str {
        match notice {
            Notice::PasswordReset => self.password_reset,
        }
    }

    /// Returns the text for the fault of a field.
    #[must_use]
    pub fn field_fault(&self, fault: &FieldFault) -> String {
        match fault {
            FieldFault::Missing => self.missing.into(),
            FieldFault::NotText => self.not_text.into(),
            FieldFault::Repeated => self.repeated.into(),
            FieldFault::UsernameLength => self.username_length.into(),
            FieldFault::UsernameCharacter => self.username_character.into(),
            FieldFault::UsernameInvisible => self.username_invisible.into(),
            FieldFault::UsernameMarks => self.username_marks.into(),
            FieldFault::UsernameReserved => self.username_reserved.into(),
            FieldFault::UsernameEmail => self.username_email.into(),
            FieldFault::UsernameNotEmail => self.username_not_email.into(),
            FieldFault::UsernameIsEmail => self.username_is_email.into(),
            FieldFault::NameTaken => self.name_taken.into(),
            FieldFault::PasswordLength { min } => numbered(self.password_length, *min),
            FieldFault::PasswordCommon => self.password_common.into(),
            _ => self.rejection_title.into(),
        }
    }

    /// Returns the text of a kind of activity.
    #[must_use]
    pub fn activity(&self, kind: &ActivityKind) -> &'static str {
        let text = self.activities.iter().find(|(of, _)| of == kind);
        text.map_or(kind.as_str(), |(_, text)| text)
    }

    /// Returns the hint for the operator on the page of a request from another site.
    #[must_use]
    pub fn hint(&self, header: OriginHeader) -> &'static str {
        match header {
            OriginHeader::SecFetchSite => self.sec_fetch_site_hint,
            OriginHeader::Origin => self.origin_hint,
            other => other.hint(),
        }
    }

    /// Returns the texts of a rejection page, or `None` if this kind has no texts.
    #[must_use]
    pub fn rejection(&self, kind: RejectionKind) -> Option<&RejectionText> {
        self.rejections.iter().find(|text| text.kind == kind)
    }

    /// Returns the text for a time that has passed, in its largest whole unit.
    #[must_use]
    pub fn ago(&self, age: &Duration) -> String {
        match Age::of(*age) {
            Age::Moments => self.moments_ago.into(),
            Age::Minutes(n) => counted(self.minutes_ago, n),
            Age::Hours(n) => counted(self.hours_ago, n),
            Age::Days(n) => counted(self.days_ago, n),
        }
    }

    /// Returns the text for a time to wait, in seconds below two minutes and in minutes otherwise.
    /// The time is rounded up, so that an attempt after it is not too early.
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
