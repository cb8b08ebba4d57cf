//! What a token is for, said by its `typ` so that one kind is useless where another is asked for (RFC 8725 section 3.11).

/// The kinds of token that hallpass signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// Carries a signed-in user through the routes.
    Access,
    /// The password was right and the second factor is awaited; opens the code page and nothing else.
    Pending,
    /// The password was right and a second factor must be set up; opens the page for that and nothing else.
    Enrolment,
    /// An account signed in with this browser before; opens nothing by itself.
    Device,
}

impl TokenKind {
    pub(crate) const ALL: [Self; 4] = [Self::Access, Self::Pending, Self::Enrolment, Self::Device];

    pub(crate) const fn typ(self) -> &'static str {
        match self {
            Self::Access => "hallpass+jwt",
            Self::Pending => "hallpass-pending+jwt",
            Self::Enrolment => "hallpass-enrolment+jwt",
            Self::Device => "hallpass-device+jwt",
        }
    }
}

/// One value for each kind.
pub(crate) struct PerKind<T> {
    access: T,
    pending: T,
    enrolment: T,
    device: T,
}

impl<T> PerKind<T> {
    pub(crate) fn from_fn(value: impl Fn(TokenKind) -> T) -> Self {
        Self {
            access: value(TokenKind::Access),
            pending: value(TokenKind::Pending),
            enrolment: value(TokenKind::Enrolment),
            device: value(TokenKind::Device),
        }
    }

    pub(crate) const fn of(&self, kind: TokenKind) -> &T {
        match kind {
            TokenKind::Access => &self.access,
            TokenKind::Pending => &self.pending,
            TokenKind::Enrolment => &self.enrolment,
            TokenKind::Device => &self.device,
        }
    }
}
