//! Finding the browser of a login, and writing its row after a login that ended well.

use hallpass_core::{Methods, Role};

use crate::{
    account::{Account, AccountId},
    accounts::Accounts,
    browser::{
        BrowserCookie, BrowserHash, BrowserId, BrowserName,
        store::{BrowserLogin, KnownBrowser},
    },
    error::AccountsError,
    random::draw,
    visitor::Visitor,
};

impl<R: Role> Accounts<R> {
    /// Draws the value of a new browser cookie, for a page with a form.
    ///
    /// # Errors
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable) if no random bytes are available.
    pub fn new_browser_cookie(&self) -> Result<BrowserCookie, AccountsError> {
        draw(self.random()).map(BrowserCookie::from_random).map_err(AccountsError::unavailable)
    }

    /// Finds the browser of a login. Without an account a row that does not exist is read, so that
    /// the time of the response does not show whether an account exists.
    pub(crate) async fn known_browser(
        &self,
        account: Option<&Account>,
        browser: &BrowserHash,
    ) -> Result<Option<KnownBrowser>, AccountsError> {
        let Some(store) = &self.stores().browsers else { return Ok(None) };
        let nobody = AccountId::new("");
        let (id, credential) = match account {
            Some(account) => (account.id(), account.numbers().credential),
            None => (&nobody, 0),
        };
        let found = self.stores().ask("find browser", store.find(id, browser, credential)).await?;
        Ok(found.filter(|_| account.is_some()))
    }

    /// Writes the row of a login that ended well, and returns the cookie value to set, if it is a
    /// new one.
    ///
    /// A client that sends no browser cookie gets one, but no row until it sends the cookie at a
    /// later login: a script that keeps no cookies would otherwise displace the browsers of the
    /// account. An error of the store is logged, and the browser stays unknown.
    pub(crate) async fn remember_browser(
        &self,
        account: &Account,
        shown: Methods,
        is_known: bool,
        visitor: &Visitor<'_>,
    ) -> Result<Option<BrowserCookie>, AccountsError> {
        let Some(store) = &self.stores().browsers else { return Ok(None) };
        let trust = self
            .settings()
            .trust_devices
            .filter(|_| visitor.remember && shown.includes_second_factor());
        let fresh = match (visitor.browser, trust) {
            (Some(_), None) => None,
            _ => Some(self.new_browser_cookie()?),
        };
        let browser = match (&fresh, visitor.browser, trust) {
            (Some(fresh), _, Some(_)) => fresh.hash(),
            (_, Some(browser), _) => browser,
            (_, None, _) => return Ok(fresh),
        };
        let at = self.store_now();
        let id = draw(self.random()).map(BrowserId::from_random);
        let mut login = BrowserLogin::new(
            id.map_err(AccountsError::unavailable)?,
            account.id().clone(),
            browser,
            account.numbers().credential,
            BrowserName::from_user_agent(visitor.device),
            at,
        )
        .known(is_known);
        if let Some(time) = trust {
            let old = visitor.browser.unwrap_or(browser);
            login = login.granting_trust(at.saturating_add(time), old);
        }
        let written = self.stores().ask("remember browser", store.remember(&login)).await;
        Ok(fresh.filter(|_| written.is_ok()))
    }

    /// Ends the trust in the browser of this handle. The browser stays known. An error of the store
    /// is logged.
    pub(crate) async fn end_trust_here(&self, account: &AccountId) {
        if let (Some(store), Some(browser)) = (&self.stores().browsers, self.browser()) {
            let _logged = self.stores().ask("end trust", store.untrust(account, &browser)).await;
        }
    }

    /// Ends the trust in every browser of the account. An error of the store is logged.
    pub(crate) async fn end_all_trust(&self, account: &AccountId) {
        let Some(store) = &self.stores().browsers else { return };
        let Ok(rows) = self.stores().ask("list browsers", store.list(account)).await else {
            return;
        };
        for row in rows.iter().filter(|row| row.trusted_until.is_some()) {
            let untrust = store.untrust(account, &row.browser);
            let _logged = self.stores().ask("end trust", untrust).await;
        }
    }
}
