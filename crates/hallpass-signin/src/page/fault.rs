//! What went wrong, for the page to say beside the field or above the form.

use crate::{password_policy::PasswordError, username::UsernameError};

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
