//! A browser in which the owner logged in before. Other clients cannot lock the owner out of it,
//! it adds no attempts after a change of a credential, and it may replace the code.

use std::time::Duration;

use hallpass_accounts::{
    AccountsErrorKind, BrowserCookie, BrowserHash, BrowserStore, KnownBrowser, LoginStep,
    OpenedSession, Proof, SettingsError, TwoFactor, TwoFactorPolicy, Visitor,
};
use hallpass_core::{KeyRing, Methods, Totp, TotpSettings};

use crate::site::{Enrolled, PASSWORD, Site, SiteRole, browser, here, id_of, logged_in, stores};

const DAY: u64 = 24 * 60 * 60;

/// Returns the browser with the cookie that a login has set.
fn with(opened: &OpenedSession) -> Visitor<'static> {
    let cookie = opened.browser.as_ref().unwrap();
    Visitor { browser: Some(cookie.hash()), ..here() }
}

async fn kind(site: &Site, password: &str, visitor: &Visitor<'_>) -> Result<(), AccountsErrorKind> {
    site.accounts
        .log_in("alice", password, None, visitor)
        .await
        .map(|_| ())
        .map_err(|error| error.kind())
}

fn is_limited(result: Result<(), AccountsErrorKind>) -> bool {
    matches!(result, Err(AccountsErrorKind::Limited { .. }))
}

async fn log_in(site: &Site, visitor: &Visitor<'_>) -> OpenedSession {
    let step = site.accounts.log_in("alice", PASSWORD, None, visitor).await;
    logged_in(step.map_err(|error| error.kind()))
}

async fn rows(site: &Site, opened: &OpenedSession) -> Vec<KnownBrowser> {
    let id = id_of(&site.verify(&opened.access).unwrap());
    site.store.list(&id).await.unwrap()
}

/// A stranger keeps the rate limit of the account exhausted for a day. The owner can still log in
/// from their known browser.
#[tokio::test]
async fn a_stranger_cannot_lock_the_owner_out_of_a_known_browser() {
    let site = Site::new();
    site.register("alice").await;
    log_in(&site, &browser(1)).await;
    for _ in 0..96 {
        while !is_limited(kind(&site, "a guess", &browser(9)).await) {}
        assert!(is_limited(kind(&site, PASSWORD, &here()).await), "an unknown browser is limited");
        let opened = log_in(&site, &browser(1)).await;
        // A logout makes the browser unknown no more than the rotation of the signing key does.
        let who = site.verify(&opened.access).unwrap();
        let hash = browser(1).browser;
        site.accounts.in_browser(hash).log_out(&who).await.unwrap();
        site.clock.pass(15 * 60);
    }
    site.keys.replace(KeyRing::generate_hs256([9; 32], site.now()));
    while !is_limited(kind(&site, "a guess", &here()).await) {}
    log_in(&site, &browser(1)).await;
}

#[tokio::test]
async fn a_known_browser_has_its_own_five_attempts() {
    let site = Site::new();
    site.register("alice").await;
    let _bob = site.accounts.register("bob", PASSWORD, &browser(2)).await.unwrap();
    for number in [1, 3] {
        log_in(&site, &browser(number)).await;
    }
    let mut looked_at = 0;
    while !is_limited(kind(&site, "a guess", &browser(1)).await) {
        looked_at += 1;
    }
    assert_eq!(looked_at, 5);
    assert!(is_limited(kind(&site, PASSWORD, &browser(1)).await), "its own limit is exhausted");
    assert_eq!(kind(&site, PASSWORD, &here()).await, Ok(()), "unknown browsers are not limited");
    assert_eq!(kind(&site, PASSWORD, &browser(3)).await, Ok(()), "nor is another known browser");

    // The browser of another account is not known, and neither is an invented cookie.
    while !is_limited(kind(&site, "a guess", &here()).await) {}
    for stranger in [browser(2), browser(77)] {
        assert!(is_limited(kind(&site, PASSWORD, &stranger).await));
    }
}

/// Twenty known browsers have twenty attempts together, and not five each.
#[tokio::test]
async fn known_browsers_of_an_account_share_a_limit() {
    let site = Site::new();
    site.register("alice").await;
    for number in 1..=20 {
        log_in(&site, &browser(number)).await;
    }
    let mut looked_at = 0;
    for number in 1..=20 {
        for _ in 0..5 {
            looked_at += usize::from(!is_limited(kind(&site, "a guess", &browser(number)).await));
        }
    }
    assert_eq!(looked_at, 20);
    assert_eq!(kind(&site, PASSWORD, &here()).await, Ok(()), "unknown browsers are not limited");
}

