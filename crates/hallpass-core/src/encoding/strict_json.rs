//! The parts of a strict JSON reading that headers and claims share (RFC 8259, with the choices of
//! RFC 8725 section 3).
//!
//! `serde_json` reads the grammar; here stands what it leaves open. A name twice in an object is
//! refused at any depth, because two readers of one token must not see different values (RFC 7515
//! section 4, RFC 7519 section 4). Members that nobody here asks for are walked and counted, so
//! that neither their number nor their depth is the sender's choice.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep arrays and objects may stand in each other. Role structures of the large identity
/// providers need three.
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

/// The names of one object, to find one that comes twice.
#[derive(Default)]
pub(crate) struct Names<'de>(Vec<Cow<'de, str>>);

impl<'de> Names<'de> {
    pub(crate) fn add<E: Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        // The budget keeps the names few, so looking at each is cheap.
        if self.0.contains(&name) {
            return Err(E::custom("a name comes twice"));
        }
        self.0.push(name);
        Ok(())
    }
}

/// What is left of the number of members that one reading may meet.
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    /// Room for so many members and elements, at all depths together.
    pub(crate) const fn of(members: usize) -> Self {
        Self(Cell::new(members))
    }

    pub(crate) fn consume<E: Error>(&self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| E::custom("too many members"))?;
        self.0.set(left);
        Ok(())
    }
}

/// A value that nobody asks for: walked, counted, and forgotten.
pub(crate) struct Skip<'s> {
    budget: &'s Budget,
    depth: usize,
}

impl<'s> Skip<'s> {
    /// A value inside the outermost object.
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
