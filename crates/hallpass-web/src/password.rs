//! `/profile/password`: a new password; every other session of the account ends, this one goes on.

pub(crate) mod page;

use hallpass_core::Role;

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields},
    pages::Page,
    password::page::PasswordPage,
    refused::Refused,
    response::EndpointResponse,
};

pub(crate) async fn change<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    let changed = async |fields: &Fields| {
        let (current, new) = (fields.required(CURRENT)?, fields.required(NEW)?);
        let tokens = exchange
            .accounts
            .change_password(&who, current, new)
            .await
            .map_err(|error| Refused::of_form(error, NEW))?;
        exchange.with_tokens(exchange.done("/profile"), &tokens)
    };
    Ok(changed(&fields).await.unwrap_or_else(|refused| {
        exchange.refuse(&refused, |refused| {
            Page::Password(PasswordPage {
                fault: refused.fault(Fault::Confirmation),
                current_fault: refused.fault_of(CURRENT),
                new_fault: refused.fault_of(NEW),
            })
        })
    }))
}

const CURRENT: &str = "current_password";
const NEW: &str = "new_password";
