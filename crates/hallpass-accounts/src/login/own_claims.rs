//! The site's own claims: written at every issue from the account row that the token is issued
//! from.
//!
//! The type of the claims is erased here, so that the handle stays generic over the role enum
//! alone.

use hallpass_core::{
    AccessToken, ClaimsBuffer, IssueError, Issuer, LoggedIn, Role, TokenErrorKind, UnixTime, Verifier,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::account::Account;

/// Issues access tokens with the site's own claims, and makes a verifier read them.
pub(crate) struct OwnClaims<R> {
    issue: Issue<R>,
    read: fn(Verifier<R>) -> Verifier<R>,
}

type Issue<R> =
    Box<dyn Fn(&Issuer, &LoggedIn<R>, &Account, UnixTime) -> Result<AccessToken, OwnClaimsError> + Send + Sync>;

impl<R: Role> OwnClaims<R> {
    pub(crate) fn new<X>(claims_of: impl Fn(&Account) -> X + Send + Sync + 'static) -> Self
    where
        X: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        Self {
            issue: Box::new(move |issuer, who, account, now| {
                let token = issuer.issue_with(who, &claims_of(account), now)?;
                read_back::<R, X>(issuer, &token, now)?;
                Ok(token)
            }),
            read: Verifier::with_claims::<X>,
        }
    }

    pub(crate) fn issue(
        &self,
        issuer: &Issuer,
        who: &LoggedIn<R>,
        account: &Account,
        now: UnixTime,
    ) -> Result<AccessToken, OwnClaimsError> {
        (self.issue)(issuer, who, account, now)
    }

    pub(crate) fn read_by(&self, verifier: Verifier<R>) -> Verifier<R> {
        (self.read)(verifier)
    }
}

/// Reads the claims as the verifier will: a type that denies unknown fields, or is written
/// otherwise than it is read, would make a token that is rejected at every request.
fn read_back<R: Role, X: DeserializeOwned>(
    issuer: &Issuer,
    token: &AccessToken,
    now: UnixTime,
) -> Result<(), OwnClaimsError> {
    let mut buffer = ClaimsBuffer::new();
    match issuer.verifier::<R>().remember(0).claims(token.as_str().as_bytes(), now, &mut buffer) {
        Ok(claims) => serde_json::from_str::<X>(claims.as_json()).map(drop).map_err(OwnClaimsError::Unreadable),
        Err(error) if error.kind() == TokenErrorKind::Claims => Err(IssueError::OwnClaimsUnreadable.into()),
        // Of the clock or the keys, and not of the claims.
        Err(_) => Ok(()),
    }
}

/// Why a token with own claims was not issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnClaimsError {
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(
        "the own claims cannot be read back from the token: make the type read what it writes, beside other claims"
    )]
    Unreadable(#[source] serde_json::Error),
}
