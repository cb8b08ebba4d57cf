//! Commands on the whole site.

use hallpass_core::Role;

use crate::{
    accounts::Accounts,
    error::AccountsError,
    event::Event,
    revocation::store::Revocation,
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
}
