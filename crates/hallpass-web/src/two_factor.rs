//! `/account/two-factor` turns the second factor on and off. `/account/recovery-codes` replaces the
//! recovery codes, and the old codes are no longer accepted.
//!
//! `GET` shows a key that is not stored: the engine derives it from the account and the session. So
//! a reload or a prefetch of the page changes nothing. The key takes effect with the first correct
//! code.

pub(crate) mod page;
pub(crate) mod qr_code;

use hallpass_accounts::{Enrolling, FactorOff, Proof, RecoveryCode, SetUp, TwoFactor};
use hallpass_core::{Identity, Rejection, RejectionKind, Role};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault, shows_form},
    pages::Page,
    response::EndpointResponse,
    two_factor::{
        page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage},
        qr_code::qr_code,
    },
};

pub(crate) async fn show<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let subject = Subject::of(exchange).await?;
    Ok(match subject.factor(exchange).await? {
        TwoFactor::On if exchange.wants_json() => {
            EndpointResponse::json(200, &json!({ "enabled": true }))
        }
        TwoFactor::On => {
            let renew_asks = subject.asks_password(exchange).await?;
            let page = TwoFactorOnPage { renew_asks, ..TwoFactorOnPage::default() };
            exchange.page(200, &Page::TwoFactorOn(page))
        }
        TwoFactor::Off(set_up) => {
            let key = DrawnKey::of(&set_up);
            if exchange.wants_json() {
                let DrawnKey { secret, uri, svg } = &key;
                let value = KeyJson { enabled: false, secret, otpauth_uri: uri, qr_svg: svg };
                EndpointResponse::secret_json(200, &value)
            } else {
                let asks_password = subject.asks_password(exchange).await?;
                exchange.page(200, &form(&key, asks_password, None))
            }
        }
    })
}

pub(crate) async fn enable<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let subject = Subject::of(exchange).await?;
    let fields = exchange.fields()?;
    let enabled = subject.enable(exchange, &fields).await;
    let enabled = enabled.map_err(|rejection| exchange.asks_password(rejection, "password"));
    match enabled {
        Err(rejection) if shows_form(rejection) && !exchange.wants_json() => {
            // Shows the same key again: the key is derived, and a person who mistyped the code
            // already has the key in the app.
            let TwoFactor::Off(set_up) = subject.factor(exchange).await? else {
                return Err(RejectionKind::SecondFactorOn.into());
            };
            let key = DrawnKey::of(&set_up);
            let asks = fields.optional("password").is_ok_and(|typed| typed.is_some())
                || field_fault(Some(rejection), "password").is_some()
                || subject.asks_password(exchange).await?;
            Ok(exchange.reject(rejection, |rejection| form(&key, asks, Some(rejection))))
        }
        answer => answer,
    }
}

/// The person whose second factor it is.
enum Subject<R> {
    Member(Identity<R>),
    /// A person who must set up a second factor before the login is complete.
    Enrolling(Box<Enrolling<R>>),
}

impl<R: Role> Subject<R> {
    /// An enrolment takes precedence over a login: the person has just entered the password of the
    /// account of the enrolment.
    async fn of(exchange: &Exchange<'_, R>) -> Result<Self, Rejection> {
        Ok(match exchange.enrolling().await? {
            Some(enrolling) => Self::Enrolling(Box::new(enrolling)),
            None => Self::Member(exchange.member()?),
        })
    }

    async fn factor(&self, exchange: &Exchange<'_, R>) -> Result<TwoFactor, Rejection> {
        Ok(match self {
            Self::Member(who) => exchange.accounts.two_factor(who).await?,
            Self::Enrolling(enrolling) => TwoFactor::Off(enrolling.set_up()?),
        })
    }

    /// Returns whether a change needs the password. An enrolment begins with the password, so it
    /// does not.
    async fn asks_password(&self, exchange: &Exchange<'_, R>) -> Result<bool, Rejection> {
        Ok(match self {
            Self::Member(who) => !exchange.proof_needs(who).await?.recent,
            Self::Enrolling(_) => false,
        })
    }

