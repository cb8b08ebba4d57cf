//! `/login`: user name and password, and optionally the code.
//!
//! A person who is already logged in also gets the form and is not redirected to `next`. A page
//! that requires a recent login links here, and a redirect to `next` would end in a loop. The form
//! has a link to `next`.

pub(crate) mod code;
pub(crate) mod page;

use hallpass_accounts::{Ability, ChallengedAction, LoginStep, UsernameError, Visitor};
use hallpass_core::{FieldFault, Rejection, Role, SafeNext};
use serde_json::json;

use crate::{
    duplicate_cookies,
    exchange::Exchange,
    fields::{Fault, Fields, field_fault, form_fault},
    login::page::LoginPage,
    pages::Page,
    response::EndpointResponse,
};

pub(crate) fn show<R: Role>(exchange: &Exchange<'_, R>) -> EndpointResponse {
    let next = exchange.next_of_query();
    let mut page = form(exchange, "", &next, None);
    if let Page::Login(page) = &mut page {
        page.notice = exchange.notice();
    }
    let response = exchange.without_notice(exchange.page(200, &page));
    duplicate_cookies::remove(response, exchange.request, &exchange.accounts.settings().cookies)
}

pub(crate) async fn submit<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let fields = exchange.fields()?;
    let next = exchange.next_of(&fields);
    Ok(log_in(exchange, &fields, &next).await.unwrap_or_else(|rejection| {
        exchange.reject(rejection, |rejection| {
            form(exchange, fields.typed("username"), &next, Some(rejection))
        })
    }))
}

async fn log_in<R: Role>(
    exchange: &Exchange<'_, R>,
    fields: &Fields,
    next: &SafeNext,
) -> Result<EndpointResponse, Rejection> {
    let (username, password) = (fields.required("username")?, fields.required("password")?);
    let code = fields.optional("code")?.filter(|code| !code.is_empty());
    fields.optional("next")?;
    let remember = fields.optional("remember_device")?.is_some_and(|choice| choice == "on");
    let challenge = fields.optional("challenge")?;
    let visitor = Visitor { remember, challenge, ..exchange.visitor() };
    match exchange.accounts.log_in(username, password, code, &visitor).await? {
        LoginStep::LoggedIn(opened) => exchange.logged_in(&opened, 200, next).await,
        LoginStep::MfaRequired(pending) => {
            let response = if exchange.wants_json() {
                EndpointResponse::json(200, &json!({ "status": "second_factor_required" }))
            } else {
                EndpointResponse::see_other(&exchange.place_with_next("/login/code", next))
            };
            exchange.with_token(response, &pending)
        }
        LoginStep::EnrolmentRequired(token) => exchange.enrolment_required(200, &token),
    }
}

/// Returns the login page. A code page also leads to it when its five minutes are over.
pub(crate) fn form<'p, R: Role>(
    exchange: &Exchange<'_, R>,
    username: &'p str,
    next: &'p SafeNext,
    rejection: Option<Rejection>,
) -> Page<'p> {
    let usernames = exchange.accounts.settings().usernames;
    // The kind of name depends on no account. Without the hint, a person who types an e-mail
    // address could not know what is wrong.
    let of_kind = || match usernames.parse(username) {
        Err(error @ (UsernameError::EmailNotAllowed | UsernameError::NotEmail)) => {
            Some(FieldFault::from(error))
        }
        _ => None,
    };
    let fault = form_fault(rejection, Fault::Credentials);
    Page::Login(LoginPage {
        next: next.as_str(),
        username,
        usernames,
        username_fault: field_fault(rejection, "username")
            .or_else(|| fault.and_then(|_| of_kind())),
        password_fault: field_fault(rejection, "password"),
        fault,
        notice: None,
        duplicate_cookies: duplicate_cookies::are_in(
            exchange.request,
            &exchange.accounts.settings().cookies,
        ),
        challenge: exchange.accounts.challenge_widget(ChallengedAction::Login),
        registration: exchange.accounts.has(Ability::RegistrationStore),
    })
}
