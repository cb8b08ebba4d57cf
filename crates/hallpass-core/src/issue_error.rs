//! Why no token was issued.

/// A token that could not be issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The ring in use has no key that signs.
    #[error("the key ring has no active key: name one of its keys in `active`")]
    NoActiveKey,
    /// The library underneath could not sign.
    #[error("the signature could not be made")]
    Signing,
    /// The token would not fit into a cookie. Fewer roles, shorter names or fewer own claims make it smaller.
    #[error(
        "the token would have {length} bytes and a cookie holds {}: put less into it",
        crate::token_opener::MAX_TOKEN_BYTES
    )]
    TooLong {
        /// Bytes.
        length: usize,
    },
    /// A user name, an identifier or a session that is empty or holds a control character: no verifier would take the token.
    #[error("the user name, the identifier or the session is empty or holds a control character")]
    NotPlain,
    /// The application's own claims are not an object, or cannot be written as JSON.
    #[error("an application's own claims must be a struct or a map with string keys")]
    OwnClaimsNotAnObject,
    /// The application's own claims use a name of ours.
    #[error("an application's own claims cannot be named {0}: choose another name")]
    ReservedClaim(&'static str),
}
