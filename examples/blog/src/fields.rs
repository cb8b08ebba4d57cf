//! The fields of the blog's own forms. One that is missing is empty.

use hallpass::Role;
use serde::Deserialize;

use crate::{BlogRole, Failure};

/// A draft as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftFields {
    /// As typed.
    pub title: String,
    /// As typed.
    pub body: String,
}

/// A role to give.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RoleField {
    role: String,
}

impl RoleField {
    /// The role that was chosen.
    ///
    /// # Errors
    /// No role has this name.
    pub fn role(&self) -> Result<BlogRole, Failure> {
        BlogRole::from_name(&self.role)
            .ok_or(Failure::Field("role", "Choose one of guest, moderator and admin."))
    }
}

/// The page of posts that is asked for.
#[derive(Debug, Deserialize)]
pub struct Older {
    /// Posts before this one.
    pub before: Option<i64>,
}

/// The page of people that is asked for.
#[derive(Debug, Deserialize)]
pub struct After {
    /// People after this name.
    pub after: Option<String>,
}
