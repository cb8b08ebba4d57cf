//! Checks of known browsers.

use std::sync::Arc;

use hallpass_accounts::{
    AccountId, BrowserHash, BrowserId, BrowserLogin, BrowserName, BrowserStore, KnownBrowser,
    PasswordChange, PasswordStore, RegistrationStore, WhichBrowsers,
};

use super::{
    fixture::{at, is_written, own, register},
    races::winners,
};

const PER_ACCOUNT: u16 = KnownBrowser::MAX_PER_ACCOUNT as u16;
const ACCOUNTS: u16 = KnownBrowser::MAX_ACCOUNTS as u16;

fn browser(number: u16) -> BrowserHash {
    let mut cookie = [0; 16];
    cookie[..2].copy_from_slice(&number.to_be_bytes());
    BrowserHash::of(&cookie)
}

/// Returns an id that differs for each account, browser and second.
fn row_id(account: &AccountId, browser: &BrowserHash, second: u64) -> BrowserId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&browser.as_bytes()[..4]);
    bytes[4..8].copy_from_slice(&u32::try_from(second).unwrap().to_be_bytes());
    for (place, byte) in account.as_str().bytes().enumerate() {
        bytes[8 + place % 8] = bytes[8 + place % 8].wrapping_mul(31).wrapping_add(byte);
    }
    BrowserId::from_random(bytes)
}

/// Returns a login at credential number 0.
fn login(account: &AccountId, browser: BrowserHash, second: u64) -> BrowserLogin {
    let id = row_id(account, &browser, second);
    let name = BrowserName::from_user_agent("Firefox");
    BrowserLogin::new(id, account.clone(), browser, 0, name, at(second))
}

/// Lists the browsers of an account, last used first.
async fn browsers<S: BrowserStore>(store: &S, account: &AccountId) -> Vec<BrowserHash> {
    let rows = store.list(account).await.unwrap();
    rows.into_iter().map(|row| row.browser).collect()
}

async fn found<S: BrowserStore>(
    store: &S,
    account: &AccountId,
    browser: &BrowserHash,
) -> Option<KnownBrowser> {
    store.find(account, browser, 0).await.unwrap()
}

pub async fn a_login_makes_its_browser_known<S: BrowserStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    assert_eq!(found(store, &alice, &browser(1)).await, None);
    assert_eq!(store.list(&alice).await.unwrap(), []);

    let mut new = login(&alice, browser(1), 5);
    new.name = BrowserName::from_user_agent(&"é'\"".repeat(200));
    new.credential = u32::MAX;
    store.remember(&new).await.unwrap();
    let expected = KnownBrowser::new(new.id, browser(1), u32::MAX, new.name.clone(), at(5), at(5));
    let row = store.find(&alice, &browser(1), u32::MAX).await.unwrap();
    assert_eq!(row.as_ref(), Some(&expected));
    assert_eq!(store.list(&alice).await.unwrap(), [expected]);

    assert_eq!(store.find(&alice, &browser(2), u32::MAX).await.unwrap(), None);
    assert_eq!(store.find(&bob, &browser(1), u32::MAX).await.unwrap(), None);
    assert_eq!(store.list(&bob).await.unwrap(), []);
}

pub async fn a_later_login_updates_the_row<S: BrowserStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let first = login(&alice, browser(1), 5).granting_trust(at(900), browser(1));
    store.remember(&first).await.unwrap();
    store.remember(&login(&alice, browser(2), 6)).await.unwrap();

    let mut second = login(&alice, browser(1), 7);
    second.name = BrowserName::from_user_agent("Chrome");
    assert_ne!(second.id, first.id);
    store.remember(&second).await.unwrap();
    let row = found(store, &alice, &browser(1)).await.unwrap();
    let expected = KnownBrowser::new(first.id, browser(1), 0, second.name, at(5), at(7))
        .with_trusted_until(Some(at(900)));
    assert_eq!(row, expected, "id, creation and trust stay");
    assert_eq!(browsers(store, &alice).await, [browser(1), browser(2)], "last used first");

    let third = login(&alice, browser(1), 8).granting_trust(at(800), browser(1));
    store.remember(&third).await.unwrap();
    let row = found(store, &alice, &browser(1)).await.unwrap();
    assert_eq!(row.trusted_until, Some(at(800)), "new trust replaces the old one");
}

