//! The account data that the blog's own pages read, and the role change of the people page.

use hallpass::flow::Commands;
use hallpass::store::{AccountStore, AdministrationStore, SessionStore};
use hallpass::{AccountId, Clock, Role, SystemClock, Username};

use crate::{Admin, BlogRole, Failure, Person, Profile, Site, Viewer};

impl Site {
    /// Returns the profile of the person who is logged in. Name and roles are in the token; the
    /// second factor and the sessions are read from the store.
    ///
    /// # Errors
    /// If the store fails or the account does not exist.
    pub async fn profile(
        &self,
        user_id: &str,
        viewer: Viewer,
        session: Option<&str>,
    ) -> Result<Profile, Failure> {
        let id = AccountId::new(user_id);
        let account =
            self.store.by_id(&id).await.map_err(Failure::store)?.ok_or(Failure::NotFound)?;
        let sessions = SessionStore::list(&self.store, &id, SystemClock.now())
            .await
            .map_err(Failure::store)?;
        Ok(Profile {
            id: user_id.to_owned(),
            username: viewer.username,
            roles: viewer.roles.iter().map(|role| role.name()).collect(),
            second_factor: account.second_factor().is_some(),
            sessions,
            session: session.map(str::to_owned),
        })
    }

    /// Returns a page of at most 100 accounts in the order of their names. The page begins after
    /// the name `after`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn people(&self, after: Option<&str>) -> Result<Admin, Failure> {
        let after = after.and_then(|name| Username::parse(name).ok());
        let mut accounts = AdministrationStore::list(&self.store, after.as_ref(), PAGE + 1)
            .await
            .map_err(Failure::store)?;
        let more = accounts.len() > PAGE as usize;
        accounts.truncate(PAGE as usize);
        Ok(Admin {
            people: accounts.iter().map(Person::from).collect(),
            roles: BlogRole::ALL.iter().map(|role| role.name()).collect(),
            more,
        })
    }

    /// Replaces all roles of an account with one role, on behalf of an administrator. If the roles
    /// change, the person has to log in again.
    ///
    /// # Errors
    /// If the store fails, if no account has this name, or if the administrator was demoted,
    /// disabled or logged out in the meantime.
    pub async fn give_role(
        &self,
        administrator: Commands<'_, BlogRole>,
        username: &str,
        role: BlogRole,
    ) -> Result<(), Failure> {
        let username = Username::parse(username).map_err(|_| Failure::NotFound)?;
        let account = self
            .store
            .by_username(&username)
            .await
            .map_err(Failure::store)?
            .ok_or(Failure::NotFound)?;
        administrator
            .set_roles(account.id(), [role])
            .await
            .map_err(|error| Failure::command(&error))
    }
}

/// Accounts per page.
const PAGE: u32 = 100;
