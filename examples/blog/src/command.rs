//! The commands of the command line.

use hallpass::Role;

use crate::BlogRole;

/// A parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serves the blog.
    Serve,
    /// Runs an operator's command. A server may be running at the same time.
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
        /// The user name as it was entered.
        name: String,
        /// The role that replaces all roles of the account.
        role: BlogRole,
    },
    /// `user sign-out NAME`
    SignOut {
        /// The user name as it was entered.
        name: String,
    },
    /// `user disable NAME`
    Disable {
        /// The user name as it was entered.
        name: String,
    },
    /// `keys rotate`
    RotateKeys,
}

impl Command {
    /// Parses the program's arguments, without the name of the program.
    ///
    /// # Errors
    /// If the arguments are not a command, or name a role that does not exist. The error lists the
    /// commands or the roles.
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

/// The reason why the arguments are not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The command does not exist.
    #[error(
        "not a command of the blog; use no arguments to start the server, or one of: `user list`, `user set-role NAME ROLE`, `user sign-out NAME`, `user disable NAME`, `keys rotate`"
    )]
    Usage,
    /// The role does not exist.
    #[error("{0:?} is not a role; use guest, moderator or admin")]
    Role(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, CommandError> {
        Command::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn documented_commands_are_parsed() {
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
    fn unknown_commands_and_roles_are_rejected() {
        for line in ["user", "keys", "serve", "-h"] {
            assert!(matches!(parse(line), Err(CommandError::Usage)), "{line}");
        }
        for order in ["list ann", "set-role ann", "sign-out", "disable a b"] {
            let line = format!("user {order}");
            assert!(matches!(parse(&line), Err(CommandError::Usage)), "{line}");
        }
        assert!(matches!(parse("user set-role ann Admin"), Err(CommandError::Role(_))));
    }
}
