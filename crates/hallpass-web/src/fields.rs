//! The fields of a form or of a JSON object: typed, exact, each at most once.
//!
//! Both encodings give the same fields or the same refusal. What a lenient reader would mend is refused here: bytes that are not
//! UTF-8 would otherwise become U+FFFD and change a password; of two fields of one name, one part of a service may read the
//! first and another the last; a JSON number is no text, or `007` and `7` would be one code.

use std::fmt;

use hallpass_accounts::{PasswordError, UsernameError};
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

/// Why a body has no fields to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Neither a form nor JSON.
    MediaType,
    /// Not what it says it is.
    Malformed,
}

/// Which field was refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub(crate) field: &'static str,
    pub(crate) fault: FieldFault,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.fault {
            FieldFault::Missing => write!(f, "The field `{field}` is missing."),
            FieldFault::NotText => write!(f, "The field `{field}` must be text."),
            FieldFault::Repeated => write!(f, "The field `{field}` is there more than once."),
            FieldFault::NameTaken => f.write_str("This user name is taken."),
            FieldFault::Username(error) => error.fmt(f),
            FieldFault::Password(error) => error.fmt(f),
        }
    }
}

impl Fields {
    /// Reads a body by its `Content-Type`. An empty body without a type has no fields.
    pub(crate) fn parse(content_type: Option<&[u8]>, body: &[u8]) -> Result<Self, Unreadable> {
        match content_type.map(media_type) {
            None if body.is_empty() => Ok(Self(Vec::new())),
            Some(kind) if kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") => Ok(Self::of_form(body)),
            Some(kind) if kind.eq_ignore_ascii_case(b"application/json") => of_json(body),
            _ => Err(Unreadable::MediaType),
        }
    }

    /// Reads `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), without its lossy UTF-8.
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
    pub(crate) fn required(&self, field: &'static str) -> Result<&str, FieldError> {
        self.optional(field)?.ok_or(FieldError { field, fault: FieldFault::Missing })
    }

    /// The text of a field that may be absent.
    pub(crate) fn optional(&self, field: &'static str) -> Result<Option<&str>, FieldError> {
        let mut found = self.0.iter().filter(|(name, _)| name == field).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(FieldError { field, fault: FieldFault::Repeated }),
            (Some(Value::NotText), None) => Err(FieldError { field, fault: FieldFault::NotText }),
            (Some(Value::Text(text)), None) => Ok(Some(text)),
        }
    }

    /// What to show again in a form that was refused: never used for passwords and codes.
    pub(crate) fn typed(&self, field: &'static str) -> &str {
        self.optional(field).ok().flatten().unwrap_or_default()
    }
}

/// The type without its parameters: a charset changes nothing, both kinds are UTF-8 by definition.
fn media_type(header: &[u8]) -> &[u8] {
    header.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

fn form_text(encoded: &[u8]) -> Option<String> {
    let spaced: Zeroizing<Vec<u8>> =
        Zeroizing::new(encoded.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect());
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

fn of_json(json: &[u8]) -> Result<Fields, Unreadable> {
    match serde_json::from_slice(json) {
        Ok(fields) => Ok(fields),
        // Well-formed and no object: it has no fields, so the first one asked for is missing.
        Err(error) if error.is_data() && serde_json::from_slice::<IgnoredAny>(json).is_ok() => Ok(Fields(Vec::new())),
        Err(_) => Err(Unreadable::Malformed),
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

/// Why one field was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldFault {
    /// The field is absent or, where something is needed, empty.
    Missing,
    /// The field is not text: a JSON number, say, or bytes that are not UTF-8.
    NotText,
    /// The field is there more than once.
    Repeated,
    /// The name may not be one.
    Username(UsernameError),
    /// Another account has the name.
    NameTaken,
    /// The password may not be one.
    Password(PasswordError),
}

/// Why a whole form was refused. It never says which part was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Log-in: name, password or code.
    Credentials,
    /// A signed-in person's own password or code.
    Confirmation,
    /// A code alone.
    Code,
}

#[cfg(test)]
mod tests;
