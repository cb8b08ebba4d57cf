//! `/profile/sessions`: where the account is signed in, and the way to end that.

use hallpass_core::Role;
use serde_json::{Value, json};

use super::{exchange::Exchange, refused::Refused, response::EndpointResponse};
use crate::page::{Page, SessionLine, SessionsPage};

pub(super) async fn list<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let now = exchange.sign_in.now();
    let sessions = exchange.sign_in.sessions(&who).await?;
    let ids: Vec<String> = sessions.iter().map(|session| session.id.to_string()).collect();
    let mut lines: Vec<SessionLine<'_>> = sessions
        .iter()
        .zip(&ids)
        .map(|(session, id)| SessionLine {
            id,
            device: &session.device,
            created_at: session.created.as_secs(),
            created_ago: now.since(session.created),
            renewed_at: session.renewed.as_secs(),
            renewed_ago: now.since(session.renewed),
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

pub(super) async fn revoke<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    let who = exchange.member()?;
    let fields = exchange.fields()?;
    match fields.required("session")? {
        "others" => {
            let tokens = exchange.sign_in.end_other_sessions(&who).await?;
            exchange.with_tokens(exchange.done("/profile/sessions"), &tokens)
        }
        // Ending the session that asks is a log-out.
        id if who.session() == Some(id) => {
            exchange.sign_in.log_out(&who).await?;
            Ok(exchange.without_cookies(exchange.done("/")))
        }
        id => {
            exchange.sign_in.end_session(&who, id).await?;
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
