//! A strict reader of claims of any layout (RFC 7519 section 4).
//!
//! This reader is authoritative. [The scanner](crate::token::claim_scanner) is a faster way to the
//! same result for the one layout that hallpass writes. Each claim has one type, and a claim of a
//! wrong type, such as `null`, rejects the token: a `role` that is a number is not "no role"
//! (CVE-2024-53861, CVE-2026-25537). Times are whole seconds. RFC 7519 allows fractions, but two
//! readers could round them differently. Other members belong to the application and are only
//! counted.

use std::{any::TypeId, borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor},
};

use crate::{
    encoding::strict_json::{Budget, Names, Skip, Text},
    time::unix_time::UnixTime,
    token::{
        claims::{Claims, LATEST, RoleBit, Times, is_plain},
        error::TokenErrorKind,
        methods::Methods,
    },
};

/// Maximum number of members and elements of a claims set, including those of the application.
pub(crate) const MOST_MEMBERS: usize = 256;

#[derive(Clone, Copy)]
pub(crate) struct ClaimReader<'e> {
    pub(crate) issuer: &'e str,
    pub(crate) audience: &'e str,
    pub(crate) role_bit: RoleBit,
    pub(crate) integer_user_id: bool,
    /// Whether a token without `user_id` has the identifier of its `sub`, and other tokens of an
    /// OpenID provider are refused.
    pub(crate) user_id_from_sub: bool,
}

/// Claims that an ID token or a logout token has and an access token does not have (OpenID Connect
/// Core sections 2 and 3.3.2.11, Back-Channel Logout section 2.4). They matter where a provider
/// writes the same `typ` for all kinds (RFC 8725 section 3.12): tested in
/// `tests/core/foreign_tokens.rs`.
const OF_OTHER_KINDS: [&str; 5] = ["nonce", "at_hash", "c_hash", "s_hash", "events"];

impl ClaimReader<'_> {
    /// Reads the claims of `text`. The caller sets their kind.
    pub(crate) fn read<'b>(self, text: &'b str) -> Result<Claims<'b, ()>, TokenErrorKind> {
        let claims = |_| TokenErrorKind::Claims;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let reading = self.deserialize(&mut deserializer).map_err(claims)?;
        deserializer.end().map_err(claims)?;
        if self.user_id_from_sub && reading.is_of_another_kind {
            return Err(TokenErrorKind::Type);
        }
        if !reading.is_our_issuer {
            return Err(TokenErrorKind::Issuer);
        }
        if !reading.names_our_audience {
            return Err(TokenErrorKind::Audience);
        }
        Ok(reading.claims)
    }
}

/// The claims, and whether the issuer and the audience are the expected ones.
pub(crate) struct Reading<'b> {
    claims: Claims<'b, ()>,
    is_our_issuer: bool,
    names_our_audience: bool,
    is_of_another_kind: bool,
}