/// The hint that the row exists changes nothing: neither if it is right, nor if the row has gone.
pub async fn a_login_in_a_known_browser_updates_the_row<S>(store: &S)
where
    S: BrowserStore + RegistrationStore,
{
    let alice = register(store, "alice").await;
    let gone = login(&alice, browser(1), 4).known(true);
    store.remember(&gone).await.unwrap();
    assert_eq!(found(store, &alice, &browser(1)).await.unwrap().id, gone.id);

    let trusted = login(&alice, browser(1), 5).granting_trust(at(900), browser(1));
    store.remember(&trusted).await.unwrap();
    let mut again = login(&alice, browser(1), 7).known(true);
    again.name = BrowserName::from_user_agent("Chrome");
    store.remember(&again).await.unwrap();
    let expected = KnownBrowser::new(gone.id, browser(1), 0, again.name.clone(), at(4), at(7))
        .with_trusted_until(Some(at(900)));
    assert_eq!(found(store, &alice, &browser(1)).await, Some(expected));

    again.credential = 1;
    store.remember(&again).await.unwrap();
    let row = store.find(&alice, &browser(1), 1).await.unwrap().unwrap();
    assert_eq!((row.id, row.trusted_until), (gone.id, None), "another credential number");
}

/// The browser of a change stays known in the transaction of the change, and its trust ends. Other
/// browsers, and rows of an earlier number, stay unknown.
pub async fn a_change_keeps_its_own_browser_known<S>(store: &S)
where
    S: BrowserStore + RegistrationStore + PasswordStore,
{
    let alice = register(store, "alice").await;
    for number in [1, 2] {
        let trusted = login(&alice, browser(number), 5).granting_trust(at(900), browser(number));
        store.remember(&trusted).await.unwrap();
    }
    let change = async |hashes: [&str; 2], of: BrowserHash| {
        let own = own(store, &alice, None, at(30)).await.in_browser(Some(of));
        let [old, new] = hashes.map(str::to_owned);
        let changed = store.change(PasswordChange::new(own, old, new)).await.unwrap();
        assert!(is_written(&changed));
    };
    change(["hash-0", "hash-1"], browser(1)).await;
    let row = store.find(&alice, &browser(1), 1).await.unwrap().unwrap();
    assert_eq!(row.trusted_until, None);
    assert_eq!(store.find(&alice, &browser(2), 1).await.unwrap(), None);
    change(["hash-1", "hash-2"], browser(2)).await;
    for number in [1, 2] {
        assert_eq!(store.find(&alice, &browser(number), 2).await.unwrap(), None, "{number}");
    }
}

/// A store may keep a row 30 days longer than [`KnownBrowser::KEPT`].
const KEPT: u64 = KnownBrowser::KEPT.as_secs();
const LONGER: u64 = 30 * 24 * 3600;

pub async fn unused_browsers_are_pruned_in_pieces<S: BrowserStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    for number in 1..=3 {
        store.remember(&login(&alice, browser(number), 5)).await.unwrap();
    }
    store.remember(&login(&bob, browser(4), 5)).await.unwrap();
    store.remember(&login(&bob, browser(4), 5 + 2 * LONGER)).await.unwrap();
    assert_eq!(store.prune(at(4 + KEPT), 100).await.unwrap(), 0);
    let end = at(5 + KEPT + LONGER);
    for pruned in [2, 1, 0] {
        assert_eq!(store.prune(end, 2).await.unwrap(), pruned);
    }
    assert_eq!(browsers(store, &alice).await, []);
    assert_eq!(browsers(store, &bob).await, [browser(4)], "used since");
}

pub async fn a_trusted_browser_is_pruned_after_its_trust<S>(store: &S)
where
    S: BrowserStore + RegistrationStore,
{
    let alice = register(store, "alice").await;
    let trusted_until = 5 + 2 * KEPT;
    let trusted = login(&alice, browser(1), 5).granting_trust(at(trusted_until), browser(1));
    store.remember(&trusted).await.unwrap();
    store.remember(&login(&alice, browser(1), 6)).await.unwrap();
    assert_eq!(store.prune(at(trusted_until - 1), 100).await.unwrap(), 0);
    assert_eq!(store.prune(at(trusted_until + LONGER), 100).await.unwrap(), 1);
}

