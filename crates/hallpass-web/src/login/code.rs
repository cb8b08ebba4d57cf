//! `/login/code`: the second step of a login. It requires the pending cookie of the first step.
//!
//! No other route accepts the pending cookie of a login, because its token has a type and a name of
//! its own. Without a valid pending cookie, `POST` is rejected with the same text as a wrong code
//! and shows the login form, and `GET` redirects to `/login`.

use hallpass_accounts::Visitor;
use hallpass_core::{Rejection, RejectionKind, Role, SafeNext};

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    login::{self, page::CodePage},
    pages::Page,
    response::EndpointResponse,
};

pub(crate) fn show<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Rejection> {
    let next = exchange.next_of_query();
    if exchange.awaits_code() {
        Ok(exchange.page(200, &form(exchange, &next, None)))
    } else if exchange.wants_json() {
        Err(RejectionKind::InvalidCredentials.into())
    } else {
        Ok(EndpointResponse::see_other(&exchange.place_with_next("/login", &next)))
    }
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let fields = exchange.fields()?;
    let next = exchange.next_of(&fields);
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
    exchange.logged_in(&opened, 200, next).await
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
