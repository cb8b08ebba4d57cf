//! What the blog's own pages read about accounts, and the one thing that they change.

use hallpass::flow::Commands;
use hallpass::store::{AccountStore, AdministrationStore, SessionStore};
use hallpass::{AccountId, Clock, Role, SystemClock, Username};

use crate::{Admin, BlogRole, Failure, Person, Profile, Site, Viewer};

impl Site {
    /// The profile of whoever is signed in, in this session. The token knows name and roles; the
    /// rest is read, since this page is about it.
    ///
    /// # Errors
    /// The store fails, or the account is gone.
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

    /// Everyone with an account, a hundred at a time, by name: those after this one.
    ///
    /// # Errors
    /// The store fails.
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

    /// Gives somebody a role, in the place of all others, on behalf of an administrator. Whoever
    /// had another role logs in again.
    ///
    /// # Errors
    /// The store fails, nobody has this name, or the administrator was demoted, disabled or logged
    /// out meanwhile.
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

/// People on a page.
const PAGE: u32 = 100;
