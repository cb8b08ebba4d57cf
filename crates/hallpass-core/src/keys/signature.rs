//! What a signature covers, header segment included.
//!
//! The header names the kind of token by its `typ`, so that one kind is useless where another is
//! asked for (RFC 8725 section 3.11).

/// The `typ` of the tokens that hallpass signs: one for each kind.
///
/// Exhaustive, because no path outside this crate names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// Carries a signed-in user through the routes.
    Access,
    /// The password was right and the second factor is awaited; opens the code page and nothing
    /// else.
    Pending,
    /// The password was right and a second factor must be set up; opens the page for that and
    /// nothing else.
    Enrolment,
    /// An account signed in with this browser before; opens nothing by itself.
    Device,
}

impl TokenType {
    pub(crate) const ALL: [Self; 4] = [Self::Access, Self::Pending, Self::Enrolment, Self::Device];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "hallpass+jwt",
            Self::Pending => "hallpass-pending+jwt",
            Self::Enrolment => "hallpass-enrolment+jwt",
            Self::Device => "hallpass-device+jwt",
        }
    }
}

/// One value for each type.
pub(crate) struct PerKind<T> {
    access: T,
    pending: T,
    enrolment: T,
    device: T,
}

impl<T> PerKind<T> {
    pub(crate) fn from_fn(value: impl Fn(TokenType) -> T) -> Self {
        Self {
            access: value(TokenType::Access),
            pending: value(TokenType::Pending),
            enrolment: value(TokenType::Enrolment),
            device: value(TokenType::Device),
        }
    }

    pub(crate) const fn of(&self, typ: TokenType) -> &T {
        match typ {
            TokenType::Access => &self.access,
            TokenType::Pending => &self.pending,
            TokenType::Enrolment => &self.enrolment,
            TokenType::Device => &self.device,
        }
    }
}

/// The header segment, a dot, and the payload segment (RFC 7515 section 5.1).
#[derive(Clone, Copy)]
pub(crate) enum SigningInput<'t> {
    /// It begins with the very header segment that its key writes for this type, dot included;
    /// `payload` is what follows, and `first_claims` what that begins with where the issuer
    /// wrote it, by what the verifier was told.
    AfterHeader {
        typ: TokenType,
        first_claims: &'t [u8],
        #[cfg_attr(
            not(feature = "asymmetric"),
            expect(dead_code, reason = "HMAC has a head start over the header")
        )]
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

/// A signature that is not its key's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Forged;
