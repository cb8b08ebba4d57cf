//! `/login/code`: the second step, for whoever holds the pending cookie of the first.
//!
//! The pending cookie opens nothing else: it is a token of another type under another name. Without
//! one that is live, `POST` says the same words as a wrong code does, and the page leads back to
//! the start.

use hallpass_accounts::Visitor;
use hallpass_core::{Rejection, RejectionKind, Role, SafeNext};

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    login::{self, page::CodePage},
    pages::Page,
    response::{EndpointResponse, with_next},
};

pub(crate) fn show<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Rejection> {
    let next = exchange.next_of_query();
    if exchange.awaits_code() {
        Ok(exchange.page(200, &form(exchange, &next, None)))
    } else if exchange.wants_json() {
        Err(RejectionKind::InvalidCredentials.into())
    } else {
        Ok(EndpointResponse::see_other(&SafeNext::parse(Some(&with_next("/login", next.as_str())))))
    }
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let fields = exchange.fields()?;
    let next = SafeNext::parse(Some(fields.typed("next")));
    Ok(confirm(exchange, &fields, &next).await.unwrap_or_else(|rejection| {
        exchange.reject(rejection, |rejection| {
            if exchange.awaits_code() {
                form(exchange, &next, Some(rejection))
            } else {
                login::form(exchange, "", &next, Some(rejection))
            }
        })
    }))
}

async fn confirm<R: Role>(
    exchange: &Exchange<'_, R>,
    fields: &Fields,
    next: &SafeNext,
) -> Result<EndpointResponse, Rejection> {
    let code = fields.required("code")?;
    fields.optional("next")?;
    let pending = exchange.pending().ok_or(RejectionKind::InvalidCredentials)?;
    let remember = fields.optional("remember_device")?.is_some_and(|choice| choice == "on");
    let visitor = Visitor { remember, ..exchange.visitor() };
    let opened = exchange.accounts.log_in_with_code(pending, code, &visitor).await?;
    exchange.logged_in(&opened, 200, next)
}

fn form<'p, R: Role>(
    exchange: &Exchange<'_, R>,
    next: &'p SafeNext,
    rejection: Option<Rejection>,
) -> Page<'p> {
    Page::Code(CodePage {
        next: next.as_str(),
        remember_days: exchange
            .accounts
            .settings()
            .trust_devices
            .map(|time| time.as_secs() / (24 * 60 * 60)),
        code_fault: field_fault(rejection, "code"),
        fault: form_fault(rejection, Fault::Credentials),
    })
}
