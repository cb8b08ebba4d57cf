//! The fields of the blog's own forms. A missing field is read as an empty text, and so is JSON
//! `null`.

use hallpass::Role;
use serde::{Deserialize, Deserializer};

use crate::{BlogRole, Failure};

/// The fields of a draft, before they are checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftFields {
    /// The title as it was entered.
    #[serde(deserialize_with = "null_as_empty")]
    pub title: String,
    /// The body as it was entered.
    #[serde(deserialize_with = "null_as_empty")]
    pub body: String,
}

/// The field of the form that sets a role.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RoleField {
    #[serde(deserialize_with = "null_as_empty")]
    role: String,
}

fn null_as_empty<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    Option::deserialize(field).map(Option::unwrap_or_default)
}

impl RoleField {
    /// Returns the selected role.
    ///
    /// # Errors
    /// If no role has this name.
    pub fn role(&self) -> Result<BlogRole, Failure> {
        BlogRole::from_name(&self.role)
            .ok_or(Failure::Field("role", "Select guest, moderator or admin."))
    }
}

/// The query that selects a page of posts.
#[derive(Debug, Deserialize)]
pub struct Older {
    /// The page has the posts before the post with this id.
    pub before: Option<i64>,
}

/// The query that selects a page of accounts.
#[derive(Debug, Deserialize)]
pub struct After {
    /// The page has the accounts after this name.
    pub after: Option<String>,
}
