//! `/session/refresh`: new cookies for the refresh token, which is spent.
//!
//! A refusal removes no cookie. Of two tabs that ask with the same token the one that is refused may be answered last, and would
//! take the other's new cookies with it.

use hallpass_core::{DenialKind, Role};

use super::{exchange::Exchange, refused::Refused, response::EndpointResponse};

pub(super) async fn submit<R: Role>(exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
    exchange.body()?;
    let token = exchange.refresh_cookie().ok_or(DenialKind::SignedOut)?;
    let tokens = exchange.sign_in.refresh(token).await?;
    exchange.with_tokens(EndpointResponse::empty(204), &tokens)
}
