//! The store trait of known browsers.

use std::{future::Future, time::Duration};

use hallpass_core::UnixTime;

use crate::{
    account::{AccountId, store::AccountStore},
    browser::{BrowserHash, BrowserId, BrowserName},
};

/// Keeps the browsers in which an account has logged in.
///
/// A store identifies a browser by the [hash](BrowserHash) of its cookie, and never receives the
/// cookie.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store known browsers: it does not implement `BrowserStore`",
    label = "`BrowserStore` is not implemented for this type",
    note = "write `impl BrowserStore for {Self}`, or leave `StoreSet::browsers` at `None`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait BrowserStore: AccountStore {
    /// Writes the row of a login that ended well, in **one transaction**:
    ///
    /// 1. If the login [replaces](BrowserLogin::replaces) a cookie value, the rows of all accounts
    ///    in that browser move to the new value. A moved row replaces a row of the same account.
    /// 2. The row of this account in this browser is created. If it exists, its id and its time of
    ///    creation stay, and the other values are replaced. Without a new
    ///    [`trusted_until`](BrowserLogin::trusted_until) the trust stays if the row has the
    ///    credential number of the login, and ends otherwise.
    /// 3. Other rows are deleted, least recently used first, until the account has
    ///    [`KnownBrowser::MAX_PER_ACCOUNT`] and the browser
    ///    [`KnownBrowser::MAX_ACCOUNTS`]. The written row stays, even if a clock was set back.
    ///
    /// Has no effect for an account that does not exist.
    ///
    /// **Atomic:** of any number of concurrent calls the limits hold, and an account has one row
    /// per browser.
    ///
    /// # Errors
    /// The error of the store.
    fn remember(
        &self,
        login: &BrowserLogin,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Finds the row of the account in this browser. Returns `None` if its credential number is not
    /// `credential`: the browser then counts as unknown.
    ///
    /// # Errors
    /// The error of the store.
    fn find(
        &self,
        account: &AccountId,
        browser: &BrowserHash,
        credential: u32,
    ) -> impl Future<Output = Result<Option<KnownBrowser>, Self::Error>> + Send;

    /// Lists all rows of the account, most recently used first. Rows with an earlier credential
    /// number are included.
    ///
    /// # Errors
    /// The error of the store.
    fn list(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Vec<KnownBrowser>, Self::Error>> + Send;

    /// Ends the trust in this browser for this account. The browser stays known. A logout calls
    /// this.
    ///
    /// # Errors
    /// The error of the store.
    fn untrust(
        &self,
        account: &AccountId,
        browser: &BrowserHash,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes rows of the account. Returns their number. The account's id is a condition of the
    /// statement, so that nobody deletes a row of another account by its id.
    ///
    /// # Errors
    /// The error of the store.
    fn forget(
        &self,
        account: &AccountId,
        which: WhichBrowsers,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Deletes up to `limit` rows of all accounts that have expired at `now`, and returns their
    /// number: [`KnownBrowser::KEPT`] has passed since the last login, and the trust has ended. A
    /// store may keep a row up to 30 days longer. Rows that another transaction has locked are
    /// skipped.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// A login that ended well, in a browser.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BrowserLogin {
    /// A new random id. It is used if the row does not exist.
    pub id: BrowserId,
    /// The account that logged in.
    pub account: AccountId,
    /// The browser.
    pub browser: BrowserHash,
    /// The credential number of the account.
    pub credential: u32,
    /// The name of the browser.
    pub name: BrowserName,
    /// The time of the login.
    pub at: UnixTime,
    /// The end of the trust that this login grants. `None` grants no new trust.
    pub trusted_until: Option<UnixTime>,
    /// The earlier cookie value of this browser, whose rows move to [`browser`](Self::browser).
    ///
    /// A login that grants trust draws a new cookie value. Another host of the same domain may have
    /// set the old value (session fixation), and would otherwise be trusted too.
    pub replaces: Option<BrowserHash>,
    /// Whether [`find`](BrowserStore::find) has returned the row during this login. It is only a
    /// hint that the row exists, so that a store may try to update it first.
    pub is_known: bool,
}

impl BrowserLogin {
    /// Creates the description of a login that grants no trust.
    #[must_use]
    pub fn new(
        id: BrowserId,
        account: AccountId,
        browser: BrowserHash,
        credential: u32,
        name: BrowserName,
        at: UnixTime,
    ) -> Self {
        Self {
            id,
            account,
            browser,
            credential,
            name,
            at,
            trusted_until: None,
            replaces: None,
            is_known: false,
        }
    }

    /// Sets whether the row was found during this login. Defaults to `false`.
    #[must_use]
    pub fn known(mut self, is_known: bool) -> Self {
        self.is_known = is_known;
        self
    }

    /// Grants trust until a time, and moves the rows of the earlier cookie value.
    #[must_use]
    pub fn granting_trust(mut self, until: UnixTime, replaces: BrowserHash) -> Self {
        self.trusted_until = Some(until);
        self.replaces = Some(replaces);
        self
    }
}

/// A browser in which an account has logged in.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KnownBrowser {
    /// The id of the row.
    pub id: BrowserId,
    /// The browser.
    pub browser: BrowserHash,
    /// The credential number of the account at the last login.
    pub credential: u32,
    /// The name of the browser at the last login.
    pub name: BrowserName,
    /// The time of the first login.
    pub created: UnixTime,
    /// The time of the last login.
    pub last_used: UnixTime,
    /// The end of the trust. `None` is a browser that is not a trusted device. A store returns a
    /// time in the past unchanged.
    pub trusted_until: Option<UnixTime>,
}

impl KnownBrowser {
    /// Maximum number of browsers per account.
    pub const MAX_PER_ACCOUNT: u32 = 20;
    /// Maximum number of accounts per browser. Without it one cookie could be made known to any
    /// number of accounts.
    pub const MAX_ACCOUNTS: u32 = 5;
    /// The time for which a row is kept after the last login: 180 days, the lifetime of the browser
    /// cookie. Without the cookie nobody can use the row.
    pub const KEPT: Duration = Duration::from_secs(180 * 24 * 3600);

    /// Creates the description of a stored row that has no trust.
    #[must_use]
    pub fn new(
        id: BrowserId,
        browser: BrowserHash,
        credential: u32,
        name: BrowserName,
        created: UnixTime,
        last_used: UnixTime,
    ) -> Self {
        Self { id, browser, credential, name, created, last_used, trusted_until: None }
    }

    /// Sets the end of the trust. Defaults to `None`.
    #[must_use]
    pub fn with_trusted_until(mut self, until: Option<UnixTime>) -> Self {
        self.trusted_until = until;
        self
    }
}

/// The rows that [`BrowserStore::forget`] deletes.
///
/// Exhaustive, because a store handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhichBrowsers {
    /// The row with this id.
    One(BrowserId),
    /// All rows of the account.
    All,
}
