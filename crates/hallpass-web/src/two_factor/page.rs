//! What is on the pages of the second factor.

use hallpass_accounts::RecoveryCode;

use hallpass_core::FieldFault;

use crate::fields::Fault;

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
    /// Why the last code was rejected.
    pub fault: Option<Fault>,
}

impl std::fmt::Debug for TwoFactorSetUpPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFactorSetUpPage").field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// Posts `code` to `/profile/recovery-codes`, and `password` and `code` to
/// `/profile/two-factor/disable`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TwoFactorOnPage {
    /// Why new recovery codes were refused.
    pub renew_fault: Option<Fault>,
    /// What is wrong with the code of the form for new recovery codes.
    pub renew_code_fault: Option<FieldFault>,
    /// Why switching off was rejected.
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
        f.debug_struct("RecoveryCodesPage")
            .field("codes", &self.codes.len())
            .finish_non_exhaustive()
    }
}

/// How that looks by default.
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
    }

    impl TwoFactorSetUpTemplate<'_> {
        /// The key in groups of four, which is how people read a long key aloud.
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
    }

    #[derive(Template)]
    #[template(path = "two_factor/recovery_codes.html")]
    pub(crate) struct RecoveryCodesTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a RecoveryCodesPage<'a>,
    }
}