pub async fn other_credentials_make_a_browser_unknown<S>(store: &S)
where
    S: BrowserStore + RegistrationStore,
{
    let alice = register(store, "alice").await;
    let first = login(&alice, browser(1), 5).granting_trust(at(900), browser(1));
    store.remember(&first).await.unwrap();
    assert_eq!(store.find(&alice, &browser(1), 1).await.unwrap(), None);
    assert_eq!(browsers(store, &alice).await, [browser(1)], "the row is listed");

    let mut changed = login(&alice, browser(1), 6);
    changed.credential = 1;
    store.remember(&changed).await.unwrap();
    assert_eq!(found(store, &alice, &browser(1)).await, None);
    let row = store.find(&alice, &browser(1), 1).await.unwrap().unwrap();
    assert_eq!((row.id, row.created), (first.id, at(5)));
    assert_eq!(row.trusted_until, None, "trust does not survive a change of credentials");
}

pub async fn a_logout_ends_trust_and_not_knowledge<S: BrowserStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    for (account, number) in [(&alice, 1), (&alice, 2), (&bob, 1)] {
        let trusted = login(account, browser(number), 5).granting_trust(at(900), browser(number));
        store.remember(&trusted).await.unwrap();
    }
    store.untrust(&alice, &browser(1)).await.unwrap();
    store.untrust(&alice, &browser(3)).await.unwrap();
    let trust = async |account, number| {
        found(store, account, &browser(number)).await.map(|row| row.trusted_until)
    };
    assert_eq!(trust(&alice, 1).await, Some(None), "the browser stays known");
    assert_eq!(trust(&alice, 2).await, Some(Some(at(900))));
    assert_eq!(trust(&bob, 1).await, Some(Some(at(900))));
}

pub async fn an_account_keeps_its_last_used_browsers<S: BrowserStore + RegistrationStore>(
    store: &S,
) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    store.remember(&login(&bob, browser(0), 1)).await.unwrap();
    for number in 0..PER_ACCOUNT {
        store.remember(&login(&alice, browser(number), u64::from(number) + 10)).await.unwrap();
    }
    assert_eq!(browsers(store, &alice).await.len(), usize::from(PER_ACCOUNT));
    // The first browser is used again, so the second one is now the least recently used.
    store.remember(&login(&alice, browser(0), 100)).await.unwrap();
    assert_eq!(browsers(store, &alice).await.len(), usize::from(PER_ACCOUNT));

    for (number, forgotten) in [(PER_ACCOUNT, 1), (PER_ACCOUNT + 1, 2)] {
        store.remember(&login(&alice, browser(number), 200)).await.unwrap();
        let rows = browsers(store, &alice).await;
        assert_eq!(rows.len(), usize::from(PER_ACCOUNT));
        assert!(rows.contains(&browser(number)) && rows.contains(&browser(0)));
        assert!(!rows.contains(&browser(forgotten)), "browser {forgotten}");
    }
    assert_eq!(browsers(store, &bob).await, [browser(0)], "limits are per account");
}

pub async fn a_browser_keeps_its_last_used_accounts<S: BrowserStore + RegistrationStore>(
    store: &S,
) {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS + 2 {
        let account = register(store, &format!("user{number}")).await;
        store.remember(&login(&account, browser(7), u64::from(number) + 10)).await.unwrap();
        accounts.push(account);
        if number == 0 {
            store.remember(&login(&accounts[0], browser(8), 5)).await.unwrap();
        }
    }
    let mut known = Vec::new();
    for account in &accounts {
        known.push(found(store, account, &browser(7)).await.is_some());
    }
    let last_five = |number| number >= 2;
    assert_eq!(known, (0..usize::from(ACCOUNTS) + 2).map(last_five).collect::<Vec<_>>());
    assert_eq!(browsers(store, &accounts[0]).await, [browser(8)], "limits are per browser");
}

