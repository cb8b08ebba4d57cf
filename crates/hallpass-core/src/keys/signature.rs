//! The input of a signature, which includes the header segment.
//!
//! The `typ` of the header names the kind of token. A token of one kind is therefore refused where
//! another kind is required (RFC 8725 section 3.11).

/// The `typ` of the tokens that hallpass signs, one for each kind.
///
/// It is exhaustive, because no path outside this crate names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// Identifies a logged-in user to the routes.
    Access,
    /// The password was correct and the second factor is still required. It is accepted only by the
    /// page for the code.
    Pending,
    /// The password was correct and a second factor must be set up. It is accepted only by the page
    /// for the setup.
    Enrolment,
}

impl TokenType {
    pub(crate) const ALL: [Self; 3] = [Self::Access, Self::Pending, Self::Enrolment];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "hallpass+jwt",
            Self::Pending => "hallpass-pending+jwt",
            Self::Enrolment => "hallpass-enrolment+jwt",
        }
    }
}

/// One value for each token type.
pub(crate) struct PerKind<T> {
    access: T,
    pending: T,
    enrolment: T,
}

impl<T> PerKind<T> {
    pub(crate) fn from_fn(value: impl Fn(TokenType) -> T) -> Self {
        Self {
            access: value(TokenType::Access),
            pending: value(TokenType::Pending),
            enrolment: value(TokenType::Enrolment),
        }
    }

    pub(crate) const fn of(&self, typ: TokenType) -> &T {
        match typ {
            TokenType::Access => &self.access,
            TokenType::Pending => &self.pending,
            TokenType::Enrolment => &self.enrolment,
        }
    }
}

/// The header segment, a dot, and the payload segment (RFC 7515 section 5.1).
#[derive(Clone, Copy)]
pub(crate) enum SigningInput<'t> {
    /// The input begins with the header segment and dot that its key writes for this type.
    /// `payload` is the rest. `first_claims` is the beginning of the payload if the expected issuer
    /// wrote it, according to the verifier's settings.
    AfterHeader {
        typ: TokenType,
        first_claims: &'t [u8],
        #[cfg_attr(
            not(feature = "asymmetric"),
            expect(dead_code, reason = "an HMAC key continues from the state after the header")
        )]
        whole: &'t [u8],
        payload: &'t [u8],
    },
    /// The input begins with another header.
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

/// A signature that is not valid for its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Forged;
