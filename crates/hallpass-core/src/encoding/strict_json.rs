//! Strict JSON parsing that headers and claims share (RFC 8259, with the choices of RFC 8725
//! section 3).
//!
//! `serde_json` parses the grammar. This module adds the rules that the grammar leaves open. A
//! repeated name in an object is refused at any depth, because two readers of one token must not
//! read different values (RFC 7515 section 4, RFC 7519 section 4). Unknown members are also parsed
//! and counted, so that the sender cannot choose their number or their depth.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Maximum nesting depth of arrays and objects. The role structures of the large identity providers
/// need three levels.
pub(crate) const DEEPEST: usize = 16;

/// Text, borrowed from the input where it has no escapes.
pub(crate) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The names of one object, to detect a repeated name.
#[derive(Default)]
pub(crate) struct Names<'de>(Vec<Cow<'de, str>>);

impl<'de> Names<'de> {
    pub(crate) fn add<E: Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        // The budget limits the number of names, so a linear search is cheap.
        if self.0.contains(&name) {
            return Err(E::custom("a name occurs twice"));
        }
        self.0.push(name);
        Ok(())
    }
}

/// The number of members that may still be read.
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    /// Creates a budget of this many members and elements, at all depths together.
    pub(crate) const fn of(members: usize) -> Self {
        Self(Cell::new(members))
    }

    pub(crate) fn consume<E: Error>(&self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| E::custom("too many members"))?;
        self.0.set(left);
        Ok(())
    }
}

/// A value that is parsed and counted, but not returned.
pub(crate) struct Skip<'s> {
    budget: &'s Budget,
    depth: usize,
}

impl<'s> Skip<'s> {
    /// Creates the reader of a value inside the outermost object.
    pub(crate) const fn member(budget: &'s Budget) -> Self {
        Self { budget, depth: 1 }
    }

    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("too deep"));
        }
        Ok(Self { budget: self.budget, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(self.deeper()?)?.is_some() {
            self.budget.consume()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = Names::default();
        while let Some(name) = map.next_key_seed(Text)? {
            self.budget.consume()?;
            names.add(name)?;
            map.next_value_seed(self.deeper()?)?;
        }
        Ok(())
    }
}