/// Otherwise a login on a node whose clock is slow would not make its browser known.
pub async fn a_clock_set_back_does_not_drop_the_new_row<S>(store: &S)
where
    S: BrowserStore + RegistrationStore,
{
    let alice = register(store, "alice").await;
    for number in 0..PER_ACCOUNT + 1 {
        let second = 500 - u64::from(number);
        store.remember(&login(&alice, browser(number), second)).await.unwrap();
    }
    let rows = browsers(store, &alice).await;
    assert_eq!(rows.len(), usize::from(PER_ACCOUNT));
    assert!(rows.contains(&browser(PER_ACCOUNT)), "the last login is kept");
    assert!(!rows.contains(&browser(PER_ACCOUNT - 1)), "the earliest of the others is not");

    for number in 0..ACCOUNTS {
        let account = register(store, &format!("user{number}")).await;
        store.remember(&login(&account, browser(0), 900)).await.unwrap();
    }
    store.remember(&login(&alice, browser(0), 3)).await.unwrap();
    assert!(found(store, &alice, &browser(0)).await.is_some());
}

/// Another host of the domain may have set the old cookie (session fixation). After a login that
/// grants trust the old value is unknown for every account.
pub async fn a_replaced_cookie_moves_its_rows<S: BrowserStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    let carol = register(store, "carol").await;
    let first = login(&alice, browser(1), 5);
    store.remember(&first).await.unwrap();
    let of_bob = login(&bob, browser(1), 6).granting_trust(at(700), browser(1));
    store.remember(&of_bob).await.unwrap();
    store.remember(&login(&carol, browser(3), 6)).await.unwrap();
    // A row with the new value, which the moved row of the same account replaces.
    store.remember(&login(&bob, browser(2), 4)).await.unwrap();

    let trusting = login(&alice, browser(2), 7).granting_trust(at(900), browser(1));
    store.remember(&trusting).await.unwrap();
    for account in [&alice, &bob] {
        assert_eq!(found(store, account, &browser(1)).await, None, "{account}");
        assert_eq!(browsers(store, account).await, [browser(2)], "{account}");
    }
    let row = found(store, &alice, &browser(2)).await.unwrap();
    assert_eq!((row.id, row.created, row.last_used), (first.id, at(5), at(7)));
    assert_eq!(row.trusted_until, Some(at(900)));
    let row = found(store, &bob, &browser(2)).await.unwrap();
    assert_eq!((row.id, row.last_used, row.trusted_until), (of_bob.id, at(6), Some(at(700))));
    assert_eq!(browsers(store, &carol).await, [browser(3)]);

    // A replaced value that has no rows.
    let again = login(&alice, browser(4), 8).granting_trust(at(950), browser(1));
    store.remember(&again).await.unwrap();
    assert_eq!(browsers(store, &alice).await, [browser(4), browser(2)]);
}

pub async fn a_browser_is_forgotten_by_its_own_account_alone<S>(store: &S)
where
    S: BrowserStore + RegistrationStore,
{
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    for number in 1..=3 {
        store.remember(&login(&alice, browser(number), number.into())).await.unwrap();
        store.remember(&login(&bob, browser(number), number.into())).await.unwrap();
    }
    let id = found(store, &alice, &browser(2)).await.unwrap().id;
    let forget = async |account, which| store.forget(account, which).await.unwrap();
    assert_eq!(forget(&bob, WhichBrowsers::One(id)).await, 0);
    assert_eq!(forget(&alice, WhichBrowsers::One(id)).await, 1);
    assert_eq!(forget(&alice, WhichBrowsers::One(id)).await, 0);
    assert_eq!(browsers(store, &alice).await, [browser(3), browser(1)]);
    assert_eq!(found(store, &alice, &browser(2)).await, None);

    assert_eq!(forget(&alice, WhichBrowsers::All).await, 2);
    assert_eq!(browsers(store, &alice).await, []);
    assert_eq!(browsers(store, &bob).await.len(), 3);
}

