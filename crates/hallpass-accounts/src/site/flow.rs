//! Commands on the whole site.

use hallpass_core::{KeyFacts, KeyId, KeyPurpose, KeyRing, Role, UnixTime};

use crate::{
    accounts::Accounts,
    error::AccountsError,
    event::Event,
    revocation::store::{Cursor, Revocation},
    site::store::{KeyCheck, StoreFacts},
    store::{StoreFault, offered},
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

    /// Accepts that keys of the store are lost: forgets their check values, so that
    /// the nodes start with the keys that they have. Returns the number of lost keys.
    ///
    /// Secrets under a lost key cannot be decrypted: each second factor must be removed or
    /// logged in to with a recovery code, and a password under a lost pepper must be reset.
    ///
    /// # Errors
    /// [`NotOffered`](crate::AccountsErrorKind::NotOffered) without a
    /// [`SiteStore`](crate::SiteStore), and the errors of the store.
    pub async fn accept_lost_keys(&self) -> Result<usize, AccountsError> {
        let stores = self.stores();
        let site = offered(stores.site.as_ref())?;
        let own = self.key_checks();
        let recorded = stores.ask("read key checks", site.key_checks()).await?;
        let lost = without(&recorded, &own);
        stores.ask("forget key checks", site.forget_key_checks(&lost)).await?;
        Ok(lost.len())
    }

    /// Forgets the check values of keys that were retired, so that nodes without them start. `ring`
    /// still contains the keys. Without a [`SiteStore`](crate::SiteStore) there is nothing to do.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn forget_key_checks(
        &self,
        ring: &KeyRing,
        retired: &[KeyId],
    ) -> Result<(), AccountsError> {
        let stores = self.stores();
        let Some(site) = &stores.site else { return Ok(()) };
        let checks = checks_of(ring, self.now(), |key| retired.contains(key.id));
        stores.ask("forget key checks", site.forget_key_checks(&checks)).await
    }

    /// Returns the check values of this node's encryption keys and peppers.
    fn key_checks(&self) -> Vec<KeyCheck> {
        checks_of(&self.issuer().keys().current(), self.now(), |_| true)
    }

    pub(crate) async fn lacking_keys(&self) -> Result<usize, StoreFault> {
        let stores = self.stores();
        let Some(site) = &stores.site else { return Ok(0) };
        let own = self.key_checks();
        let recorded = stores.within_bound(site.key_checks()).await?;
        Ok(without(&recorded, &own).len())
    }

    /// Records the check values of this node's encryption keys and peppers. Returns the number of
    /// keys that the store was used with and that this node lacks.
    pub(crate) async fn compare_keys(&self) -> Result<usize, StoreFault> {
        let stores = self.stores();
        let Some(site) = &stores.site else { return Ok(0) };
        let own = self.key_checks();
        let recorded = stores.within_bound(site.key_checks()).await?;
        let (new, missing) = (without(&own, &recorded), without(&recorded, &own));
        let missing = if missing.is_empty() || stores.within_bound(site.has_accounts()).await? {
            missing.len()
        } else {
            // Nothing was encrypted yet: the keys were replaced before the first account.
            stores.within_bound(site.forget_key_checks(&missing)).await?;
            0
        };
        // A node that lacks keys has those of another site.
        if missing == 0 && !new.is_empty() {
            stores.within_bound(site.record_key_checks(&new, self.latest())).await?;
        }
        Ok(missing)
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

/// Returns the check values of a ring's encryption keys and peppers for which `wanted` is true.
fn checks_of(
    ring: &KeyRing,
    now: UnixTime,
    wanted: impl Fn(&KeyFacts<'_>) -> bool,
) -> Vec<KeyCheck> {
    let lasting = ring.facts(now).filter(|key| key.purpose != KeyPurpose::Signature);
    let check = |key: KeyFacts<'_>| KeyCheck {
        value: key.check_value.to_string(),
        used_for: key.purpose.as_str().to_owned(),
    };
    lasting.filter(wanted).map(check).collect()
}

/// Returns the keys of the first list that the second one lacks.
fn without(keys: &[KeyCheck], others: &[KeyCheck]) -> Vec<KeyCheck> {
    keys.iter().filter(|key| !others.contains(key)).cloned().collect()
}
