//! The claims of a verified token without an allocation: borrowed from a buffer that the caller keeps on its stack.
//!
//! [`Identity`](crate::Identity) is the owned form, for handlers. This one is for who looks at a token and lets it go.

use std::{borrow::Cow, fmt, marker::PhantomData, mem::MaybeUninit};

use serde::Deserialize;

use crate::{
    time::unix_time::UnixTime,
    token::{
        error::{TokenError, TokenErrorKind},
        methods::Methods,
        opener::{LONGEST_PAYLOAD, PayloadBuffer},
        role::{Role, RoleSet},
    },
};

/// Space for the claims of one token, 3 KiB, not initialised.
pub struct ClaimsBuffer(pub(crate) PayloadBuffer);

impl ClaimsBuffer {
    /// New space; costs nothing.
    pub const fn new() -> Self {
        Self([MaybeUninit::uninit(); LONGEST_PAYLOAD])
    }
}

impl Default for ClaimsBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClaimsBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimsBuffer")
    }
}

/// The claims of a verified token.
pub struct Claims<'b, R> {
    pub(crate) set: ClaimSet<'b>,
    json: &'b str,
    roles: PhantomData<fn() -> R>,
}

impl<'b, R: Role> Claims<'b, R> {
    pub(crate) fn new(set: ClaimSet<'b>, json: &'b str) -> Self {
        Self { set, json, roles: PhantomData }
    }

    /// The name the user signed in with (`sub`).
    pub fn username(&self) -> &str {
        &self.set.username
    }

    /// The account's identifier (`user_id`).
    pub fn user_id(&self) -> &str {
        &self.set.user_id
    }

    /// The roles that the token grants, out of those that `R` knows.
    pub fn roles(&self) -> RoleSet<R> {
        RoleSet::from_bits(self.set.roles)
    }

    /// The token generation (`gen`); 0 where the token names none.
    pub fn generation(&self) -> u32 {
        self.set.generation
    }

    /// The session that the token belongs to (`sid`).
    pub fn session(&self) -> Option<&str> {
        self.set.session.as_deref()
    }

    /// The moment from which the token is dead (`exp`).
    pub fn expires_at(&self) -> UnixTime {
        self.set.times.expires_at
    }

    /// When the token was made (`iat`).
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.set.times.issued_at
    }

    /// When the user last proved who they are (`auth_time`).
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.set.times.authenticated_at
    }

    /// How the user proved it (`amr`).
    pub fn methods(&self) -> Methods {
        self.set.methods
    }

    /// The whole claims set as it was signed, in JSON.
    pub fn as_json(&self) -> &'b str {
        self.json
    }

    /// The application's own claims: `X` is read from the whole set and picks what it knows, so it must not deny unknown fields.
    ///
    /// # Errors
    /// [`TokenErrorKind::Claims`] where the set does not fit `X`.
    pub fn own<X: Deserialize<'b>>(&self) -> Result<X, TokenError> {
        serde_json::from_str(self.json).map_err(|_| TokenErrorKind::Claims.into())
    }
}

impl<R: Role> fmt::Debug for Claims<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("username", &self.username())
            .field("user_id", &self.user_id())
            .field("roles", &self.roles())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// The claims that hallpass knows, each of its right type, borrowed from the decoded payload, before anything is concluded from them.
/// `iss` and `aud` are compared while reading and not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ClaimSet<'b> {
    pub(crate) username: Cow<'b, str>,
    pub(crate) user_id: Cow<'b, str>,
    pub(crate) session: Option<Cow<'b, str>>,
    /// Bits of the role set; names that the role enum does not know are gone.
    pub(crate) roles: u64,
    pub(crate) generation: u32,
    pub(crate) methods: Methods,
    pub(crate) times: Times,
}

/// The moments that a token names (RFC 7519 sections 4.1.4 to 4.1.6, OpenID Connect Core section 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Times {
    pub(crate) expires_at: UnixTime,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) authenticated_at: Option<UnixTime>,
}

/// The bit of the role of this name; 0 where the application's enum has no such role.
pub(crate) type RoleBit = fn(&str) -> u64;

/// The latest moment a claim may name: the end of the year 9999, so that no date library behind us overflows.
pub(crate) const LATEST: u64 = 253_402_300_799;

/// Whether a character may stand in a user name, an identifier or a session. Control characters would end up in logs and headers.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f
}
