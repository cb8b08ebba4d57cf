//! The budget of wrong codes after a right password, on every route that takes a code.
//!
//! A code of six digits has a million values, and two of them are accepted at a time. A guesser who
//! knows the password lacks nothing else, so with a limit that regains attempts a hit is a question
//! of time. Therefore the totals are final (NIST SP 800-63B-4, section 3.2.2): per account and
//! credential number 100 wrong codes from unknown browsers, and 100 from all known browsers and
//! sessions together. The probability of a hit is then at most
//! 200 · 2 / 10⁶ = 0.04 % in all. Tested in `tests/flow/year.rs`.
//!
//! - A known browser with 20 wrong codes loses its row. A session with 20 takes no more.
//! - Waits limit the speed, per network or known browser, so that the owner has the time to react
//!   to [`Event::CodesGuessed`].
//! - A right code clears the waits, and no total. Only a new credential number does: a change of
//!   the password or the factor, and an operator who logs the account out.
//! - A recovery code has 120 random bits. It counts on none of these budgets.

use std::{net::IpAddr, time::Duration};

use hallpass_core::{Role, UnixTime};

use crate::{
    account::{Account, AccountId},
    accounts::Accounts,
    browser::{BrowserId, store::WhichBrowsers},
    error::AccountsError,
    event::{Event, RateLimitKind},
    login::mfa_required::CodeOrigin,
    rate_limit::{
        LimitedKey, RateLimit, TakeAllOutcome,
        counted::{Counted, OnSuccess, Taken},
        limits::{Full, RateLimits, limited, one, take},
        network::{Network, networks_of_account},
    },
    store::StoreSet,
};

/// The place that a code comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CodeFrom<'a> {
    /// A browser that the account does not know.
    Unknown,
    /// A browser in which the account logged in before.
    Known(BrowserId),
    /// A session that proves the person again.
    Session(Option<&'a str>),
}

impl<R: Role> Accounts<R> {
    /// Counts a code of the authenticator before it is checked. `peer` is the address of a login,
    /// and `on_address` whether the attempt has not been counted on it yet.
    pub(crate) async fn count_code(
        &self,
        account: &Account,
        from: CodeFrom<'_>,
        peer: Option<IpAddr>,
        on_address: bool,
    ) -> Result<Counted, AccountsError> {
        let (limits, stores, now) = (&self.settings().rate_limits, self.stores(), self.store_now());
        let keys = limits.code_keys(account, from, peer, on_address);
        let full = match limits.try_count(stores, keys, peer, now).await? {
            Ok(counted) => return Ok(counted),
            Err(full) => full,
        };
        if let (CodeFrom::Known(row), 1) = (from, full.key) {
            // The browser becomes unknown, and its person may continue in an unknown browser.
            self.forget_browser(account.id(), row).await?;
            let keys = limits.code_keys(account, CodeFrom::Unknown, peer, true);
            return limits.count_on(stores, keys, Some(account.id()), peer, now).await;
        }
        let Full { kind, retry_after, .. } = full;
        let (account, retry_after) = (account.id().clone(), retry_after.min(LONGEST_ADVICE));
        Err(limited(stores, kind, Some(account), peer, retry_after))
    }

    /// Counts a recovery code of a login. It counts on the address of an unknown browser only.
    pub(crate) async fn count_recovery_code(
        &self,
        from: CodeOrigin,
        is_counted: bool,
    ) -> Result<Counted, AccountsError> {
        let limits = &self.settings().rate_limits;
        let keys = match from.row {
            None if !is_counted => limits.address_keys(from.peer),
            _ => Vec::new(),
        };
        limits.count_on(self.stores(), keys, None, from.peer, self.store_now()).await
    }

    async fn forget_browser(
        &self,
        account: &AccountId,
        row: BrowserId,
    ) -> Result<(), AccountsError> {
        let Some(browsers) = &self.stores().browsers else { return Ok(()) };
        let forget = browsers.forget(account, WhichBrowsers::One(row));
        self.stores().ask("forget browser", forget).await.map(drop)
    }

    /// Reports the fifth wrong code of a credential number, once. An error of the store is only
    /// logged.
    pub(crate) async fn wrong_code(&self, account: &Account, peer: Option<IpAddr>) {
        let (stores, now) = (self.stores(), self.store_now());
        let key = of_account("code-alarm", account);
        if is_full(stores, &key, &final_limit(ALARM - 1), now).await
            && !is_full(stores, &format!("{key}:sent"), &final_limit(1), now).await
        {
            let account = account.id().clone();
            stores.events.happened(Event::CodesGuessed { account, peer });
        }
    }
}

/// Counts on the key. Returns whether it was full before. An error counts as not full.
async fn is_full(stores: &StoreSet, key: &str, limit: &RateLimit, now: UnixTime) -> bool {
    let taken = take(stores, "count", &[LimitedKey::new(key, limit)], now).await;
    matches!(taken, Ok(TakeAllOutcome::Blocked { .. }))
}

impl RateLimits {
    /// Returns the keys of a code. The second one of a known browser is the total of its row.
    fn code_keys(
        &self,
        account: &Account,
        from: CodeFrom<'_>,
        peer: Option<IpAddr>,
        on_address: bool,
    ) -> Vec<Taken> {
        let total = |key: String, codes| {
            one(key, &final_limit(codes), RateLimitKind::Code, OnSuccess::GiveBack)
        };
        let pace = |key: String, share| {
            one(key, &self.network.times(share), RateLimitKind::Code, OnSuccess::Clear)
        };
        let known = || total(of_account("code-known", account), TOTAL);
        match from {
            CodeFrom::Unknown => {
                let mut keys = if on_address { self.address_keys(peer) } else { Vec::new() };
                keys.push(total(of_account("code", account), TOTAL));
                for Network { text, share } in networks_of_account(peer).into_iter().rev() {
                    keys.push(pace(of_account(&format!("code-network:{text}"), account), share));
                }
                keys
            }
            CodeFrom::Known(row) => vec![
                known(),
                total(format!("code-browser:{row}"), PER_BROWSER),
                pace(format!("code-pace:{row}"), 1),
            ],
            CodeFrom::Session(Some(session)) => {
                vec![known(), total(format!("code-session:{session}"), PER_BROWSER)]
            }
            CodeFrom::Session(None) => vec![known()],
        }
    }
}

fn of_account(prefix: &str, account: &Account) -> String {
    format!("{prefix}:{}:{}", account.numbers().credential, account.id())
}

/// Returns a limit that no attempt is regained of within ten years.
fn final_limit(codes: u32) -> RateLimit {
    RateLimit::new(codes, NEVER).longest_wait(NEVER).regain_every(NEVER)
}

/// Wrong codes per account and credential number: from unknown browsers, and from known ones.
const TOTAL: u32 = 100;
/// Wrong codes per known browser or session.
const PER_BROWSER: u32 = 20;
/// The wrong code that is reported.
const ALARM: u32 = 5;
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// The longest wait that a response names: waiting does not help.
const LONGEST_ADVICE: Duration = Duration::from_secs(24 * 3600);
