//! What is on each page, without how it looks.
//!
//! All text is plain and wants escaping, [`TwoFactorSetUpPage::qr_svg`] alone excepted. Each form posts to the path that
//! stands in its page's doc, with the field names of that doc.

use std::borrow::Cow;
use std::time::Duration;

use hallpass_core::Denial;

use super::fault::{Fault, FieldFault};
use crate::recovery_code::RecoveryCode;

/// One page of the sign-in routes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Page<'a> {
    /// `GET /register`, and a registration that was refused.
    Register(RegisterPage<'a>),
    /// `GET /login`, and a log-in that was refused.
    Login(LoginPage<'a>),
    /// `GET /login/code`, and a code that was refused.
    Code(CodePage<'a>),
    /// `GET /profile/two-factor` while the second factor is off, and a first code that was refused.
    TwoFactorSetUp(TwoFactorSetUpPage<'a>),
    /// `GET /profile/two-factor` while the second factor is on, and the forms of that page when refused.
    TwoFactorOn(TwoFactorOnPage),
    /// Recovery codes, shown this once.
    RecoveryCodes(RecoveryCodesPage<'a>),
    /// A change of password that was refused.
    Password(PasswordPage),
    /// `GET /profile/sessions`.
    Sessions(SessionsPage<'a>),
    /// Any other refusal.
    Failure(FailurePage<'a>),
}

/// Who is signed in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Viewer<'a> {
    /// The name as the person wrote it.
    pub username: &'a str,
}

/// Who reads a page.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reader<'a> {
    /// Who is signed in, if anyone is.
    pub viewer: Option<Viewer<'a>>,
    /// `Accept-Language` as it was sent, or empty: the languages that the reader asks for.
    pub languages: &'a str,
}

impl<'a> Reader<'a> {
    /// Somebody who signed in under this name.
    #[must_use]
    pub fn signed_in(username: &'a str) -> Self {
        Self { viewer: Some(Viewer { username }), languages: "" }
    }

    /// The languages that the reader asks for, as `Accept-Language` has them.
    #[must_use]
    pub fn with_languages(self, accept_language: &'a str) -> Self {
        Self { languages: accept_language, ..self }
    }
}

/// Posts `username` and `password` to `/register`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RegisterPage<'a> {
    /// The name as typed before, or empty.
    pub username: &'a str,
    /// What is wrong with the name.
    pub username_fault: Option<FieldFault>,
    /// What is wrong with the password.
    pub password_fault: Option<FieldFault>,
    /// Where to go after the log-in that the page links to: a path on this site.
    pub next: &'a str,
}

/// Posts `username`, `password` and the hidden `next` to `/login`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoginPage<'a> {
    /// Where to go afterwards: a path on this site.
    pub next: &'a str,
    /// The name as typed before, or empty.
    pub username: &'a str,
    /// What is wrong with the name's field; never whether an account has that name.
    pub username_fault: Option<FieldFault>,
    /// What is wrong with the password's field; never whether the password is right.
    pub password_fault: Option<FieldFault>,
    /// Why the last attempt was refused.
    pub fault: Option<Fault>,
    /// Whether there is a `/register` to link to.
    pub registration: bool,
}

/// Posts `code` and the hidden `next` to `/login/code`. The field takes an authenticator's code or a recovery code.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CodePage<'a> {
    /// Where to go afterwards: a path on this site.
    pub next: &'a str,
    /// For how many days this browser may stand in for the code, where the site lets it: a box `remember_device`, whose value is `on`.
    pub remember_days: Option<u64>,
    /// What is wrong with the code's field.
    pub code_fault: Option<FieldFault>,
    /// Why the last attempt was refused.
    pub fault: Option<Fault>,
}

/// Posts `code` to `/profile/two-factor`.
#[non_exhaustive]
pub struct TwoFactorSetUpPage<'a> {
    /// The key in base32, unpadded, without spaces. A secret.
    pub secret: &'a str,
    /// The `otpauth://` link, which holds the key.
    pub otpauth_uri: &'a str,
    /// The QR code of the link: an `<svg>` element, to be put into the page as it is.
    pub qr_svg: &'a str,
    /// What is wrong with the code's field.
    pub code_fault: Option<FieldFault>,
    /// Why the last code was refused.
    pub fault: Option<Fault>,
}

impl std::fmt::Debug for TwoFactorSetUpPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFactorSetUpPage").field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// Posts `code` to `/profile/recovery-codes`, and `password` and `code` to `/profile/two-factor/disable`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TwoFactorOnPage {
    /// Why new recovery codes were refused.
    pub renew_fault: Option<Fault>,
    /// What is wrong with the code of the form for new recovery codes.
    pub renew_code_fault: Option<FieldFault>,
    /// Why switching off was refused.
    pub disable_fault: Option<Fault>,
    /// What is wrong with the password of the form that switches off.
    pub disable_password_fault: Option<FieldFault>,
    /// What is wrong with the code of the form that switches off.
    pub disable_code_fault: Option<FieldFault>,
}

/// Recovery codes, shown once: they are stored as hashes.
#[non_exhaustive]
pub struct RecoveryCodesPage<'a> {
    /// The codes. Secrets.
    pub codes: &'a [RecoveryCode],
    /// Whether the second factor was switched on just now, rather than the codes renewed.
    pub just_enabled: bool,
}

impl std::fmt::Debug for RecoveryCodesPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryCodesPage").field("codes", &self.codes.len()).finish_non_exhaustive()
    }
}

/// Posts `current_password` and `new_password` to `/profile/password`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PasswordPage {
    /// Why the change was refused.
    pub fault: Option<Fault>,
    /// What is wrong with the field of the old password.
    pub current_fault: Option<FieldFault>,
    /// What is wrong with the new password.
    pub new_fault: Option<FieldFault>,
}

/// Posts `session`, an id or `others`, to `/profile/sessions/revoke`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SessionsPage<'a> {
    /// The live sessions, this one first.
    pub sessions: Vec<SessionLine<'a>>,
}

/// One signed-in device.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionLine<'a> {
    /// What `session` takes.
    pub id: &'a str,
    /// A name such as "Firefox on Linux"; empty where nothing is known.
    pub device: &'a str,
    /// When it was opened, Unix seconds.
    pub created_at: u64,
    /// How long ago that was. An age reads right in every time zone; a page made without JavaScript does not know the
    /// reader's.
    pub created_ago: Duration,
    /// When it was last renewed, Unix seconds.
    pub renewed_at: u64,
    /// How long ago that was.
    pub renewed_ago: Duration,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// A refusal that has no form to go back to.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailurePage<'a> {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The stable name of the kind, the last part of the problem's `type`: `cross-origin`, `body-too-large`, ….
    pub kind: &'a str,
    /// One sentence in English. A page in another language says its own by `kind`.
    pub detail: Cow<'a, str>,
    /// How long to wait before the next try, where that helps.
    pub retry_after: Option<Duration>,
    /// The page that the person was on, a checked path: where a link to the log-in leads back to. `/` where there is none.
    pub next: &'a str,
}

impl<'a> FailurePage<'a> {
    /// The page of a denial; for a site's own guarded routes too, so that every refusal has one look.
    #[must_use]
    pub fn of(denial: Denial) -> Self {
        Self {
            status: denial.status(),
            kind: denial.kind().as_str(),
            detail: denial.kind().detail().into(),
            retry_after: denial.retry_after(),
            next: "/",
        }
    }

    /// Says where a log-in leads back to. Defaults to `/`, because a denial does not know which page it is of.
    #[must_use]
    pub fn with_next(mut self, next: &'a str) -> Self {
        self.next = next;
        self
    }
}
