//! `/logout`: the session ends, for every copy of its cookie.
//!
//! A browser drops the access cookie when its time is over, so a log-out may come with the refresh cookie alone: that one ends the
//! session as well. It works signed out too, and then removes what cookies there may be: a cookie that no longer verifies is still a cookie. When
//! the session cannot be ended the cookies stay, or the browser would look signed out while a copy of the token lives on.

use hallpass_core::Role;

use super::{exchange::Exchange, refused::Refused, response::EndpointResponse};
use crate::sign_in::Ability;

pub(super) async fn submit<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    exchange.body()?;
    if let Some(who) = exchange.request.who.identity::<R>() {
        exchange.sign_in.log_out(&who).await?;
    } else if let Some(token) = exchange.refresh_cookie().filter(|_| exchange.sign_in.has(Ability::Refreshes)) {
        exchange.sign_in.log_out_by_refresh(token).await?;
    }
    Ok(exchange.without_cookies(exchange.done("/")))
}
