//! Wrong clocks: two nodes whose clocks differ, and a clock that is set back during a login.

use std::{error::Error, sync::Arc, time::Duration};

use hallpass_accounts::{AccountsErrorKind, Event, LoginStep, Proof};
use hallpass_core::{
    Access, Authentication, Clock, MAX_CLOCK_SKEW, RejectionKind, RequestAuthenticator,
    Requirement, Token,
};
use hallpass_test_support::memory_store::MemoryStore;

use crate::site::{PASSWORD, Site, SiteRole, TestClock, here, logged_in};

const DAY: u64 = 86_400;
const HOUR: u64 = 3600;

/// Returns another node of the site, whose clock is this many seconds ahead.
fn node_ahead(site: &Site, seconds: u64) -> Site {
    Site::node(site.store.clone(), site.clock.ahead(seconds), site.keys.clone(), |_| ())
}

/// Returns the result of a route of this node that requires a login within ten minutes.
fn recent(site: &Site, token: &Token<Access>) -> Result<(), RejectionKind> {
    let authenticator: RequestAuthenticator<SiteRole> = site.accounts.request_authenticator();
    let cookie = format!("__Host-hallpass={}", token.as_str());
    let who: Authentication = authenticator.authenticate([cookie.as_bytes()], [], site.now());
    let requirement = Requirement::login().and_recent(Duration::from_secs(600));
    requirement.admit(&who, site.now()).map_err(|rejection| rejection.kind())
}

#[tokio::test]
async fn every_step_of_a_login_may_be_on_another_node() {
    for apart in [1, 3, 29] {
        let behind = Site::new();
        let ahead = node_ahead(&behind, apart);
        for (name, first, second) in [("alice", &ahead, &behind), ("bob", &behind, &ahead)] {
            let place = format!("{name}, {apart} s apart");
            let alice = first.enrolled(name).await;
            assert_eq!(recent(second, &alice.access), Ok(()), "{place}");
            let code = alice.next_code();
            second.clock.pass(30);
            let Ok(LoginStep::MfaRequired(pending)) = first.log_in(name, PASSWORD, None).await
            else {
                panic!("{place}: a code is required");
            };
            let pending = pending.as_str().as_bytes();
            let opened = second.accounts.log_in_with_code(pending, &code, &here()).await.unwrap();
            for node in [first, second] {
                assert_eq!(recent(node, &opened.access), Ok(()), "{place}");
            }
            let refresh = opened.refresh.unwrap();
            let tokens = first.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap();
            for node in [first, second] {
                assert_eq!(recent(node, &tokens.access), Ok(()), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_login_on_a_node_a_minute_ahead_is_accepted() {
    for (apart, accepted) in [(59, true), (60, true), (61, false)] {
        let behind = Site::new();
        let ahead = node_ahead(&behind, apart);
        let opened = ahead.register("alice").await;
        assert_eq!(behind.verify(&opened.access).is_some(), accepted, "{apart}");
        let opened = behind.register("bob").await;
        assert!(ahead.verify(&opened.access).is_some(), "{apart}");
    }
}

/// Returns a site whose clock is set back by this many seconds after a session was opened and
/// before its access token is signed.
fn set_back_during_a_login(seconds: u64) -> Site {
    let first = Site::new();
    let clock = first.clock.clone();
    let hook = {
        let clock: TestClock = clock.clone();
        move |event: &Event| {
            if let Event::LoggedIn { .. } = event {
                clock.set(clock.now().saturating_sub(Duration::from_secs(seconds)));
            }
        }
    };
    Site::node(MemoryStore::default(), clock, first.keys, |settings| {
        settings.on_event = Some(Arc::new(hook));
    })
}

/// Without the error the response would be a token that this node rejects, and the browser would be
/// sent from the login page to the login page.
#[tokio::test]
async fn a_login_with_a_rejected_token_is_unavailable() {
    let site = set_back_during_a_login(61);
    let error = site.accounts.register("alice", PASSWORD, &here()).await.unwrap_err();
    assert!(matches!(error.kind(), AccountsErrorKind::Unavailable { .. }), "{error}");
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("clock"), "{cause}");
    // The attempts are regained by the clock that was set back.
    site.clock.pass(HOUR);
    let error = site.accounts.log_in("alice", PASSWORD, None, &here()).await.unwrap_err();
    assert!(matches!(error.kind(), AccountsErrorKind::Unavailable { .. }), "{error}");

    let site = set_back_during_a_login(60);
    let opened = site.register("alice").await;
    assert_eq!(recent(&site, &opened.access), Ok(()));
    site.clock.pass(HOUR);
    let opened = logged_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(recent(&site, &opened.access), Ok(()));
}

/// The session is not lost, but the time of its login is not known. A token with a time in the
/// future would make it recent for a day.
#[tokio::test]
async fn a_session_of_a_node_a_day_ahead_goes_on_and_is_not_recent() {
    let site = Site::new();
    let ahead = node_ahead(&site, DAY);
    let opened = ahead.register("alice").await;
    assert!(site.verify(&opened.access).is_none());
    let refresh = opened.refresh.unwrap();
    let tokens = site.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap();
    let who = site.verify(&tokens.access).expect("the session continues");
    assert_eq!(recent(&site, &tokens.access), Err(RejectionKind::NotRecent));

    let current = tokens.refresh.unwrap();
    let proof = Proof::of_refresh(Some(current.as_str().as_bytes()));
    let refused = site.accounts.end_other_sessions(&who, &proof).await.unwrap_err();
    assert_eq!(refused.kind(), AccountsErrorKind::NotRecent, "a login in the future");
    let proof = proof.with_password(Some(PASSWORD));
    let tokens = site.accounts.end_other_sessions(&who, &proof).await.unwrap();
    assert!(site.verify(&tokens.access).is_some());
    assert_eq!(recent(&site, &tokens.access), Ok(()), "the change contains a proof");
    let refresh = tokens.refresh.unwrap();
    assert!(refresh.expires_at() > site.now().saturating_add(Duration::from_secs(29 * DAY)));
    site.clock.pass(HOUR);
    let tokens = site.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap();
    assert_eq!(recent(&site, &tokens.access), Err(RejectionKind::NotRecent));

    let opened = logged_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(recent(&site, &opened.access), Ok(()));
}

/// A change that is written answers with a token that is valid, whatever the clock does meanwhile.
#[tokio::test]
async fn a_change_during_which_the_clock_is_set_back_succeeds() {
    let site = Site::new();
    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    site.clock.set(site.now().saturating_sub(MAX_CLOCK_SKEW + Duration::from_secs(1)));
    let tokens =
        site.accounts.end_other_sessions(&who, &Proof::of_password(PASSWORD)).await.unwrap();
    assert!(site.verify(&tokens.access).is_some());
    assert_eq!(recent(&site, &tokens.access), Ok(()), "the change contains a proof");
}

/// The new token does not extend the life of a copied one by more than a second.
#[tokio::test]
async fn a_change_during_which_the_token_expires_succeeds() {
    let site = Site::new();
    let opened = node_ahead(&site, DAY).register("alice").await;
    let refresh = opened.refresh.unwrap();
    let tokens = site.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap();
    let who = site.verify(&tokens.access).unwrap();
    site.clock.set(who.expires_at());
    let tokens =
        site.accounts.end_other_sessions(&who, &Proof::of_password(PASSWORD)).await.unwrap();
    assert!(site.verify(&tokens.access).is_some());
    site.clock.pass(1);
    assert!(site.verify(&tokens.access).is_none());
}
