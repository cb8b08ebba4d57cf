//! The strict reader of a token's header, for headers that this ring's keys do not write (RFC 7515
//! section 4).
//!
//! A header must be one JSON object without a repeated name. `alg` must be present, and `alg`,
//! `typ` and `kid` must be strings. A member that would change how the token is read is refused
//! (`crit`, `b64`, `zip`). A member that contains a key or the location of a key is also refused
//! (`jwk`, `jku`, `x5u`, `x5c`; CVE-2018-0114), because keys come only from the ring. The attack
//! corpus checks this.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::{
    encoding::strict_json::{Budget, Names, Skip, Text},
    token::error::TokenErrorKind,
};

pub(crate) struct Header<'h> {
    pub(crate) algorithm: Cow<'h, str>,
    pub(crate) typ: Option<Cow<'h, str>>,
    pub(crate) key_id: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    /// Parses the decoded header segment.
    pub(crate) fn read(json: &'h [u8]) -> Result<Self, TokenErrorKind> {
        let malformed = |_| TokenErrorKind::Malformed;
        let text = std::str::from_utf8(json).map_err(|_| TokenErrorKind::Malformed)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let reading = HeaderVisitor.deserialize(&mut deserializer).map_err(malformed)?;
        deserializer.end().map_err(malformed)?;
        reading
    }
}

const REFUSED: [&str; 7] = ["crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"];

/// Maximum number of members and elements. The header is parsed before the signature is checked, so
/// the limit is low. RFC 7515 registers eleven members.
const MOST_MEMBERS: usize = 32;

struct HeaderVisitor;

impl<'h> DeserializeSeed<'h> for HeaderVisitor {
    type Value = Result<Header<'h>, TokenErrorKind>;

    fn deserialize<D: Deserializer<'h>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'h> Visitor<'h> for HeaderVisitor {
    type Value = Result<Header<'h>, TokenErrorKind>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header object")
    }

    fn visit_map<A: MapAccess<'h>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut algorithm, mut typ, mut key_id) = (None, None, None);
        let mut refused = false;
        let (mut names, budget) = (Names::default(), Budget::of(MOST_MEMBERS));
        while let Some(name) = map.next_key_seed(Text)? {
            budget.consume()?;
            match &*name {
                "alg" => algorithm = Some(map.next_value_seed(Text)?),
                "typ" => typ = Some(map.next_value_seed(Text)?),
                "kid" => key_id = Some(map.next_value_seed(Text)?),
                other => {
                    refused |= REFUSED.contains(&other);
                    map.next_value_seed(Skip::member(&budget))?;
                }
            }
            names.add(name)?;
        }
        let algorithm = algorithm.ok_or_else(|| A::Error::custom("the header has no alg"))?;
        Ok(if refused {
            Err(TokenErrorKind::Header)
        } else {
            Ok(Header { algorithm, typ, key_id })
        })
    }
}
