//! A browser in which the owner logged in before. Other clients cannot lock the owner out of it,
//! and it may replace the code.

use std::time::Duration;

use hallpass_accounts::{
    AccountsErrorKind, LoginStep, OpenedSession, Proof, TwoFactorPolicy, Visitor,
};
use hallpass_core::Methods;

use crate::site::{Enrolled, PASSWORD, Site, SiteRole, here, logged_in};

const DAY: u64 = 24 * 60 * 60;

fn with(device: &OpenedSession) -> Visitor<'_> {
    Visitor { known: Some(device.device.as_str().as_bytes()), ..here() }
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

/// A stranger keeps the rate limit of the account exhausted for a day. The owner can still log in
/// from their known browser.
#[tokio::test]
async fn a_stranger_cannot_lock_the_owner_out_of_a_known_browser() {
    let site = Site::new();
    let mut own = site.register("alice").await;
    for _ in 0..96 {
        while !is_limited(kind(&site, "a guess", &here()).await) {}
        assert!(is_limited(kind(&site, PASSWORD, &here()).await), "an unknown browser is limited");
        own = logged_in(
            site.accounts
                .log_in("alice", PASSWORD, None, &with(&own))
                .await
                .map_err(|error| error.kind()),
        );
        site.clock.pass(15 * 60);
    }
}

#[tokio::test]
async fn a_known_browser_has_its_own_five_attempts() {
    let site = Site::new();
    let own = site.register("alice").await;
    let bobs = site.register("bob").await;
    let mut looked_at = 0;
    while !is_limited(kind(&site, "a guess", &with(&own)).await) {
        looked_at += 1;
    }
    assert_eq!(looked_at, 5);
    let again = logged_in(site.log_in("alice", PASSWORD, None).await);
    assert!(
        is_limited(kind(&site, PASSWORD, &with(&own)).await),
        "this browser's own limit is exhausted"
    );
    assert_eq!(
        kind(&site, PASSWORD, &with(&again)).await,
        Ok(()),
        "another known browser is not limited"
    );

    // A device token of another account, a forged token and an access token do not count as a known
    // device.
    while !is_limited(kind(&site, "a guess", &here()).await) {}
    assert!(is_limited(kind(&site, PASSWORD, &with(&bobs)).await));
    let forged = own.device.as_str().replace('.', "x.");
    assert!(is_limited(
        kind(&site, PASSWORD, &Visitor { known: Some(forged.as_bytes()), ..here() }).await
    ));
    assert!(is_limited(
        kind(&site, PASSWORD, &Visitor { known: Some(own.access.as_str().as_bytes()), ..here() })
            .await
    ));
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
    let visitor = Visitor { remember, ..here() };
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
    let plain = with_code(&site, &alice, false).await;
    assert!(is_asked_for_the_code(&site, &with(&plain)).await, "remembering was not requested");
    let mut own = with_code(&site, &alice, true).await;
    assert!(!is_asked_for_the_code(&site, &with(&own)).await);
    assert!(is_asked_for_the_code(&site, &here()).await, "another browser needs the code");
    assert!(
        is_asked_for_the_code(&site, &Visitor { step_up: true, ..with(&own) }).await,
        "a step-up needs the code"
    );
    // A later login does not extend the 30 days.
    for _ in 0..29 {
        site.clock.pass(DAY);
        own = logged_in(
            site.accounts
                .log_in("alice", PASSWORD, None, &with(&own))
                .await
                .map_err(|error| error.kind()),
        );
    }
    site.clock.pass(DAY);
    assert!(is_asked_for_the_code(&site, &with(&own)).await);
}

#[tokio::test]
async fn account_changes_revoke_the_trust_in_a_device() {
    for change in ["password", "factor", "sessions"] {
        let (site, alice) = remembering(TwoFactorPolicy::Optional).await;
        let own = with_code(&site, &alice, true).await;
        let who = site.verify(&own.access).unwrap();
        match change {
            "password" => {
                let new = "seven maps of nowhere";
                let tokens = site
                    .accounts
                    .change_password(
                        &who,
                        &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
                        new,
                    )
                    .await
                    .unwrap();
                let who = site.verify(&tokens.access).unwrap();
                let _tokens = site
                    .accounts
                    .change_password(
                        &who,
                        &Proof::of_password(new).with_code(Some(&alice.next_code())),
                        PASSWORD,
                    )
                    .await
                    .unwrap();
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
                let hallpass_accounts::TwoFactor::Off(set_up) =
                    site.accounts.two_factor(&who).await.unwrap()
                else {
                    panic!()
                };
                let totp =
                    hallpass_core::Totp::new(set_up.secret, hallpass_core::TotpSettings::default());
                let _on = site
                    .accounts
                    .enable_two_factor(
                        &who,
                        &Proof::of_password(PASSWORD),
                        &totp.code_at(site.now()),
                    )
                    .await
                    .unwrap();
            }
            _ => {
                let _tokens = site
                    .accounts
                    .end_other_sessions(
                        &who,
                        &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
                    )
                    .await
                    .unwrap();
            }
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
    assert!(is_asked_for_the_code(&site, &with(&own)).await);
}
