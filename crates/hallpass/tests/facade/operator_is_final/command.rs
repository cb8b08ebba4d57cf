//! The operator's commands on an account, and the properties that must hold afterwards.

use hallpass::{AccountsErrorKind, Hallpass};

use super::{
    fleet::{Fleet, Held},
    own_change::Ready,
};
use crate::site::SiteRole;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    SetRole,
    Disable,
    LogOut,
    /// The account's row is deleted with SQL, without a notification of the nodes.
    DeleteAccount,
    /// The row of the person's session is deleted with SQL, without a notification of the nodes.
    DeleteSession,
}

/// The time at which a command deleted a row, relative to the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Row {
    /// No row was deleted.
    Kept,
    /// The row was deleted before the change wrote anything.
    DeletedBefore,
    /// The row was deleted after the change was committed. The tokens that the change returned
    /// belong to a session that had a row, which the refresh token proves.
    DeletedAfter,
}

/// A fault that must not exist after the command, once every node has read the revocation log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fault {
    /// A node accepts an access token with a role that the account's row does not have.
    StaleRole,
    /// A node accepts an access token of a disabled account, or its refresh token refreshes.
    LiveDisabled,
    /// A node accepts an access token from before the logout, or a refresh token refreshes.
    LiveLoggedOut,
    /// A token without a row: it was issued after the row was deleted, its session has no row, or
    /// its refresh token refreshes.
    WithoutRow,
    /// The change wrote to the account after a command that ends its session.
    WroteAfter,
}

impl Command {
    pub(super) const ALL: [Self; 5] =
        [Self::SetRole, Self::Disable, Self::LogOut, Self::DeleteAccount, Self::DeleteSession];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SetRole => "set role",
            Self::Disable => "disable",
            Self::LogOut => "log out everywhere",
            Self::DeleteAccount => "account row deleted",
            Self::DeleteSession => "session row deleted",
        }
    }

    /// Returns whether the command ends the session in which the change is made. The change must
    /// then write nothing after the command.
    pub(super) fn ends_the_session(self) -> bool {
        matches!(self, Self::Disable | Self::LogOut)
    }

    /// Runs the command with this handle, or with SQL in the database.
    pub(super) async fn give(self, fleet: &Fleet, by: &Hallpass<SiteRole>, ready: &Ready) -> Row {
        let id = &ready.person.id;
        let seen = match self {
            Self::SetRole => {
                by.set_roles(id, [SiteRole::Guest]).await.unwrap();
                return Row::Kept;
            }
            Self::Disable => {
                by.disable(id).await.unwrap();
                return Row::Kept;
            }
            Self::LogOut => {
                by.log_out_everywhere(id).await.unwrap();
                return Row::Kept;
            }
            Self::DeleteAccount => fleet.sql.delete_account(id).await,
            Self::DeleteSession => fleet.sql.delete_session(id, &ready.session).await,
        };
        match seen == Some(i64::from(ready.generation)) {
            true => Row::DeletedBefore,
            false => Row::DeletedAfter,
        }
    }

    /// Checks every token that the person may have, on every node. `new` contains the tokens that
    /// the change returned.
    ///
    /// If a row was deleted with SQL, access tokens that were issued before are accepted until they
    /// expire, because the nodes are not notified of the deletion.
    pub(super) async fn faults(
        self,
        fleet: &Fleet,
        ready: &Ready,
        new: Option<&Held>,
        row: Row,
        asked: usize,
    ) -> Vec<Fault> {
        fleet.caught_up().await;
        let mut faults = Vec::new();
        let account = fleet.account(&ready.person.id).await;
        match (self, &account) {
            (Self::SetRole, Some(account)) => assert_eq!(account.roles(), ["guest"]),
            (Self::Disable, Some(account)) => assert!(account.disabled()),
            (Self::DeleteAccount, found) => assert!(found.is_none()),
            (_, found) => assert!(found.is_some()),
        }
        let roles = account.as_ref().map_or(&[][..], |account| account.roles());
        // An access token without a refresh token belongs to a session that has no row.
        let of_no_row = |new: &Held| row == Row::DeletedBefore || new.refresh.is_none();
        if row != Row::Kept && new.is_some_and(of_no_row) {
            faults.push(Fault::WithoutRow);
        }
        let mut held: Vec<_> = new.into_iter().chain([&ready.person.tokens]).collect();
        // If only one session is ended, another session of the person continues.
        held.extend(ready.other.as_ref().filter(|_| self != Self::DeleteSession));
        for held in &held {
            self.judge(fleet, &held.access, roles, &mut faults).await;
        }
        // Checked last, because a refresh token that is presented twice ends its session.
        for refresh in held.iter().filter_map(|held| held.refresh.as_ref()) {
            let node = &fleet.nodes[asked % fleet.nodes.len()];
            match node.accounts().refresh(refresh.as_bytes()).await {
                Ok(tokens) if self == Self::SetRole => {
                    self.judge(fleet, tokens.access.as_str(), roles, &mut faults).await;
                }
                Ok(_) => faults.push(self.fault()),
                Err(error) => assert_eq!(error.kind(), AccountsErrorKind::NotLoggedIn),
            }
        }
        faults.sort_unstable();
        faults.dedup();
        faults
    }

    /// Checks an access token on every node.
    async fn judge(self, fleet: &Fleet, access: &str, roles: &[String], faults: &mut Vec<Fault>) {
        for accepted in fleet.accepted(access) {
            match self {
                Self::SetRole => {
                    if !accepted.roles.iter().all(|role| roles.contains(role)) {
                        faults.push(Fault::StaleRole);
                    }
                    if !fleet.has_session(&accepted.session).await {
                        faults.push(Fault::WithoutRow);
                    }
                }
                Self::Disable | Self::LogOut => faults.push(self.fault()),
                Self::DeleteAccount | Self::DeleteSession => {}
            }
        }
    }

    /// Returns the fault if a token of the account is accepted after this command.
    fn fault(self) -> Fault {
        match self {
            Self::SetRole => Fault::StaleRole,
            Self::Disable => Fault::LiveDisabled,
            Self::LogOut => Fault::LiveLoggedOut,
            Self::DeleteAccount | Self::DeleteSession => Fault::WithoutRow,
        }
    }
}
