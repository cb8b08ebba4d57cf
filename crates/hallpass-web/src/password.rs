//! `/account/password`: changes the password. Every other session of the account ends, and the
//! session of the request continues.

pub(crate) mod page;
pub(crate) mod reset;

use hallpass_accounts::ProofNeeds;
use hallpass_core::{Identity, Rejection, Role};

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    pages::Page,
    password::page::PasswordPage,
    response::EndpointResponse,
    session::confirm,
};

pub(crate) async fn show<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let needs = exchange.proof_needs(&exchange.member()?).await?;
    if exchange.wants_json() {
        return Ok(confirm::needed(needs));
    }
    let asks_proof = !needs.recent;
    Ok(exchange.page(
        200,
        &Page::Password(PasswordPage {
            asks_proof,
            asks_code: needs.code,
            ..PasswordPage::default()
        }),
    ))
}

pub(crate) async fn change<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    match changed(exchange, &who, &fields).await {
        Ok(response) => Ok(response),
        Err(rejection) => {
            let rejection = exchange.asks_password(rejection, CURRENT);
            let needs = exchange.needs_of_form(&who, rejection).await;
            let proved =
                needs.recent && fields.optional(CURRENT).is_ok_and(|typed| typed.is_none());
            Ok(exchange.reject(rejection, |rejection| form(needs, !proved, rejection)))
        }
    }
}

async fn changed<R: Role>(
    exchange: &Exchange<'_, R>,
    who: &Identity<R>,
    fields: &Fields,
) -> Result<EndpointResponse, Rejection> {
    let proof = exchange.proof(fields, CURRENT)?;
    let new = fields.required(NEW)?;
    let tokens = exchange
        .accounts
        .change_password(who, &proof, new)
        .await
        .map_err(|error| error.rejection(NEW))?;
    exchange.with_tokens(exchange.done("/profile"), &tokens)
}

fn form(needs: ProofNeeds, asks_proof: bool, rejection: Rejection) -> Page<'static> {
    Page::Password(PasswordPage {
        asks_proof,
        asks_code: needs.code,
        fault: form_fault(Some(rejection), Fault::Confirmation),
        current_fault: field_fault(Some(rejection), CURRENT),
        code_fault: field_fault(Some(rejection), "code"),
        new_fault: field_fault(Some(rejection), NEW),
    })
}

const CURRENT: &str = "current_password";
const NEW: &str = "new_password";
