//! `/login/reset`: sets a new password with the one-time link of an operator, and with a code if a
//! second factor is on.
//!
//! `GET` changes nothing, because mail scanners and browsers open links. The token is a field of
//! the form after that, so the address of the next request does not contain it. Every response of
//! this path has `Referrer-Policy: no-referrer`: the address contains the token, and the site's own
//! log of the style sheet must not. A browser then sends `Origin: null` with the form, and the
//! origin check accepts it by `Sec-Fetch-Site`.

pub(crate) mod page;

use hallpass_accounts::{NewPassword, PasswordReset, ResetNeeds};
use hallpass_core::{Rejection, Role};
use serde_json::json;

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault, shows_form},
    pages::{Page, notice::Notice},
    password::reset::page::ResetPage,
    response::EndpointResponse,
};

pub(crate) async fn show<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let query = exchange.query();
    let token = query.typed("token");
    let needs = exchange.accounts.reset_needs(token.as_bytes()).await?;
    if exchange.wants_json() {
        return Ok(EndpointResponse::json(200, &json!({ "code": needs.code })));
    }
    Ok(exchange.page(200, &form(token, needs, None)))
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let fields = exchange.fields()?;
    let token = fields.required("token")?;
    match reset(exchange, &fields, token).await {
        Ok(response) => Ok(response),
        Err(rejection) => {
            let needs = match shows_form(rejection) && !exchange.wants_json() {
                // If the link is over meanwhile, the response is its rejection and not the form.
                true => exchange.accounts.reset_needs(token.as_bytes()).await?,
                false => ResetNeeds::default(),
            };
            Ok(exchange.reject(rejection, |rejection| form(token, needs, Some(rejection))))
        }
    }
}

async fn reset<R: Role>(
    exchange: &Exchange<'_, R>,
    fields: &Fields,
    token: &str,
) -> Result<EndpointResponse, Rejection> {
    let password = fields.required(NEW)?;
    let code = fields.optional("code")?.filter(|code| !code.is_empty());
    let new = NewPassword::new(token.as_bytes(), password).with_code(code);
    let reset = exchange.accounts.set_password_by_link(&new, &exchange.visitor()).await;
    match reset.map_err(|error| error.rejection(NEW))? {
        PasswordReset::LoggedIn(opened) => {
            exchange.logged_in(&opened, 200, &exchange.place("/")).await
        }
        // A later outcome of the engine logs nobody in here.
        _ => Ok(exchange.with_notice(exchange.done("/login"), Notice::PasswordReset)),
    }
}

fn form(token: &str, needs: ResetNeeds, rejection: Option<Rejection>) -> Page<'_> {
    Page::Reset(ResetPage {
        token,
        asks_code: needs.code,
        fault: form_fault(rejection, Fault::Code),
        code_fault: field_fault(rejection, "code"),
        new_fault: field_fault(rejection, NEW),
    })
}

const NEW: &str = "new_password";
