//! What the command line asks for.

use hallpass::Role;

use crate::BlogRole;

/// What the program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serves the blog.
    Serve,
    /// Does something to it from outside, beside the running server.
    Operator(Order),
}

/// An operator's command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// `user list`
    ListUsers,
    /// `user set-role NAME ROLE`
    SetRole {
        /// As typed.
        name: String,
        /// The one role that the account has from then on.
        role: BlogRole,
    },
    /// `user sign-out NAME`
    SignOut {
        /// As typed.
        name: String,
    },
    /// `user disable NAME`
    Disable {
        /// As typed.
        name: String,
    },
    /// `keys rotate`
    RotateKeys,
}

impl Command {
    /// Reads the program's arguments, its own name left out.
    ///
    /// # Errors
    /// One line that says what can be asked instead.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, CommandError> {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        Ok(Self::Operator(match words.as_slice() {
            [] => return Ok(Self::Serve),
            ["user", "list"] => Order::ListUsers,
            ["user", "set-role", name, role] => Order::SetRole {
                name: (*name).to_owned(),
                role: BlogRole::from_name(role)
                    .ok_or_else(|| CommandError::Role((*role).to_owned()))?,
            },
            ["user", "sign-out", name] => Order::SignOut { name: (*name).to_owned() },
            ["user", "disable", name] => Order::Disable { name: (*name).to_owned() },
            ["keys", "rotate"] => Order::RotateKeys,
            _ => return Err(CommandError::Usage),
        }))
    }
}

/// Why the arguments mean nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No such command.
    #[error(
        "write nothing to serve, or one of: user list, user set-role NAME ROLE, user sign-out NAME, user disable NAME, keys rotate"
    )]
    Usage,
    /// No such role.
    #[error("{0:?} is no role; write guest, moderator or admin")]
    Role(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, CommandError> {
        Command::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_contracts_commands_are_understood() {
        assert_eq!(parse("").unwrap(), Command::Serve);
        assert_eq!(parse("user list").unwrap(), Command::Operator(Order::ListUsers));
        assert_eq!(parse("keys rotate").unwrap(), Command::Operator(Order::RotateKeys));
        let name = "ann".to_owned();
        let role = BlogRole::Moderator;
        assert_eq!(
            parse("user set-role ann moderator").unwrap(),
            Command::Operator(Order::SetRole { name, role })
        );
    }

    #[test]
    fn anything_else_is_answered_with_what_there_is() {
        for line in [
            "user",
            "user list ann",
            "user set-role ann",
            "keys",
            "serve",
            "-h",
            "user sign-out",
            "user disable a b",
        ] {
            assert!(matches!(parse(line), Err(CommandError::Usage)), "{line}");
        }
        assert!(matches!(parse("user set-role ann Admin"), Err(CommandError::Role(_))));
    }
}
