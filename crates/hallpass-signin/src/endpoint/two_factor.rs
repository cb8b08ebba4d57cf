//! `/profile/two-factor`: the second factor on and off.
//!
//! `GET` shows a key that is not stored anywhere: it is derived from the account and the session (see
//! [`set_up_secret`](crate::set_up_secret)), so the page may be loaded again, and loaded by a prefetch, without anything changing.
//! The key goes live only by the first right code.

use hallpass_core::Role;
use serde_json::json;
use zeroize::Zeroizing;

use super::{exchange::Exchange, fields::Fields, recovery_codes, refused::Refused, response::EndpointResponse};
use crate::flow::{SetUp, TwoFactor};
use crate::page::{Fault, Page, TwoFactorOnPage, TwoFactorSetUpPage, qr_code};

pub(super) async fn show<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    Ok(match exchange.sign_in.two_factor(&who).await? {
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
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let enabled = async {
        let code = fields.required("code")?;
        let (codes, tokens) = exchange.sign_in.enable_two_factor(&who, code).await?;
        exchange.with_tokens(recovery_codes::shown(exchange, &codes, true), &tokens)
    };
    match enabled.await {
        Err(refused) if refused.can_be_mended() && !exchange.wants_json() => {
            // The same key once more: it is derived, and a person who mistyped has it in the app already.
            let TwoFactor::Off(set_up) = exchange.sign_in.two_factor(&who).await? else {
                return Err(Refused::SecondFactorOn);
            };
            let key = DrawnKey::of(&set_up);
            Ok(exchange.refuse(&refused, |refused| form(&key, Some(refused))))
        }
        answer => answer,
    }
}

pub(super) async fn disable<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let disabled = async |fields: &Fields| {
        let (password, code) = (fields.required("password")?, fields.required("code")?);
        let tokens = exchange.sign_in.disable_two_factor(&who, password, code).await?;
        exchange.with_tokens(exchange.done("/profile"), &tokens)
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
