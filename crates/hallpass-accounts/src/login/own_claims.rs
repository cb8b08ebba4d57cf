//! The site's own claims. Each issued token contains claims of the account row from which it is
//! issued.
//!
//! The type of the claims is erased here, so that the handle is generic over the role enum only.

use std::fmt;

use hallpass_core::{
    Access, IssueError, Issuer, LoggedIn, Role, Token, TokenErrorKind, UnixTime, Verifier,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{account::Account, error::AccountsError};

/// The site's own claims: the function that creates them, and the type that a verifier reads.
pub struct OwnClaims<R> {
    issue: Issue<R>,
    read: fn(Verifier<R>) -> Verifier<R>,
}

type Issue<R> = Box<
    dyn Fn(&Issuer, &LoggedIn<R>, &Account, UnixTime) -> Result<Token<Access>, OwnClaimsError>
        + Send
        + Sync,
>;

impl<R: Role> OwnClaims<R> {
    /// Creates own claims. `claims_of` is called with the current account when a person logs in,
    /// when a session is refreshed, and when a change of the account replaces the token.
    ///
    /// `X` is a struct with named fields, or a map with string keys. Its names must differ from the
    /// names of hallpass's claims, and it must not deny unknown fields. If the claims cannot be
    /// signed or read back, no token is issued.
    pub fn new<X>(claims_of: impl Fn(&Account) -> X + Send + Sync + 'static) -> Self
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
    ) -> Result<Token<Access>, OwnClaimsError> {
        (self.issue)(issuer, who, account, now)
    }

    pub(crate) fn read_by(&self, verifier: Verifier<R>) -> Verifier<R> {
        (self.read)(verifier)
    }
}

impl<R> fmt::Debug for OwnClaims<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnClaims")
    }
}

/// Reads the claims as the verifier will. A type that denies unknown fields, or that is serialized
/// and deserialized differently, would make a token that is rejected at every request.
fn read_back<R: Role, X: DeserializeOwned>(
    issuer: &Issuer,
    token: &Token<Access>,
    now: UnixTime,
) -> Result<(), OwnClaimsError> {
    let verifier = issuer.verifier::<R>().remember(0);
    match verifier
        .claims(token.as_str().as_bytes(), now, |_, json| serde_json::from_str::<X>(json).map(drop))
    {
        Ok(read) => read.map_err(OwnClaimsError::Unreadable),
        Err(error) if error.kind() == TokenErrorKind::Claims => {
            Err(IssueError::OwnClaimsUnreadable.into())
        }
        // An error of the clock or the keys, not of the claims.
        Err(_) => Ok(()),
    }
}

impl From<OwnClaimsError> for AccountsError {
    fn from(error: OwnClaimsError) -> Self {
        match error {
            OwnClaimsError::Issue(error) => error.into(),
            OwnClaimsError::Unreadable(_) => Self::internal(error),
        }
    }
}

/// The reason that a token with own claims was not issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnClaimsError {
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error(
        "the own claims cannot be read back from the token: make the type deserialize what it serializes, and ignore other claims"
    )]
    Unreadable(#[source] serde_json::Error),
}
