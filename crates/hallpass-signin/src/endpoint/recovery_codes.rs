//! `/profile/recovery-codes`: a new set, the old one dead. Also how a fresh set is shown, this once.

use hallpass_core::Role;
use serde_json::json;

use super::{exchange::Exchange, fields::Fields, refused::Refused, response::EndpointResponse};
use crate::page::{Fault, Page, RecoveryCodesPage, TwoFactorOnPage};
use crate::recovery_code::RecoveryCode;

pub(super) async fn renew<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let renewed = async |fields: &Fields| {
        let codes = exchange.sign_in.renew_recovery_codes(&who, fields.required("code")?).await?;
        Ok(shown(exchange, &codes, false))
    };
    Ok(renewed(&fields).await.unwrap_or_else(|refused: Refused| {
        exchange.refuse(&refused, |refused| {
            Page::TwoFactorOn(TwoFactorOnPage {
                renew_fault: refused.fault(Fault::Code),
                renew_code_fault: refused.fault_of("code"),
                ..TwoFactorOnPage::default()
            })
        })
    }))
}

pub(super) fn shown<R: Role>(
    exchange: &Exchange<'_, R>,
    codes: &[RecoveryCode],
    just_enabled: bool,
) -> EndpointResponse {
    if exchange.wants_json() {
        let codes: Vec<&str> = codes.iter().map(RecoveryCode::as_str).collect();
        EndpointResponse::json(200, &json!({ "recovery_codes": codes }))
    } else {
        exchange.page(200, &Page::RecoveryCodes(RecoveryCodesPage { codes, just_enabled }))
    }
}
