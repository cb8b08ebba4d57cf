//! The profile: what the blog knows about whoever asks.

use axum::extract::State;
use axum::response::Response;
use blog::{BlogRole, Profile, Site};
use hallpass::{AccountId, Accounts, Clock, Identity, Role, Sessions, SystemClock};
use serde_json::json;

use crate::failure::Failure;
use crate::visit::Visit;

/// Name, roles, second factor and sessions. The token knows the first two; the rest is read, since this page is about it.
pub(crate) async fn profile(
    visit: Visit,
    me: Identity<BlogRole>,
    State(site): State<Site>,
) -> Result<Response, Failure> {
    let id = AccountId::new(me.user_id());
    let account = site.store.by_id(&id).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    let sessions = site.store.list(&id, SystemClock.now()).await.map_err(Failure::store)?;
    let roles: Vec<_> = me.roles().iter().map(Role::name).collect();
    let second_factor = account.second_factor().is_some();
    let profile = Profile { username: me.username(), roles: &roles, second_factor, sessions: sessions.len() };
    Ok(visit.answer(&profile, || {
        let sessions = sessions.iter().map(|session| {
            json!({
                "id": session.id.to_string(),
                "device": session.device,
                "created_at": session.created.as_secs(),
                "renewed_at": session.renewed.as_secs(),
                "current": me.session() == Some(session.id.to_string().as_str()),
            })
        });
        json!({
            "id": id.as_str(),
            "username": me.username(),
            "roles": roles,
            "second_factor": second_factor,
            "sessions": sessions.collect::<Vec<_>>(),
        })
    }))
}
