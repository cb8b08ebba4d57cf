//! The routes of a session: `/account/sessions`, `/session/refresh` and `/logout`.
//!
//! A rejection of `/session/refresh` removes no cookie. If two tabs send the same token and one is
//! rejected, its response may arrive last and would remove the new cookies of the other tab.
//!
//! A browser removes the access cookie when it expires, so a logout may be sent with only the
//! refresh cookie. The refresh cookie also ends the session. A logout without a valid token
//! succeeds and removes all hallpass cookies, also those that no longer verify. If a cookie name is
//! sent twice, it is not known which one is the person's, so the logout ends the session of each.
//! If a session cannot be ended, the cookies stay: otherwise the browser would look logged out
//! while a copy of the token is still valid.

pub(crate) mod confirm;
pub(crate) mod page;

use hallpass_accounts::SessionPage;
use hallpass_core::{Rejection, RejectionKind, Role};
use serde_json::{Value, json};

use crate::{
    exchange::Exchange,
    fields::Fields,
    pages::Page,
    response::EndpointResponse,
    session::page::{SessionLine, SessionsPage},
};

pub(crate) async fn list<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let now = exchange.accounts.now();
    let query = Fields::of_form(exchange.request.query.as_deref().unwrap_or_default().as_bytes());
    let after = query.optional("after")?;
    let SessionPage { sessions, next, .. } = exchange.accounts.session_page(&who, after).await?;
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let lines: Vec<SessionLine<'_>> = sessions
        .iter()
        .zip(&ids)
        .map(|(session, id)| SessionLine {
            id,
            device: &session.device,
            created_at: session.created.as_secs(),
            created_ago: now.since(session.created),
            renewed_at: session.refreshed.as_secs(),
            renewed_ago: now.since(session.refreshed),
            current: who.session() == Some(id),
        })
        .collect();
    Ok(if exchange.wants_json() {
        let sessions: Vec<Value> = lines.iter().map(as_json).collect();
        EndpointResponse::json(200, &json!({ "sessions": sessions, "next": next }))
    } else {
        let next = next.as_deref();
        exchange.page(200, &Page::Sessions(SessionsPage { sessions: lines, next }))
    })
}

pub(crate) async fn revoke<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    match fields.required("session")? {
        "others" => {
            let proof = exchange.proof(&fields, "password")?;
            let tokens = exchange.accounts.end_other_sessions(&who, &proof).await?;
            exchange.with_tokens(exchange.done("/account/sessions"), &tokens)
        }
        // Ending the session of this request is a logout.
        id if who.session() == Some(id) => {
            exchange.accounts.log_out(&who).await?;
            Ok(exchange.without_cookies(exchange.done("/")))
        }
        id => {
            let proof = exchange.proof(&fields, "password")?;
            exchange.accounts.end_session(&who, &proof, id).await?;
            Ok(exchange.done("/account/sessions"))
        }
    }
}

/// Times are Unix seconds.
fn as_json(line: &SessionLine<'_>) -> Value {
    json!({
        "id": line.id,
        "created": line.created_at,
        "last_active": line.renewed_at,
        "browser": line.device,
        "current": line.current,
    })
}

pub(crate) async fn refresh<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    exchange.body()?;
    let token = exchange.refresh_cookie().ok_or(RejectionKind::NotLoggedIn)?;
    let tokens = exchange.accounts.refresh(token).await?;
    exchange.with_tokens(EndpointResponse::empty(204), &tokens)
}

pub(crate) async fn log_out<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    exchange.body()?;
    exchange.end_presented(exchange.accounts).await?;
    Ok(exchange.without_cookies(exchange.done("/")))
}