/// SECURITY row 26: a thief with the password makes 1,000 browsers known. The owner then changes
/// the password, and the browsers add no attempt.
#[tokio::test]
async fn browsers_known_before_a_change_add_no_attempts() {
    let site = Site::new();
    let mut opened = site.register("alice").await;
    let thief = |number: u32| {
        let mut bytes = [7; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        Visitor { browser: Some(BrowserHash::of(&bytes)), ..here() }
    };
    for number in 0..1_000 {
        opened = log_in(&site, &thief(number)).await;
    }
    assert_eq!(rows(&site, &opened).await.len(), 20);
    let own = site.accounts.in_browser(browser(1).browser);
    let who = site.verify(&log_in(&site, &browser(1)).await.access).unwrap();
    let _tokens = own
        .change_password(&who, &Proof::of_password(PASSWORD), "seven maps of nowhere")
        .await
        .unwrap();

    let mut looked_at = 0;
    for number in 0..1_000 {
        looked_at += usize::from(!is_limited(kind(&site, PASSWORD, &thief(number)).await));
    }
    assert_eq!(looked_at, 5, "the budget of one network");
    let step = site.accounts.log_in("alice", "seven maps of nowhere", None, &browser(1)).await;
    logged_in(step.map_err(|error| error.kind()));
}

#[tokio::test]
async fn a_client_without_a_cookie_gets_one_and_no_row() {
    let site = Site::new();
    let first = site.register("alice").await;
    let opened = log_in(&site, &here()).await;
    assert!(first.browser.is_some() && opened.browser.is_some());
    assert_eq!(rows(&site, &opened).await, [], "a script that keeps no cookies displaces nothing");
    let again = log_in(&site, &with(&opened)).await;
    assert!(again.browser.is_none(), "the browser keeps its cookie");
    assert_eq!(rows(&site, &again).await.len(), 1);
    let cookie = opened.browser.unwrap();
    let parsed = BrowserCookie::parse(cookie.as_str().as_bytes()).unwrap();
    assert_eq!(parsed.hash(), cookie.hash());
    for bad in ["", "x", &cookie.as_str()[1..], &cookie.as_str().to_uppercase().replace('0', "A")] {
        assert!(BrowserCookie::parse(bad.as_bytes()).is_none(), "{bad}");
    }
}

/// Returns a site that remembers devices for 30 days, and alice, who has a second factor.
async fn remembering(policy: TwoFactorPolicy<SiteRole>) -> (Site, Enrolled) {
    let plain = Site::new();
    let site =
        Site::node(plain.store.clone(), plain.clock.clone(), plain.keys.clone(), |settings| {
            settings.trust_devices = Some(Duration::from_secs(30 * DAY));
            settings.two_factor = policy;
        });
    // Alice enrolled before the site had a policy.
    let alice = plain.enrolled("alice").await;
    (site, alice)
}

async fn with_code(site: &Site, alice: &Enrolled, remember: bool) -> OpenedSession {
    let visitor = Visitor { remember, ..browser(1) };
    let code = alice.next_code();
    let step = site.accounts.log_in("alice", PASSWORD, Some(&code), &visitor).await;
    logged_in(step.map_err(|error| error.kind()))
}

async fn is_asked_for_the_code(site: &Site, visitor: &Visitor<'_>) -> bool {
    match site.accounts.log_in("alice", PASSWORD, None, visitor).await.unwrap() {
        LoginStep::MfaRequired(_) => true,
        LoginStep::LoggedIn(opened) => {
            assert_eq!(
                site.verify(&opened.access).unwrap().methods(),
                Methods::PASSWORD,
                "no code was entered"
            );
            false
        }
        LoginStep::EnrolmentRequired(_) => panic!("alice already has a factor"),
    }
}

#[tokio::test]
async fn a_trusted_device_replaces_the_code_until_it_expires() {
    let (site, alice) = remembering(TwoFactorPolicy::Optional).await;
    with_code(&site, &alice, false).await;
    assert!(is_asked_for_the_code(&site, &browser(1)).await, "remembering was not requested");
    let own = with_code(&site, &alice, true).await;
    assert!(!is_asked_for_the_code(&site, &with(&own)).await);
    assert!(is_asked_for_the_code(&site, &here()).await, "another browser needs the code");
    assert!(
        is_asked_for_the_code(&site, &browser(1)).await,
        "a sibling host may have set the earlier cookie"
    );
    assert!(
        is_asked_for_the_code(&site, &Visitor { step_up: true, ..with(&own) }).await,
        "a step-up needs the code"
    );
    // A later login does not extend the 30 days.
    for _ in 0..29 {
        site.clock.pass(DAY);
        log_in(&site, &with(&own)).await;
    }
    site.clock.pass(DAY);
    assert!(is_asked_for_the_code(&site, &with(&own)).await);
}

#[tokio::test]
async fn account_changes_revoke_the_trust_in_a_device() {
    for change in ["password", "factor", "sessions", "logout"] {
        let (site, alice) = remembering(TwoFactorPolicy::Optional).await;
        let own = with_code(&site, &alice, true).await;
        let who = site.verify(&own.access).unwrap();
        match change {
            "password" => {
                let new = "seven maps of nowhere";
                let code = alice.next_code();
                let proof = Proof::of_password(PASSWORD).with_code(Some(&code));
                let tokens = site.accounts.change_password(&who, &proof, new).await.unwrap();
                let who = site.verify(&tokens.access).unwrap();
                let code = alice.next_code();
                let proof = Proof::of_password(new).with_code(Some(&code));
                let _tokens = site.accounts.change_password(&who, &proof, PASSWORD).await.unwrap();
            }
            "factor" => {
                let _off = site
                    .accounts
                    .disable_two_factor(
                        &who,
                        &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
                    )
                    .await
                    .unwrap();
                let opened = logged_in(site.log_in("alice", PASSWORD, None).await);
                let who = site.verify(&opened.access).unwrap();
                let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else {
                    panic!()
                };
                let totp = Totp::new(set_up.secret, TotpSettings::default());
                let proof = Proof::of_password(PASSWORD);
                let code = totp.code_at(site.now());
                let _on = site.accounts.enable_two_factor(&who, &proof, &code).await.unwrap();
            }
            "sessions" => {
                let _tokens = site
                    .accounts
                    .end_other_sessions(
                        &who,
                        &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
                    )
                    .await
                    .unwrap();
            }
            _ => site.accounts.in_browser(with(&own).browser).log_out(&who).await.unwrap(),
        }
        assert!(is_asked_for_the_code(&site, &with(&own)).await, "{change}");
    }
}

#[tokio::test]
async fn a_required_factor_is_checked_at_each_login() {
    let (site, alice) = remembering(TwoFactorPolicy::RequiredForAll).await;
    let own = with_code(&site, &alice, true).await;
    assert!(is_asked_for_the_code(&site, &with(&own)).await);
}

#[tokio::test]
async fn devices_are_not_remembered_without_the_setting() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let own = with_code(&site, &alice, true).await;
    assert!(own.browser.is_none());
    assert!(is_asked_for_the_code(&site, &browser(1)).await);
}

