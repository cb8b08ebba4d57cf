//! The fields of a form or of a JSON object: strings, unchanged, each at most once.
//!
//! Both encodings result in the same fields or the same rejection. Input that a lenient parser
//! would repair is rejected:
//!
//! - Bytes that are not UTF-8 would become U+FFFD, which changes a password.
//! - If a field is sent twice, one part of a service may read the first value and another part the
//!   last.
//! - If JSON numbers were accepted, `007` and `7` would be the same code.
//!
//! JSON `null` counts as absent, because clients send it for a field without a value.

use std::fmt;

use hallpass_core::{FieldFault, Rejection, RejectionKind};
use percent_encoding::percent_decode;
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use zeroize::{Zeroize, Zeroizing};

/// The fields of one body. Wiped on drop.
pub(crate) struct Fields(Vec<(String, Value)>);

enum Value {
    Text(Zeroizing<String>),
    /// JSON `null`, which counts as absent.
    Null,
    NotText,
}

/// Copies a text once. A derived implementation would buffer it in a `String` that is not zeroized.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(Zeroizing::new(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Value, E> {
                Ok(Value::Text(Zeroizing::new(text)))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
                Ok(Value::NotText)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
                Ok(Value::NotText)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
                Ok(Value::NotText)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                Ok(Value::NotText)
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value::NotText)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::NotText)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Fields {
    /// Reads a body by its `Content-Type`. An empty body without a type has no fields.
    pub(crate) fn parse(content_type: Option<&[u8]>, body: &[u8]) -> Result<Self, RejectionKind> {
        match content_type.map(media_type) {
            None if body.is_empty() => Ok(Self(Vec::new())),
            Some(kind) if kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") => {
                Ok(Self::of_form(body))
            }
            Some(kind) if kind.eq_ignore_ascii_case(b"application/json") => of_json(body),
            _ => Err(RejectionKind::UnsupportedMediaType),
        }
    }

    /// Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), without its lossy
    /// UTF-8.
    pub(crate) fn of_form(form: &[u8]) -> Self {
        let pairs = form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let mut halves = pair.splitn(2, |&byte| byte == b'=');
                    let name = form_text(halves.next().unwrap_or_default()).unwrap_or_default();
                    let value = form_text(halves.next().unwrap_or_default());
                    (name, value.map_or(Value::NotText, |text| Value::Text(Zeroizing::new(text))))
                })
                .collect(),
        )
    }

    /// Returns the text of a required field, which may be empty.
    pub(crate) fn required(&self, field: &'static str) -> Result<&str, Rejection> {
        self.optional(field)?.ok_or(Rejection::of_field(field, FieldFault::Missing))
    }

    /// Returns the text of an optional field.
    pub(crate) fn optional(&self, field: &'static str) -> Result<Option<&str>, Rejection> {
        let mut found = self.0.iter().filter(|(name, _)| name == field).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (None, _) | (Some(Value::Null), None) => Ok(None),
            (Some(_), Some(_)) => Err(Rejection::of_field(field, FieldFault::Repeated)),
            (Some(Value::NotText), None) => Err(Rejection::of_field(field, FieldFault::NotText)),
            (Some(Value::Text(text)), None) => Ok(Some(text)),
        }
    }

    /// Returns the text to show again in a rejected form. Not used for passwords and codes.
    pub(crate) fn typed(&self, field: &'static str) -> &str {
        self.optional(field).ok().flatten().unwrap_or_default()
    }
}

/// Returns the media type without its parameters. A charset has no effect, because both media types
/// are UTF-8 by definition.
fn media_type(header: &[u8]) -> &[u8] {
    header.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

fn form_text(encoded: &[u8]) -> Option<String> {
    let spaced: Zeroizing<Vec<u8>> = Zeroizing::new(
        encoded.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect(),
    );
    // With the whole capacity, because a `Vec` that grows leaves its old bytes in memory.
    let mut decoded = Vec::with_capacity(encoded.len());
    decoded.extend(percent_decode(&spaced));
    String::from_utf8(decoded).map_err(|error| error.into_bytes().zeroize()).ok()
}

fn of_json(json: &[u8]) -> Result<Fields, RejectionKind> {
    match serde_json::from_slice(json) {
        Ok(fields) => Ok(fields),
        // Valid JSON, but not an object: it has no fields, so the first required field is missing.
        Err(error) if error.is_data() && serde_json::from_slice::<IgnoredAny>(json).is_ok() => {
            Ok(Fields(Vec::new()))
        }
        Err(_) => Err(RejectionKind::MalformedBody),
    }
}

/// Keeps a repeated name, so that [`Fields::optional`] rejects it. A map would keep only the last
/// value.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Returns the fault that the page shows at the field of this name.
pub(crate) fn field_fault(rejection: Option<Rejection>, field: &str) -> Option<FieldFault> {
    let (name, fault) = rejection?.field()?;
    (name == field).then_some(fault)
}

/// Returns the fault that the page shows above the form, if the whole form was rejected.
pub(crate) fn form_fault(rejection: Option<Rejection>, fault: Fault) -> Option<Fault> {
    match rejection?.kind() {
        RejectionKind::InvalidCredentials => Some(fault),
        RejectionKind::ChallengeRequired => Some(Fault::Challenge),
        _ => None,
    }
}

/// Returns whether the form is shown again, which is so if it can show what to fix.
pub(crate) fn shows_form(rejection: Rejection) -> bool {
    matches!(
        rejection.kind(),
        RejectionKind::InvalidCredentials
            | RejectionKind::InvalidField
            | RejectionKind::NameTaken
            | RejectionKind::ChallengeRequired
    )
}

/// The reason why a whole form was rejected. It does not reveal which part was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The user name, the password or the code of a login is wrong.
    Credentials,
    /// The password or the code that a logged-in person entered to confirm a change is wrong.
    Confirmation,
    /// The code is wrong, and was the only field of the form.
    Code,
    /// The site's challenge was not solved.
    Challenge,
}

#[cfg(test)]
mod tests;
