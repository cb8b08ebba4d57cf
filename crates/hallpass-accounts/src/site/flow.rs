//! Commands on the whole site.

use hallpass_core::Role;

use crate::{
    accounts::Accounts,
    error::AccountsError,
    event::Event,
    revocation::store::{Cursor, Revocation},
    site::store::StoreFacts,
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Ends every session of the site. This node rejects all access and refresh tokens that were
    /// issued before immediately. The other nodes reject them once they have read the revocation
    /// log. Returns the new epoch of the site.
    ///
    /// # Errors
    /// [`NotOffered`](crate::AccountsErrorKind::NotOffered) without a
    /// [`SiteStore`](crate::SiteStore), and the errors of the store.
    pub async fn end_all_sessions(&self) -> Result<u64, AccountsError> {
        let store = offered(self.stores().site.as_ref())?;
        let at = self.latest();
        let epoch = self.stores().ask("raise epoch", store.raise_epoch(at)).await?;
        self.revoked(Revocation::EpochRaised { epoch, at });
        self.events().happened(Event::EpochRaised { epoch });
        self.publish_now().await;
        Ok(epoch)
    }

    /// Accepts the store as it is now, after a backup was restored or a failover lost revocations:
    /// ends every session of the site and makes the nodes ready again. Returns the new epoch.
    ///
    /// Passwords, roles and second factors are those of the backup. Tell people which changes were
    /// lost.
    ///
    /// # Errors
    /// The errors of [`end_all_sessions`](Self::end_all_sessions).
    pub async fn accept_restore(&self) -> Result<u64, AccountsError> {
        let stores = self.stores();
        let store = offered(stores.site.as_ref())?;
        let log = offered(stores.revocation_log.as_ref())?;
        // The epoch first: if this process ends in between, no session is live.
        let epoch = self.end_all_sessions().await?;
        let page = stores.ask("read facts", log.read_after(Cursor::START)).await?;
        if let Some(StoreFacts { recorded, observed: Some(observed), .. }) = page.facts {
            let record = store.record_incarnation(recorded.as_ref(), &observed);
            stores.ask("record incarnation", record).await?;
        }
        Ok(epoch)
    }
}