    async fn enable(
        &self,
        exchange: &Exchange<'_, R>,
        fields: &Fields,
    ) -> Result<EndpointResponse, Rejection> {
        let code = fields.required("code")?;
        match self {
            Self::Member(who) => {
                let proof = Proof::of_refresh(exchange.refresh_cookie())
                    .with_password(fields.optional("password")?);
                let (codes, tokens) =
                    exchange.accounts.enable_two_factor(who, &proof, code).await?;
                exchange.with_tokens(shown(exchange, &codes, true), &tokens)
            }
            Self::Enrolling(enrolling) => {
                let (codes, opened) =
                    enrolling.accept_first_code(code, &exchange.visitor()).await?;
                exchange.with_session(shown(exchange, &codes, true), &opened).await
            }
        }
    }
}

pub(crate) async fn disable<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let disabled = async |fields: &Fields| {
        fields.required("password")?;
        fields.required("code")?;
        let proof = exchange.proof(fields, "password")?;
        match exchange.accounts.disable_two_factor(&who, &proof).await? {
            FactorOff::GoesOn(tokens) => exchange.with_tokens(exchange.done("/profile"), &tokens),
            FactorOff::EnrolmentRequired(token) => exchange.enrolment_due_after_session(&token),
        }
    };
    Ok(disabled(&fields).await.unwrap_or_else(|rejection| {
        exchange.reject(rejection, |rejection| {
            Page::TwoFactorOn(TwoFactorOnPage {
                disable_fault: form_fault(Some(rejection), Fault::Confirmation),
                disable_password_fault: field_fault(Some(rejection), "password"),
                disable_code_fault: field_fault(Some(rejection), "code"),
                renew_asks: true,
                ..TwoFactorOnPage::default()
            })
        })
    }))
}

fn form<'p>(key: &'p DrawnKey<'_>, asks_password: bool, rejection: Option<Rejection>) -> Page<'p> {
    let fault = if asks_password { Fault::Confirmation } else { Fault::Code };
    Page::TwoFactorSetUp(TwoFactorSetUpPage {
        secret: &key.secret,
        otpauth_uri: key.uri,
        qr_svg: &key.svg,
        asks_password,
        password_fault: field_fault(rejection, "password"),
        code_fault: field_fault(rejection, "code"),
        fault: form_fault(rejection, fault),
    })
}

/// The key as JSON. Not a `serde_json::Value`, which would keep copies of the texts.
#[derive(Serialize)]
struct KeyJson<'a> {
    enabled: bool,
    secret: &'a str,
    otpauth_uri: &'a str,
    qr_svg: &'a str,
}

/// Recovery codes as JSON.
#[derive(Serialize)]
struct CodesJson<'a> {
    recovery_codes: Vec<&'a str>,
}

/// The key in the three forms that authenticator apps accept. The base32 text and the QR code are
/// zeroized on drop.
struct DrawnKey<'a> {
    secret: Zeroizing<String>,
    uri: &'a str,
    svg: Zeroizing<String>,
}

impl<'a> DrawnKey<'a> {
    fn of(set_up: &'a SetUp) -> Self {
        Self {
            secret: Zeroizing::new(set_up.secret.to_base32()),
            uri: &set_up.otpauth_uri,
            svg: Zeroizing::new(qr_code(&set_up.otpauth_uri)),
        }
    }
}

pub(crate) async fn renew_codes<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let refreshed = async |fields: &Fields| {
        let proof = exchange.proof(fields, "password")?;
        let codes = exchange.accounts.replace_recovery_codes(&who, &proof).await?;
        Ok(shown(exchange, &codes, false))
    };
    Ok(refreshed(&fields).await.unwrap_or_else(|rejection: Rejection| {
        let rejection = exchange.asks_password(rejection, "password");
        exchange.reject(rejection, |rejection| {
            Page::TwoFactorOn(TwoFactorOnPage {
                renew_asks: true,
                renew_password_fault: field_fault(Some(rejection), "password"),
                renew_fault: form_fault(Some(rejection), Fault::Confirmation),
                renew_code_fault: field_fault(Some(rejection), "code"),
                ..TwoFactorOnPage::default()
            })
        })
    }))
}

/// Returns the response that shows new recovery codes. They are shown only once.
fn shown<R: Role>(
    exchange: &Exchange<'_, R>,
    codes: &[RecoveryCode],
    just_enabled: bool,
) -> EndpointResponse {
    if exchange.wants_json() {
        let codes: Vec<&str> = codes.iter().map(RecoveryCode::as_str).collect();
        EndpointResponse::secret_json(200, &CodesJson { recovery_codes: codes })
    } else {
        exchange.page(200, &Page::RecoveryCodes(RecoveryCodesPage { codes, just_enabled }))
    }
}
