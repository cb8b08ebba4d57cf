//! `/session/confirm`: the person of a session proves again who they are. The same session
//! continues, with a new access token. A page that requires a recent login leads here.
//!
//! No other cookie is set. The refresh token of the session stays, so a copied access cookie is not
//! turned into a longer session (`tests/endpoint/confirm.rs`).

pub(crate) mod page;

use hallpass_accounts::ProofNeeds;
use hallpass_core::{Identity, Rejection, RejectionKind, Role, SafeNext};
use serde_json::json;

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    pages::Page,
    response::EndpointResponse,
    session::confirm::page::ConfirmPage,
};

pub(crate) async fn show<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let needs = exchange.proof_needs(&of_session(exchange)?).await?;
    if exchange.wants_json() {
        return Ok(needed(needs));
    }
    let next = exchange.next_of_query();
    Ok(exchange.page(200, &form(needs, &next, None)))
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = of_session(exchange)?;
    let fields = exchange.fields()?;
    let next = exchange.next_of(&fields);
    match confirm(exchange, &who, &fields, &next).await {
        Ok(response) => Ok(response),
        Err(rejection) => {
            let needs = exchange.needs_of_form(&who, rejection).await;
            Ok(exchange.reject(rejection, |rejection| form(needs, &next, Some(rejection))))
        }
    }
}

async fn confirm<R: Role>(
    exchange: &Exchange<'_, R>,
    who: &Identity<R>,
    fields: &Fields,
    next: &SafeNext,
) -> Result<EndpointResponse, Rejection> {
    fields.required("password")?;
    fields.optional("next")?;
    let proof = exchange.proof(fields, "password")?;
    let confirmed = exchange.accounts.confirm(who, &proof).await?;
    let response = if exchange.wants_json() {
        exchange.signed_in(200, &confirmed.user, confirmed.access.expires_at())
    } else {
        EndpointResponse::see_other(next)
    };
    exchange.with_token(response, &confirmed.access)
}

/// Returns the caller. A token without a session, of another issuer, cannot be confirmed.
fn of_session<R: Role>(exchange: &Exchange<'_, R>) -> Result<Identity<R>, Rejection> {
    let who = exchange.member()?;
    who.session().ok_or(RejectionKind::NotLoggedIn)?;
    Ok(who)
}

/// Returns what a proof must contain, as JSON.
pub(crate) fn needed(needs: ProofNeeds) -> EndpointResponse {
    EndpointResponse::json(200, &json!({ "password": true, "code": needs.code }))
}

fn form(needs: ProofNeeds, next: &SafeNext, rejection: Option<Rejection>) -> Page<'_> {
    Page::Confirm(ConfirmPage {
        next: next.as_str(),
        asks_code: needs.code,
        password_fault: field_fault(rejection, "password"),
        code_fault: field_fault(rejection, "code"),
        fault: form_fault(rejection, Fault::Confirmation),
    })
}