pub async fn a_browser_of_an_unknown_account_is_not_kept<S: BrowserStore + RegistrationStore>(
    store: &S,
) {
    let alice = register(store, "alice").await;
    store.remember(&login(&alice, browser(1), 5)).await.unwrap();
    let nobody = AccountId::new("nobody");
    let trusting = login(&nobody, browser(2), 6).granting_trust(at(900), browser(1));
    store.remember(&trusting).await.unwrap();
    assert_eq!(browsers(store, &nobody).await, []);
    assert_eq!(browsers(store, &alice).await, [browser(1)], "no row was moved");
    assert_eq!(store.forget(&nobody, WhichBrowsers::All).await.unwrap(), 0);
}

/// The limits hold for concurrent logins of one account, of one browser, and of several accounts in
/// several browsers. No login fails.
pub async fn limits_of_browsers_hold_for_64_logins<S>(stores: &[Arc<S>], rounds: u16)
where
    S: BrowserStore + RegistrationStore,
{
    let store = &*stores[0];
    for round in 0..rounds {
        let mut accounts = Vec::new();
        for number in 0..64 {
            accounts.push(register(store, &format!("user{round}x{number}")).await);
        }
        let own = |number: usize| browser(round * 1000 + u16::try_from(number).unwrap());
        // Login `number` is one of the account and in the browser that `which` selects.
        let log_in = async |which: &dyn Fn(usize) -> (usize, usize)| {
            let remember = |store: Arc<S>, number: usize| {
                let (account, browser) = which(number);
                let login = login(&accounts[account], own(browser), 100 + number as u64);
                async move { store.remember(&login).await.unwrap() }
            };
            winners(stores, 64, remember, |()| true).await;
        };
        let per_account = usize::from(PER_ACCOUNT);

        log_in(&|_| (0, 0)).await;
        assert_eq!(browsers(store, &accounts[0]).await, [own(0)], "round {round}");
        log_in(&|number| (1, number)).await;
        let kept = browsers(store, &accounts[1]).await.len();
        assert_eq!(kept, per_account, "round {round}: one account in 64 browsers");
        log_in(&|number| (number, 700)).await;
        let mut known = 0;
        for account in &accounts {
            known += u16::from(found(store, account, &own(700)).await.is_some());
        }
        assert_eq!(known, ACCOUNTS, "round {round}: 64 accounts in one browser");

        // Eight accounts, each with as many browsers as it may have, log in to the same eight
        // browsers. Each login deletes a row of its account and of its browser.
        for number in 0..8 * per_account {
            let filled = own(200 + number);
            store.remember(&login(&accounts[10 + number % 8], filled, 50)).await.unwrap();
        }
        for _ in 0..3 {
            log_in(&|number| (10 + number % 8, 400 + number / 8)).await;
        }
        for account in &accounts[10..18] {
            let kept = browsers(store, account).await.len();
            assert!(kept <= per_account, "round {round}: {kept} browsers");
        }
        for number in 400..408 {
            let mut known = 0;
            for account in &accounts[10..18] {
                known += u16::from(found(store, account, &own(number)).await.is_some());
            }
            assert_eq!(known, ACCOUNTS, "round {round}: browser {number}");
        }
    }
}

/// Two cookie values replace each other at the same moment, 32 times each. No login fails, and an
/// account has at most one row per browser.
pub async fn replaced_cookies_do_not_deadlock<S>(stores: &[Arc<S>], rounds: u16)
where
    S: BrowserStore + RegistrationStore,
{
    let store = &*stores[0];
    for round in 0..rounds {
        let mut accounts = Vec::new();
        for number in 0..4 {
            let account = register(store, &format!("user{round}x{number}")).await;
            for value in 0..2 {
                store.remember(&login(&account, browser(2 * round + value), 5)).await.unwrap();
            }
            accounts.push(account);
        }
        let replace = |store: Arc<S>, number: usize| {
            let value = u16::try_from(number % 2).unwrap();
            let (new, old) = (browser(2 * round + value), browser(2 * round + 1 - value));
            let second = 10 + number as u64;
            let login = login(&accounts[number / 2 % 4], new, second).granting_trust(at(900), old);
            async move { store.remember(&login).await.unwrap() }
        };
        assert_eq!(winners(stores, 64, replace, |()| true).await, 64);
        for account in &accounts {
            assert_eq!(browsers(store, account).await.len(), 1, "round {round}");
        }
    }
}
