//! Known browsers, in the order in which they were created.

use std::cmp::Reverse;

use hallpass_accounts::{
    AccountId, BrowserHash, BrowserLogin, BrowserStore, KnownBrowser, WhichBrowsers,
};
use hallpass_core::UnixTime;

use super::{Down, MemoryStore, State};

impl BrowserStore for MemoryStore {
    async fn remember(&self, login: &BrowserLogin) -> Result<(), Down> {
        let mut state = self.lock()?;
        if !state.rows.contains_key(&login.account) {
            return Ok(());
        }
        if let Some(old) = login.replaces.filter(|old| *old != login.browser) {
            state.move_browser(old, login.browser);
        }
        state.write_browser(login);
        let browser = login.browser;
        state.forget_surplus(KnownBrowser::MAX_PER_ACCOUNT, |account, row| {
            *account == login.account && row.browser != browser
        });
        state.forget_surplus(KnownBrowser::MAX_ACCOUNTS, |account, row| {
            *account != login.account && row.browser == browser
        });
        Ok(())
    }

    async fn find(
        &self,
        account: &AccountId,
        browser: &BrowserHash,
        credential: u32,
    ) -> Result<Option<KnownBrowser>, Down> {
        let mut state = self.lock()?;
        let row = state.browser(account, browser);
        Ok(row.filter(|row| row.credential == credential).cloned())
    }

    async fn list(&self, account: &AccountId) -> Result<Vec<KnownBrowser>, Down> {
        let state = self.lock()?;
        let of_account = state.browsers.iter().filter(|(of, _)| of == account);
        let mut rows: Vec<_> = of_account.map(|(_, row)| row.clone()).collect();
        rows.sort_by_key(|row| (Reverse(row.last_used), row.id));
        Ok(rows)
    }

    async fn untrust(&self, account: &AccountId, browser: &BrowserHash) -> Result<(), Down> {
        if let Some(row) = self.lock()?.browser(account, browser) {
            row.trusted_until = None;
        }
        Ok(())
    }

    async fn forget(&self, account: &AccountId, which: WhichBrowsers) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let before = state.browsers.len();
        state.browsers.retain(|(of, row)| {
            let selected = match which {
                WhichBrowsers::One(id) => row.id == id,
                WhichBrowsers::All => true,
            };
            of != account || !selected
        });
        Ok((before - state.browsers.len()) as u64)
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let mut left = limit;
        state.browsers.retain(|(_, row)| {
            let trusted_until = row.trusted_until.unwrap_or(row.last_used);
            let end = row.last_used.saturating_add(KnownBrowser::KEPT).max(trusted_until);
            let is_kept = end > now || left == 0;
            left -= u32::from(!is_kept);
            is_kept
        });
        Ok(u64::from(limit - left))
    }
}

impl State {
    fn browser(&mut self, account: &AccountId, browser: &BrowserHash) -> Option<&mut KnownBrowser> {
        let mut rows = self.browsers.iter_mut();
        let found = rows.find(|(of, row)| of == account && row.browser == *browser);
        found.map(|(_, row)| row)
    }

    /// Keeps the browser known after a change that has raised the credential number.
    pub(super) fn keep_known(&mut self, account: &AccountId, browser: BrowserHash) {
        let Some(now) = self.rows.get(account).map(|row| row.numbers.credential) else { return };
        if let Some(row) = self.browser(account, &browser)
            && row.credential + 1 == now
        {
            (row.credential, row.trusted_until) = (now, None);
        }
    }

    fn move_browser(&mut self, old: BrowserHash, new: BrowserHash) {
        let moving: Vec<AccountId> = self
            .browsers
            .iter()
            .filter(|(_, row)| row.browser == old)
            .map(|(account, _)| account.clone())
            .collect();
        self.browsers.retain(|(of, row)| row.browser != new || !moving.contains(of));
        for (_, row) in self.browsers.iter_mut().filter(|(_, row)| row.browser == old) {
            row.browser = new;
        }
    }

    fn write_browser(&mut self, login: &BrowserLogin) {
        let new = KnownBrowser::new(
            login.id,
            login.browser,
            login.credential,
            login.name.clone(),
            login.at,
            login.at,
        )
        .with_trusted_until(login.trusted_until);
        match self.browser(&login.account, &login.browser) {
            Some(row) => {
                let kept = row.trusted_until.filter(|_| row.credential == login.credential);
                let trusted_until = login.trusted_until.or(kept);
                let (id, created) = (row.id, row.created);
                *row = new.with_trusted_until(trusted_until);
                (row.id, row.created) = (id, created);
            }
            None => self.browsers.push((login.account.clone(), new)),
        }
    }

    /// Deletes the least recently used of these rows, until there are fewer than `limit`.
    fn forget_surplus(&mut self, limit: u32, counts: impl Fn(&AccountId, &KnownBrowser) -> bool) {
        loop {
            let counted = || self.browsers.iter().filter(|(account, row)| counts(account, row));
            if counted().count() < limit as usize {
                return;
            }
            let oldest = counted().map(|(_, row)| (row.last_used, Reverse(row.id))).min();
            self.browsers.retain(|(account, row)| {
                !counts(account, row) || Some((row.last_used, Reverse(row.id))) != oldest
            });
        }
    }
}
