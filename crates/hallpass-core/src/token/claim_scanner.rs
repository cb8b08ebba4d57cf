//! Claims of the one layout that hallpass writes, read without a JSON parser.
//!
//! [The writer](crate::token::claim_writer) puts the claims in one order, without white space and
//! without escapes wherever it can. Then their beginning is known bytes per verifier, and the rest
//! is a walk from one expected byte to the next. Whatever is not exactly so (an escape, another
//! order, a member more) gives `None`, and [the reader](crate::token::claim_reader) decides; so a
//! token is never refused here, and nothing is accepted here that the reader would not. The
//! property `the_scanner_agrees_with_the_reader` guards that.

#[cfg(test)]
mod tests;

use std::{any::TypeId, marker::PhantomData};

use crate::{
    time::unix_time::UnixTime,
    token::{
        claims::{Claims, LATEST, RoleBit, Times, is_plain},
        methods::Methods,
    },
};

/// The claims of `text`, if it begins with `opening` and goes on in our layout. `K` is
/// the kind whose `typ` the token had.
///
/// Escapes and control characters are looked for in one pass over the whole, which the compiler
/// turns into vector instructions; after that a quote ends a text.
#[inline(always)]
pub(crate) fn scan<'b, K>(
    text: &'b str,
    opening: &str,
    role_bit: RoleBit,
) -> Option<Claims<'b, K>> {
    if text.bytes().fold(false, |found, byte| found | (byte == b'\\') | !is_plain(byte)) {
        return None;
    }
    let mut rest = Rest(text.strip_prefix(opening)?);
    let username = rest.text()?;
    rest.pass(r#","user_id":""#)?;
    let user_id = rest.text()?;
    let roles = if rest.pass(r#","role":""#).is_some() {
        role_bit(rest.text()?)
    } else if rest.pass(r#","roles":["#).is_some() {
        rest.names(role_bit)?
    } else {
        0
    };
    let issued_at = rest.time_if_there(r#","iat":"#)?;
    rest.pass(r#","exp":"#)?;
    let expires_at = rest.time()?;
    let authenticated_at = rest.time_if_there(r#","auth_time":"#)?;
    let methods = if rest.pass(r#","amr":["#).is_some() {
        rest.names(Methods::from_name)?
    } else {
        Methods::NONE
    };
    let session = if rest.pass(r#","sid":""#).is_some() { Some(rest.text()?.into()) } else { None };
    let generation =
        if rest.pass(r#","gen":"#).is_some() { u32::try_from(rest.number()?).ok()? } else { 0 };
    if rest.0 != "}" {
        return None;
    }
    Some(Claims {
        username: username.into(),
        user_id: user_id.into(),
        session,
        roles,
        roles_of: TypeId::of::<()>(),
        generation,
        methods,
        times: Times { expires_at, issued_at, not_before: None, authenticated_at },
        own: None,
        kind: PhantomData,
    })
}

/// What has not been read yet.
struct Rest<'b>(&'b str);

impl<'b> Rest<'b> {
    fn pass(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// The text up to the closing quote, which is passed: at least one character.
    fn text(&mut self) -> Option<&'b str> {
        // A plain loop: the texts are short, and `str::find` has a long run-up.
        let end = self.0.bytes().position(|byte| byte == b'"').filter(|end| *end > 0)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    /// Quoted texts up to the closing bracket, which is passed; at least one.
    fn names<S: Default + std::ops::BitOr<Output = S>>(
        &mut self,
        value: impl Fn(&str) -> S,
    ) -> Option<S> {
        let mut sum = S::default();
        loop {
            self.pass("\"")?;
            sum = sum | value(self.text()?);
            if self.pass(",").is_none() {
                return self.pass("]").map(|()| sum);
            }
        }
    }

    /// Digits without a leading zero, few enough that their value cannot overflow.
    fn number(&mut self) -> Option<u64> {
        let (mut value, mut digits) = (0_u64, 0);
        for digit in self
            .0
            .bytes()
            .map(|byte| byte.wrapping_sub(b'0'))
            .take_while(|digit| *digit < 10)
            .take(MOST_DIGITS + 1)
        {
            value = value * 10 + u64::from(digit);
            digits += 1;
        }
        let (text, rest) = self.0.split_at_checked(digits)?;
        if !(1..=MOST_DIGITS).contains(&digits) || (digits > 1 && text.starts_with('0')) {
            return None;
        }
        self.0 = rest;
        Some(value)
    }

    /// The time of a claim that another issuer of our layout may leave out; `None` where it is
    /// there and no time.
    fn time_if_there(&mut self, name: &str) -> Option<Option<UnixTime>> {
        if self.pass(name).is_some() { self.time().map(Some) } else { Some(None) }
    }

    fn time(&mut self) -> Option<UnixTime> {
        self.number().filter(|seconds| *seconds <= LATEST).map(UnixTime::from_secs)
    }
}

/// Those of [`LATEST`]; ten to this power is far below 2^64.
const MOST_DIGITS: usize = 12;
