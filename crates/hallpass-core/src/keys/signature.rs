//! What a signature covers, header segment included, and the proof that one was checked.
//!
//! The header names the kind of token by its `typ`, so that one kind is useless where another is asked for
//! (RFC 8725 section 3.11).

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

/// The header segment, a dot, and the payload segment (RFC 7515 section 5.1).
#[derive(Clone, Copy)]
pub(crate) enum SigningInput<'t> {
    /// It begins with the very header segment that its key writes for this kind, dot included; `payload` is what follows, and
    /// `first_claims` what that begins with where the issuer wrote it, by what the verifier was told.
    AfterHeader {
        kind: TokenKind,
        first_claims: &'t [u8],
        #[cfg_attr(not(feature = "asymmetric"), expect(dead_code, reason = "HMAC has a head start over the header"))]
        whole: &'t [u8],
        payload: &'t [u8],
    },
    /// It begins with any other header.
    Whole(&'t [u8]),
}

#[cfg(feature = "asymmetric")]
impl<'t> SigningInput<'t> {
    pub(crate) const fn whole(self) -> &'t [u8] {
        match self {
            Self::AfterHeader { whole, .. } | Self::Whole(whole) => whole,
        }
    }
}

/// Proof that a signature is its key's. Only a comparison in the key files makes one.
#[must_use]
pub(crate) struct Genuine(());

impl Genuine {
    /// The proof, where the primitive said yes.
    pub(crate) const fn when(verified: bool) -> Result<Self, Forged> {
        if verified { Ok(Self(())) } else { Err(Forged) }
    }
}

/// A signature that is not its key's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Forged;
