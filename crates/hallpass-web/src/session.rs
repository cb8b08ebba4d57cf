//! The routes of a session: `/profile/sessions`, `/session/refresh` and `/logout`.
//!
//! A rejection of `/session/refresh` removes no cookie. If two tabs send the same token and one is
//! rejected, its response may arrive last and would remove the new cookies of the other tab.
//!
//! A browser removes the access cookie when it expires, so a logout may be sent with only the
//! refresh cookie. The refresh cookie also ends the session. A logout without a valid token
//! succeeds and removes all hallpass cookies, also those that no longer verify. If the session
//! cannot be ended, the cookies stay: otherwise the browser would look logged out while a copy of
//! the token is still valid.

pub(crate) mod confirm;
pub(crate) mod page;

use hallpass_accounts::Ability;
use hallpass_core::{Rejection, RejectionKind, Role};
use serde_json::{Value, json};

use crate::{
    exchange::Exchange,
    pages::Page,
    response::EndpointResponse,
    session::page::{SessionLine, SessionsPage},
};

pub(crate) async fn list<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let now = exchange.accounts.now();
    let sessions = exchange.accounts.sessions(&who).await?;
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let mut lines: Vec<SessionLine<'_>> = sessions
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
    lines.sort_by_key(|line| !line.current);
    Ok(if exchange.wants_json() {
        EndpointResponse::json(200, &lines.iter().map(as_json).collect())
    } else {
        exchange.page(200, &Page::Sessions(SessionsPage { sessions: lines }))
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
            exchange.with_tokens(exchange.done("/profile/sessions"), &tokens)
        }
        // Ending the session of this request is a logout.
        id if who.session() == Some(id) => {
            exchange.accounts.log_out(&who).await?;
            Ok(exchange.without_cookies(exchange.done("/")))
        }
        id => {
            let proof = exchange.proof(&fields, "password")?;
            exchange.accounts.end_session(&who, &proof, id).await?;
            Ok(exchange.done("/profile/sessions"))
        }
    }
}

/// Times are Unix seconds.
fn as_json(line: &SessionLine<'_>) -> Value {
    json!({
        "id": line.id,
        "device": line.device,
        "created_at": line.created_at,
        "renewed_at": line.renewed_at,
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
    if let Some(who) = exchange.request.who.identity::<R>() {
        exchange.accounts.log_out(&who).await?;
    } else if let Some(token) =
        exchange.refresh_cookie().filter(|_| exchange.accounts.has(Ability::RefreshTokenStore))
    {
        exchange.accounts.log_out_by_refresh(token).await?;
    }
    Ok(exchange.without_cookies(exchange.done("/")))
}
