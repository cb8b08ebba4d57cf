//! The data of the two-factor pages.

use hallpass_accounts::RecoveryCode;

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The page that sets a second factor up. Its form posts `code`, and `password` if
/// [`asks_password`](Self::asks_password) is set, to `/account/two-factor`.
#[non_exhaustive]
pub struct TwoFactorSetUpPage<'a> {
    /// The key in base32, without padding and spaces. The key is secret.
    pub secret: &'a str,
    /// The `otpauth://` link, which contains the key.
    pub otpauth_uri: &'a str,
    /// The QR code of the link, as an `<svg>` element. Insert it without escaping. It is empty if
    /// the link is too long for a QR code.
    pub qr_svg: &'a str,
    /// Whether the form has a password field: the session was not confirmed recently.
    pub asks_password: bool,
    /// The fault of the password field.
    pub password_fault: Option<FieldFault>,
    /// The fault of the code field.
    pub code_fault: Option<FieldFault>,
    /// The reason why the last code was rejected.
    pub fault: Option<Fault>,
}

impl std::fmt::Debug for TwoFactorSetUpPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFactorSetUpPage").field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// The page of a second factor that is on. One form posts `password` and `code`, or nothing unless
/// [`renew_asks`](Self::renew_asks) is set, to `/account/recovery-codes`. The other form posts
/// `password` and `code` to `/account/two-factor/disable`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TwoFactorOnPage {
    /// The reason why the request for new recovery codes was rejected.
    pub renew_fault: Option<Fault>,
    /// Whether the form for new recovery codes has the fields `password` and `code`: the session
    /// was not confirmed recently.
    pub renew_asks: bool,
    /// The fault of the password in the form for new recovery codes.
    pub renew_password_fault: Option<FieldFault>,
    /// The fault of the code in the form for new recovery codes.
    pub renew_code_fault: Option<FieldFault>,
    /// The reason why turning the second factor off was rejected.
    pub disable_fault: Option<Fault>,
    /// The fault of the password in the form that turns the second factor off.
    pub disable_password_fault: Option<FieldFault>,
    /// The fault of the code in the form that turns the second factor off.
    pub disable_code_fault: Option<FieldFault>,
}

/// The page of new recovery codes. They are shown only once, because only their hashes are stored.
#[non_exhaustive]
pub struct RecoveryCodesPage<'a> {
    /// The ten codes, which are secret.
    pub codes: &'a [RecoveryCode],
    /// Whether the second factor was just turned on. `false` if only the codes were replaced.
    pub just_enabled: bool,
}

impl std::fmt::Debug for RecoveryCodesPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryCodesPage")
            .field("codes", &self.codes.len())
            .finish_non_exhaustive()
    }
}

/// The default templates.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{
        texts::Texts,
        two_factor::page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage},
    };

    #[derive(Template)]
    #[template(path = "two_factor/set_up.html")]
    pub(crate) struct TwoFactorSetUpTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a TwoFactorSetUpPage<'a>,
        pub(crate) prefix: &'a str,
    }

    impl TwoFactorSetUpTemplate<'_> {
        /// Returns the key in groups of four characters, which are easier to read and type.
        fn key_groups(&self) -> impl Iterator<Item = &str> {
            let mut rest = self.page.secret;
            std::iter::from_fn(move || {
                let (group, after) = rest.split_at_checked(4).unwrap_or((rest, ""));
                rest = after;
                (!group.is_empty()).then_some(group)
            })
        }
    }

    #[derive(Template)]
    #[template(path = "two_factor/on.html")]
    pub(crate) struct TwoFactorOnTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a TwoFactorOnPage,
        pub(crate) prefix: &'a str,
    }

    #[derive(Template)]
    #[template(path = "two_factor/recovery_codes.html")]
    pub(crate) struct RecoveryCodesTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a RecoveryCodesPage<'a>,
        pub(crate) prefix: &'a str,
    }
}
