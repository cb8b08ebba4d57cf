//! `/logout`: the session ends, for every copy of its cookie.
//!
//! It works signed out too, and then removes what cookies there may be: a cookie that no longer verifies is still a cookie. When
//! the session cannot be ended the cookies stay, or the browser would look signed out while a copy of the token lives on.

use hallpass_core::Role;

use super::{exchange::Exchange, refused::Refused, response::EndpointResponse};

pub(super) async fn submit<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    exchange.body()?;
    if let Some(who) = exchange.request.who.identity::<R>() {
        exchange.sign_in.log_out(&who).await?;
    }
    Ok(exchange.without_cookies(exchange.done("/")))
}
