//! The profile: what the blog knows about whoever asks.

use axum::extract::State;
use axum::response::Response;
use blog::{BlogRole, Failure, Profile, Site};
use hallpass::{AccountId, Accounts, Clock, Identity, Role, Sessions, SystemClock};

use crate::failure::Failed;
use crate::visit::Visit;

/// Name, roles, second factor and sessions. The token knows the first two; the rest is read, since this page is about it.
pub(crate) async fn profile(
    visit: Visit,
    me: Identity<BlogRole>,
    State(site): State<Site>,
) -> Result<Response, Failed> {
    let id = AccountId::new(me.user_id());
    let account = site.store.by_id(&id).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
    let sessions = site.store.list(&id, SystemClock.now()).await.map_err(Failure::store)?;
    let roles: Vec<_> = me.roles().iter().map(Role::name).collect();
    Ok(visit.answer(&Profile {
        id: id.as_str(),
        username: me.username(),
        roles: &roles,
        second_factor: account.second_factor().is_some(),
        sessions: &sessions,
        session: me.session(),
    }))
}