impl<'b> DeserializeSeed<'b> for ClaimReader<'_> {
    type Value = Reading<'b>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'b> Visitor<'b> for ClaimReader<'_> {
    type Value = Reading<'b>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claims object")
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut names, budget) = (Names::default(), Budget::of(MOST_MEMBERS));
        let (mut issuer, mut audience, mut username, mut user_id, mut session) =
            (None, None, None, None, None);
        let (mut role, mut roles, mut methods) = (None, None, None);
        let mut is_of_another_kind = false;
        let (mut generation, mut epoch) = (None, None);
        let (mut expires_at, mut issued_at, mut not_before, mut authenticated_at) =
            (None, None, None, None);
        while let Some(name) = map.next_key_seed(Text)? {
            budget.consume()?;
            // A repeated name would overwrite the value here. `names.add` below refuses it before
            // any value is used.
            match &*name {
                "iss" => issuer = Some(map.next_value_seed(Text)?),
                "aud" => audience = Some(map.next_value_seed(Audience(self.audience))?),
                "sub" => username = Some(map.next_value_seed(PlainText)?),
                "user_id" if self.integer_user_id => user_id = Some(map.next_value_seed(UserId)?),
                "user_id" => user_id = Some(map.next_value_seed(PlainText)?),
                "sid" => session = Some(map.next_value_seed(PlainText)?),
                "role" => role = Some((self.role_bit)(&map.next_value_seed(Text)?)),
                "roles" => roles = Some(map.next_value_seed(Each(self.role_bit))?),
                "amr" => methods = Some(map.next_value_seed(Each(Methods::from_name))?),
                "gen" => generation = Some(map.next_value::<u32>()?),
                "ep" => epoch = Some(map.next_value::<u64>()?),
                "exp" => expires_at = Some(map.next_value_seed(Time)?),
                "iat" => issued_at = Some(map.next_value_seed(Time)?),
                "nbf" => not_before = Some(map.next_value_seed(Time)?),
                "auth_time" => authenticated_at = Some(map.next_value_seed(Time)?),
                other => {
                    is_of_another_kind |= OF_OTHER_KINDS.contains(&other);
                    map.next_value_seed(Skip::member(&budget))?;
                }
            }
            names.add(name)?;
        }
        if role.is_some() && roles.is_some() {
            return Err(A::Error::custom("the claims have both role and roles"));
        }
        let username: Cow<'b, str> = username.ok_or_else(|| A::Error::missing_field("sub"))?;
        let user_id = match user_id {
            None if self.user_id_from_sub => username.clone(),
            user_id => user_id.ok_or_else(|| A::Error::missing_field("user_id"))?,
        };
        Ok(Reading {
            is_of_another_kind,
            is_our_issuer: issuer.ok_or_else(|| A::Error::missing_field("iss"))? == self.issuer,
            names_our_audience: audience.ok_or_else(|| A::Error::missing_field("aud"))?,
            claims: Claims {
                username: username.into(),
                user_id: user_id.into(),
                session: session.map(Into::into),
                roles: role.or(roles).unwrap_or_default(),
                roles_of: TypeId::of::<()>(),
                generation: generation.unwrap_or_default(),
                epoch: epoch.unwrap_or_default(),
                methods: methods.unwrap_or_default(),
                times: Times {
                    expires_at: expires_at.ok_or_else(|| A::Error::missing_field("exp"))?,
                    issued_at,
                    not_before,
                    authenticated_at,
                },
                own: None,
                revocations: None,
                kind: PhantomData,
            },
        })
    }
}

/// A text of at least one character and without control characters.
struct PlainText;

impl<'b> DeserializeSeed<'b> for PlainText {
    type Value = Cow<'b, str>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let text = Text.deserialize(deserializer)?;
        if text.is_empty() || !text.bytes().all(is_plain) {
            return Err(D::Error::custom("the text is empty or has a control character"));
        }
        Ok(text)
    }
}

/// An account identifier, which another issuer may have written as a number.
struct UserId;

impl<'b> DeserializeSeed<'b> for UserId {
    type Value = Cow<'b, str>;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Cow::Owned(number.to_string())),
            Either::Text(text) if !text.is_empty() && text.bytes().all(is_plain) => {
                Ok(Cow::Owned(text))
            }
            Either::Text(_) => {
                Err(D::Error::custom("the text is empty or has a control character"))
            }
        }
    }
}

/// A time in whole seconds, at most the end of the year 9999.
struct Time;

impl<'b> DeserializeSeed<'b> for Time {
    type Value = UnixTime;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match u64::deserialize(deserializer)? {
            seconds @ 0..=LATEST => Ok(UnixTime::from_secs(seconds)),
            _ => Err(D::Error::custom("the time is after the year 9999")),
        }
    }
}

/// One audience or several. The value is whether the expected audience is among them.
struct Audience<'e>(&'e str);

impl<'b> DeserializeSeed<'b> for Audience<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for Audience<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut sequence: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(text) = sequence.next_element_seed(Text)? {
            found |= text == self.0;
        }
        Ok(found)
    }
}

/// An array of names, whose values are combined.
struct Each<F>(F);

impl<'b, F: Fn(&str) -> S, S: Default + std::ops::BitOr<Output = S>> DeserializeSeed<'b>
    for Each<F>
{
    type Value = S;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<S, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'b, F: Fn(&str) -> S, S: Default + std::ops::BitOr<Output = S>> Visitor<'b> for Each<F> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut sequence: A) -> Result<S, A::Error> {
        let mut sum = S::default();
        while let Some(name) = sequence.next_element_seed(Text)? {
            sum = sum | (self.0)(&name);
        }
        Ok(sum)
    }
}
