//! The session that a completed sign-in opens: its tokens, signed.

use hallpass_core::{AccessToken, DeviceToken, Issuer, Role, SignedIn};

use crate::{
    account::Account, login::proven::Proven, session::refresh_token::RefreshToken, sign_in::SignIn,
    sign_in_error::SignInError, store::UNAVAILABLE, visitor::Visitor,
};

/// A session that has just been opened.
#[derive(Debug)]
pub struct Opened {
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
pub struct Member {
    /// The account's id.
    pub id: String,
    /// The user name, as shown.
    pub username: String,
    /// The names of the roles that the token carries.
    pub roles: Vec<&'static str>,
}

impl<R: Role> SignIn<R> {
    pub(crate) async fn opened(&self, proven: Proven<R>, visitor: &Visitor<'_>) -> Result<Opened, SignInError> {
        let device = self.device_token(proven.account(), proven.methods(), visitor)?;
        let (signed_in, account, refresh) = proven.open_renewable(visitor).await?;
        Ok(Opened {
            access: self.sign(self.issuer(), &signed_in, &account)?,
            refresh,
            device,
            user: Member {
                id: signed_in.user_id().to_owned(),
                username: signed_in.username().to_owned(),
                roles: signed_in.roles().iter().map(|role| role.name()).collect(),
            },
        })
    }

    /// Signs an access token, with the site's own claims where it has some. `account` is the row
    /// that `who` was vouched from.
    pub(crate) fn sign(
        &self,
        issuer: &Issuer,
        who: &SignedIn<R>,
        account: &Account,
    ) -> Result<AccessToken, SignInError> {
        let now = self.now();
        let token = match self.own_claims() {
            Some(own) => own.issue(issuer, who, account, now),
            None => issuer.issue(who, now).map_err(Into::into),
        };
        token.map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an access token could not be signed");
            UNAVAILABLE
        })
    }
}
