//! A reader of claims in the one layout that hallpass writes, without a JSON parser.
//!
//! [The writer](crate::token::claim_writer) writes the claims in one order, without white space,
//! and without escapes wherever possible. The beginning is then the same bytes for each verifier,
//! and the rest is read from one expected byte to the next. For any other layout (an escape,
//! another order, an additional member) the scanner returns `None`, and [the
//! reader](crate::token::claim_reader) decides. The scanner therefore never rejects a token, and
//! accepts no claims that the reader would not accept. The property
//! `the_scanner_agrees_with_the_reader` checks this.

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

/// Returns the claims of `text` if it begins with `opening` and has the layout of hallpass. `K` is
/// the kind that the token's `typ` names.
///
/// Escapes and control characters are searched in one pass over the whole text, which the compiler
/// turns into vector instructions. After that check, a quote always ends a text.
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
    let epoch = if rest.pass(r#","ep":"#).is_some() { rest.number()? } else { 0 };
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
        epoch,
        methods,
        times: Times { expires_at, issued_at, not_before: None, authenticated_at },
        own: None,
        revocations: None,
        kind: PhantomData,
    })
}

/// The part of the text that has not been read yet.
struct Rest<'b>(&'b str);

impl<'b> Rest<'b> {
    fn pass(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Reads a text of at least one character and its closing quote.
    fn text(&mut self) -> Option<&'b str> {
        // A plain loop: the texts are short, and `str::find` has a high fixed cost.
        let end = self.0.bytes().position(|byte| byte == b'"').filter(|end| *end > 0)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    /// Reads at least one quoted text and the closing bracket.
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

    /// Reads a number: digits without a leading zero, few enough that the value cannot overflow.
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

    /// Reads the time of a claim that another issuer of this layout may omit. Returns `None` if the
    /// claim is present and its value is not a time.
    fn time_if_there(&mut self, name: &str) -> Option<Option<UnixTime>> {
        if self.pass(name).is_some() { self.time().map(Some) } else { Some(None) }
    }

    fn time(&mut self) -> Option<UnixTime> {
        self.number().filter(|seconds| *seconds <= LATEST).map(UnixTime::from_secs)
    }
}

/// The number of digits of [`LATEST`]. Ten to this power is far below 2^64.
const MOST_DIGITS: usize = 12;
