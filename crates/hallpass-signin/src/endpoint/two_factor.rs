//! `/profile/two-factor`: the second factor on and off.
//!
//! `GET` shows a key that is not stored anywhere: it is derived from the account and the session (see
//! [`set_up_secret`](crate::set_up_secret)), so the page may be loaded again, and loaded by a prefetch, without anything changing.
//! The key goes live only by the first right code.

use hallpass_core::{Identity, Role};
use serde_json::json;
use zeroize::Zeroizing;

use super::{exchange::Exchange, fields::Fields, recovery_codes, refused::Refused, response::EndpointResponse};
use crate::flow::{Enrolling, FactorOff, SetUp, TwoFactor};
use crate::page::{Fault, Page, TwoFactorOnPage, TwoFactorSetUpPage, qr_code};

pub(super) async fn show<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    Ok(match Subject::of(exchange).await?.factor(exchange).await? {
        TwoFactor::On if exchange.wants_json() => EndpointResponse::json(200, &json!({ "enabled": true })),
        TwoFactor::On => exchange.page(200, &Page::TwoFactorOn(TwoFactorOnPage::default())),
        TwoFactor::Off(set_up) => {
            let key = DrawnKey::of(&set_up);
            if exchange.wants_json() {
                let DrawnKey { secret, uri, svg } = &key;
                let value =
                    json!({ "enabled": false, "secret": secret.as_str(), "otpauth_uri": uri, "qr_svg": svg.as_str() });
                EndpointResponse::json(200, &value)
            } else {
                exchange.page(200, &form(&key, None))
            }
        }
    })
}

pub(super) async fn enable<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let subject = Subject::of(exchange).await?;
    let fields = exchange.fields()?;
    let enabled = async {
        let code = fields.required("code")?;
        subject.enable(exchange, code).await
    };
    match enabled.await {
        Err(refused) if refused.can_be_mended() && !exchange.wants_json() => {
            // The same key once more: it is derived, and a person who mistyped has it in the app already.
            let TwoFactor::Off(set_up) = subject.factor(exchange).await? else {
                return Err(Refused::SecondFactorOn);
            };
            let key = DrawnKey::of(&set_up);
            Ok(exchange.refuse(&refused, |refused| form(&key, Some(refused))))
        }
        answer => answer,
    }
}

/// Whose second factor it is.
enum Subject<R> {
    Member(Identity<R>),
    /// Somebody who is not signed in before they have one.
    Enrolling(Enrolling<R>),
}

impl<R: Role> Subject<R> {
    /// An enrolment comes first: whoever has one under way has just typed that account's password.
    async fn of(exchange: &Exchange<'_, R>) -> Result<Self, Refused> {
        Ok(match exchange.enrolling().await? {
            Some(enrolling) => Self::Enrolling(enrolling),
            None => Self::Member(exchange.member()?),
        })
    }

    async fn factor(&self, exchange: &Exchange<'_, R>) -> Result<TwoFactor, Refused> {
        Ok(match self {
            Self::Member(who) => exchange.sign_in.two_factor(who).await?,
            Self::Enrolling(enrolling) => TwoFactor::Off(enrolling.set_up()?),
        })
    }

    async fn enable(&self, exchange: &Exchange<'_, R>, code: &str) -> Result<EndpointResponse, Refused> {
        match self {
            Self::Member(who) => {
                let (codes, tokens) = exchange.sign_in.enable_two_factor(who, code).await?;
                exchange.with_tokens(recovery_codes::shown(exchange, &codes, true), &tokens)
            }
            Self::Enrolling(enrolling) => {
                let (codes, opened) = enrolling.accept_first_code(code, &exchange.visitor()).await?;
                exchange.with_session(recovery_codes::shown(exchange, &codes, true), &opened)
            }
        }
    }
}

pub(super) async fn disable<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let disabled = async |fields: &Fields| {
        let (password, code) = (fields.required("password")?, fields.required("code")?);
        match exchange.sign_in.disable_two_factor(&who, password, code).await? {
            FactorOff::GoesOn(tokens) => exchange.with_tokens(exchange.done("/profile"), &tokens),
            FactorOff::EnrolmentDue(token) => exchange.enrolment_due_after_session(&token),
        }
    };
    Ok(disabled(&fields).await.unwrap_or_else(|refused| {
        exchange.refuse(&refused, |refused| {
            Page::TwoFactorOn(TwoFactorOnPage {
                disable_fault: refused.fault(Fault::Confirmation),
                disable_password_fault: refused.fault_of("password"),
                disable_code_fault: refused.fault_of("code"),
                ..TwoFactorOnPage::default()
            })
        })
    }))
}

fn form<'p>(key: &'p DrawnKey<'_>, refused: Option<&Refused>) -> Page<'p> {
    Page::TwoFactorSetUp(TwoFactorSetUpPage {
        secret: &key.secret,
        otpauth_uri: key.uri,
        qr_svg: &key.svg,
        code_fault: refused.and_then(|refused| refused.fault_of("code")),
        fault: refused.and_then(|refused| refused.fault(Fault::Code)),
    })
}

/// The key in the three forms in which an app takes it. Wiped on drop.
struct DrawnKey<'a> {
    secret: Zeroizing<String>,
    uri: &'a str,
    svg: Zeroizing<String>,
}

impl<'a> DrawnKey<'a> {
    fn of(set_up: &'a SetUp) -> Self {
        Self {
            secret: Zeroizing::new(set_up.secret.to_base32().to_string()),
            uri: &set_up.otpauth_uri,
            svg: Zeroizing::new(qr_code(&set_up.otpauth_uri)),
        }
    }
}
