//! The fields of a form or of a JSON object: typed, exact, each at most once.
//!
//! Both encodings give the same fields or the same rejection. What a lenient reader would repair is
//! rejected here: bytes that are not UTF-8 would otherwise become U+FFFD and change a password; of
//! two fields of one name, one part of a service may read the first and another the last; a JSON
//! number is no text, or `007` and `7` would be one code.

use std::fmt;

use hallpass_core::{FieldFault, Rejection, RejectionKind};
use percent_encoding::percent_decode;
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

/// The fields of one body. Wiped on drop.
pub(crate) struct Fields(Vec<(String, Value)>);

#[derive(Deserialize)]
#[serde(from = "Json")]
enum Value {
    Text(Zeroizing<String>),
    NotText,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Json {
    Text(String),
    Other(IgnoredAny),
}

impl From<Json> for Value {
    fn from(value: Json) -> Self {
        match value {
            Json::Text(text) => Self::Text(Zeroizing::new(text)),
            Json::Other(_) => Self::NotText,
        }
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

    /// The text of a field that must be there; it may be empty.
    pub(crate) fn required(&self, field: &'static str) -> Result<&str, Rejection> {
        self.optional(field)?.ok_or(Rejection::of_field(field, FieldFault::Missing))
    }

    /// The text of a field that may be absent.
    pub(crate) fn optional(&self, field: &'static str) -> Result<Option<&str>, Rejection> {
        let mut found = self.0.iter().filter(|(name, _)| name == field).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(Rejection::of_field(field, FieldFault::Repeated)),
            (Some(Value::NotText), None) => Err(Rejection::of_field(field, FieldFault::NotText)),
            (Some(Value::Text(text)), None) => Ok(Some(text)),
        }
    }

    /// What to show again in a form that was rejected: never used for passwords and codes.
    pub(crate) fn typed(&self, field: &'static str) -> &str {
        self.optional(field).ok().flatten().unwrap_or_default()
    }
}

/// The type without its parameters: a charset changes nothing, both kinds are UTF-8 by definition.
fn media_type(header: &[u8]) -> &[u8] {
    header.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

fn form_text(encoded: &[u8]) -> Option<String> {
    let spaced: Zeroizing<Vec<u8>> = Zeroizing::new(
        encoded.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect(),
    );
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

fn of_json(json: &[u8]) -> Result<Fields, RejectionKind> {
    match serde_json::from_slice(json) {
        Ok(fields) => Ok(fields),
        // Well-formed and no object: it has no fields, so the first one asked for is missing.
        Err(error) if error.is_data() && serde_json::from_slice::<IgnoredAny>(json).is_ok() => {
            Ok(Fields(Vec::new()))
        }
        Err(_) => Err(RejectionKind::MalformedBody),
    }
}

/// Keeps a name that comes twice, for [`Fields::optional`] to refuse: a map would keep the last.
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

/// The fault that the page shows beside the field of this name.
pub(crate) fn field_fault(rejection: Option<Rejection>, field: &str) -> Option<FieldFault> {
    let (name, fault) = rejection?.field()?;
    (name == field).then_some(fault)
}

/// The fault that the page shows above the form, where the whole form was rejected.
pub(crate) fn form_fault(rejection: Option<Rejection>, fault: Fault) -> Option<Fault> {
    (rejection?.kind() == RejectionKind::InvalidCredentials).then_some(fault)
}

/// Returns whether the form is shown again: where it can show what to fix.
pub(crate) fn shows_form(rejection: Rejection) -> bool {
    matches!(
        rejection.kind(),
        RejectionKind::InvalidCredentials | RejectionKind::InvalidField | RejectionKind::NameTaken
    )
}

/// Why a whole form was rejected. It never says which part was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Login: name, password or code.
    Credentials,
    /// The own password or code of a person who is logged in.
    Confirmation,
    /// A code alone.
    Code,
}

#[cfg(test)]
mod tests;
