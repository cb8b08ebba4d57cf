//! `/profile/password`: changes the password. Every other session of the account ends, and the
//! session of the request continues.

pub(crate) mod page;

use hallpass_core::{Rejection, Role};

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    pages::Page,
    password::page::PasswordPage,
    response::EndpointResponse,
};

pub(crate) async fn change<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let changed = async |fields: &Fields| {
        let (current, new) = (fields.required(CURRENT)?, fields.required(NEW)?);
        let tokens = exchange
            .accounts
            .change_password(&who, current, new)
            .await
            .map_err(|error| error.rejection(NEW))?;
        exchange.with_tokens(exchange.done("/profile"), &tokens)
    };
    Ok(changed(&fields).await.unwrap_or_else(|rejection| {
        exchange.reject(rejection, |rejection| {
            Page::Password(PasswordPage {
                fault: form_fault(Some(rejection), Fault::Confirmation),
                current_fault: field_fault(Some(rejection), CURRENT),
                new_fault: field_fault(Some(rejection), NEW),
            })
        })
    }))
}

const CURRENT: &str = "current_password";
const NEW: &str = "new_password";
