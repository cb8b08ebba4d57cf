//! Roles with names from the command line instead of an enum: at most 64 names, set once per
//! process.
//!
//! So the command uses the same verifier as the middleware.

use std::sync::OnceLock;

use hallpass_core::{Role, RoleSet};

use crate::report::CommandError;

static NAMES: OnceLock<Vec<String>> = OnceLock::new();

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NamedRole(u8);

impl NamedRole {
    /// Sets the names of all roles. Called at most once, before a token is verified or signed.
    pub(crate) fn name_all(names: Vec<String>) -> Result<RoleSet<Self>, CommandError> {
        let count = names.len();
        if count > Self::ALL.len() {
            return Err(CommandError::TooManyRoles { count });
        }
        let known = NAMES.get_or_init(|| names).len();
        Ok(Self::ALL.iter().take(known).copied().collect())
    }
}

impl Role for NamedRole {
    const ALL: &'static [Self] = &{
        let mut all = [Self(0); 64];
        let mut place = 0;
        while place < 64 {
            all[place] = Self(place as u8);
            place += 1;
        }
        all
    };

    fn name(&self) -> &'static str {
        NAMES.get().and_then(|names| names.get(usize::from(self.0))).map_or("", String::as_str)
    }

    fn index(&self) -> u8 {
        self.0
    }

    fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Matches exactly. An index without a name never matches.
    fn from_name(name: &str) -> Option<Self> {
        let place = NAMES.get()?.iter().position(|known| known == name)?;
        Self::ALL.get(place).copied()
    }
}
