//! The session that a completed sign-in opens: its tokens, signed.

use hallpass_core::{AccessToken, DeviceToken, Issuer, LoggedIn, Role};

use crate::{
    account::Account, accounts::Accounts, error::AccountsError, login::authenticated::Authenticated,
    session::refresh_token::RefreshToken, visitor::Visitor,
};

/// A session that has just been opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct OpenedSession {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, where the site renews sessions.
    pub refresh: Option<RefreshToken>,
    /// The token by which the browser is known again.
    pub device: DeviceToken,
    /// Who signed in.
    pub user: Member,
}

/// Who signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Member {
    /// The account's id.
    pub id: String,
    /// The user name, as shown.
    pub username: String,
    /// The names of the roles that the token carries.
    pub roles: Vec<&'static str>,
}

impl<R: Role> Accounts<R> {
    pub(crate) async fn opened(
        &self,
        authenticated: Authenticated<R>,
        visitor: &Visitor<'_>,
    ) -> Result<OpenedSession, AccountsError> {
        let device = self.device_token(authenticated.account(), authenticated.methods(), visitor)?;
        let (logged_in, account, refresh) = authenticated.open_renewable(visitor).await?;
        Ok(OpenedSession {
            access: self.sign(self.issuer(), &logged_in, &account)?,
            refresh,
            device,
            user: Member {
                id: logged_in.user_id().to_owned(),
                username: logged_in.username().to_owned(),
                roles: logged_in.roles().iter().map(|role| role.name()).collect(),
            },
        })
    }

    /// Signs an access token, with the site's own claims where it has some. `account` is the row
    /// that `who` was vouched from.
    pub(crate) fn sign(
        &self,
        issuer: &Issuer,
        who: &LoggedIn<R>,
        account: &Account,
    ) -> Result<AccessToken, AccountsError> {
        let now = self.now();
        let token = match self.own_claims() {
            Some(own) => own.issue(issuer, who, account, now),
            None => issuer.issue(who, now).map_err(Into::into),
        };
        token.map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an access token could not be signed");
            AccountsError::unavailable(error)
        })
    }
}
