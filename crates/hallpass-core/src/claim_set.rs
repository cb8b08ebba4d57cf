//! What the claims of a token say, borrowed from the decoded payload, before anything is concluded from it.

use std::borrow::Cow;

use crate::{methods::Methods, time::unix_time::UnixTime};

/// The claims that hallpass knows, each of its right type. `iss` and `aud` are compared while reading and not kept.
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