/// The browser that makes a change stays known, and the others do not.
#[tokio::test]
async fn a_change_keeps_its_own_browser_known_and_no_other() {
    let site = Site::new();
    site.register("alice").await;
    log_in(&site, &browser(2)).await;
    let opened = log_in(&site, &browser(1)).await;
    let who = site.verify(&opened.access).unwrap();
    let own = site.accounts.in_browser(browser(1).browser);
    let TwoFactor::Off(set_up) = own.two_factor(&who).await.unwrap() else { panic!() };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    let _on = own
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &totp.code_at(site.now()))
        .await
        .unwrap();
    while !is_limited(kind(&site, "a guess", &here()).await) {}
    assert!(is_limited(kind(&site, PASSWORD, &browser(2)).await));
    assert_eq!(kind(&site, PASSWORD, &browser(1)).await, Ok(()));
    // A change of roles leaves every browser known.
    site.accounts.set_roles(&id_of(&who), SiteRole::Admin).await.unwrap();
    assert_eq!(kind(&site, PASSWORD, &browser(1)).await, Ok(()));
}

#[tokio::test]
async fn trust_needs_a_store_of_browsers() {
    let site = Site::new();
    let mut stores = stores(&site.store);
    stores.browsers = None;
    let settings = hallpass_accounts::Settings::<SiteRole> {
        trust_devices: Some(Duration::from_secs(DAY)),
        ..hallpass_accounts::Settings::default()
    };
    let error = hallpass_accounts::Accounts::new(site.keys.clone(), stores, settings).unwrap_err();
    assert_eq!(error, SettingsError::TrustWithoutBrowsers);
}
