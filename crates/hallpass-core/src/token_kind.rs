//! What a token is for, said by its `typ` so that one kind is useless where another is asked for (RFC 8725 section 3.11).

/// The two kinds of token that hallpass signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// Carries a signed-in user through the routes.
    Access,
    /// The password was right and the second factor is awaited; opens the code page and nothing else.
    Pending,
}

impl TokenKind {
    pub(crate) const fn typ(self) -> &'static str {
        match self {
            Self::Access => "hallpass+jwt",
            Self::Pending => "hallpass-pending+jwt",
        }
    }
}
