//! `/register`: creates an account and logs it in.

pub(crate) mod page;

use hallpass_accounts::{ChallengedAction, LoginStep, Visitor};
use hallpass_core::{Rejection, RejectionKind, Role};

use crate::{
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    pages::Page,
    register::page::RegisterPage,
    response::EndpointResponse,
};

pub(crate) fn show<R: Role>(exchange: &Exchange<'_, R>) -> EndpointResponse {
    let next = exchange.next_of_query();
    exchange.page(200, &form(exchange, "", next.as_str(), None))
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let fields = exchange.fields()?;
    Ok(register(exchange, &fields).await.unwrap_or_else(|rejection| {
        let home = exchange.place("/");
        exchange.reject(rejection, |rejection| {
            form(exchange, fields.typed("username"), home.as_str(), Some(rejection))
        })
    }))
}

async fn register<R: Role>(
    exchange: &Exchange<'_, R>,
    fields: &Fields,
) -> Result<EndpointResponse, Rejection> {
    let (username, password) = (fields.required("username")?, fields.required("password")?);
    let challenge = fields.optional("challenge")?;
    let visitor = Visitor { challenge, ..exchange.visitor() };
    match exchange.accounts.register(username, password, &visitor).await? {
        LoginStep::LoggedIn(opened) => {
            exchange.logged_in(&opened, 201, &exchange.place("/profile")).await
        }
        LoginStep::EnrolmentRequired(token) => exchange.enrolment_required(201, &token),
        // A new account has no second factor, so no code can be required.
        LoginStep::MfaRequired(_) => Err(RejectionKind::Internal.into()),
    }
}

fn form<'p, R: Role>(
    exchange: &Exchange<'_, R>,
    username: &'p str,
    next: &'p str,
    rejection: Option<Rejection>,
) -> Page<'p> {
    Page::Register(RegisterPage {
        username,
        usernames: exchange.accounts.settings().usernames,
        username_fault: field_fault(rejection, "username"),
        password_fault: field_fault(rejection, "password"),
        fault: form_fault(rejection, Fault::Credentials),
        challenge: exchange.accounts.challenge_widget(ChallengedAction::Registration),
        next,
    })
}
