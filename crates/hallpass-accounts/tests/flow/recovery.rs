//! Recovery by an operator: the one-time link that sets a password, and the reset of a second
//! factor.

use std::sync::Arc;

use hallpass_accounts::{
    AccountId, AccountsErrorKind, Event, EventActor, LoginStep, NewPassword, PasswordReset, Proof,
    RejectionReason, ResetLink, TwoFactorPolicy, Username,
};
use hallpass_core::Methods;

use crate::site::{PASSWORD, Site, SiteRole, here, id_of, logged_in};

const NEW: &str = "seven maps of nowhere";
const HOUR: u64 = 3600;

async fn id(site: &Site, name: &str) -> AccountId {
    let found = site.accounts.find(&Username::parse(name).unwrap()).await.unwrap();
    found.unwrap().id().clone()
}

async fn link(site: &Site, name: &str) -> ResetLink {
    let id = id(site, name).await;
    site.accounts.commands_of_operator().reset_password(&id).await.unwrap()
}

async fn set(
    site: &Site,
    link: &ResetLink,
    code: Option<&str>,
) -> Result<PasswordReset, AccountsErrorKind> {
    let fields = NewPassword::new(link.token().as_bytes(), NEW).with_code(code);
    let set = site.accounts.set_password_by_link(&fields, &here()).await;
    set.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_link_sets_the_password_once_and_logs_nobody_in() {
    let site = Site::new();
    let before = site.register("alice").await;
    let link = link(&site, "alice").await;
    assert!(site.verify(&before.access).is_none(), "the command ends the sessions");
    let meanwhile = logged_in(site.log_in("alice", PASSWORD, None).await);
    let needs = site.accounts.reset_needs(link.token().as_bytes()).await.unwrap();
    assert!(!needs.code);
    assert!(matches!(set(&site, &link, None).await, Ok(PasswordReset::Changed)));
    assert!(site.verify(&meanwhile.access).is_none());
    let refresh = meanwhile.refresh.unwrap();
    site.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap_err();
    assert_eq!(set(&site, &link, None).await.unwrap_err(), AccountsErrorKind::LinkOver);
    let old = site.log_in("alice", PASSWORD, None).await;
    assert_eq!(old.map(|_| ()), Err(AccountsErrorKind::Refused));
    logged_in(site.log_in("alice", NEW, None).await);
}

#[tokio::test]
async fn a_link_is_over_after_an_hour_or_the_set_time() {
    let site = Site::new();
    site.register("alice").await;
    let default = link(&site, "alice").await;
    assert_eq!(default.expires_at().as_secs(), site.now().as_secs() + HOUR);
    site.clock.pass(HOUR - 1);
    site.accounts.reset_needs(default.token().as_bytes()).await.unwrap();
    site.clock.pass(1);
    assert_eq!(set(&site, &default, None).await.unwrap_err(), AccountsErrorKind::LinkOver);

    let brief = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.reset_link_lifetime = std::time::Duration::from_secs(60);
    });
    let of_a_minute = link(&brief, "alice").await;
    site.clock.pass(59);
    brief.accounts.reset_needs(of_a_minute.token().as_bytes()).await.unwrap();
    site.clock.pass(1);
    assert_eq!(set(&brief, &of_a_minute, None).await.unwrap_err(), AccountsErrorKind::LinkOver);
    logged_in(site.log_in("alice", PASSWORD, None).await);
}

#[tokio::test]
async fn a_link_with_the_factor_logs_in_with_both_methods() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let link = link(&site, "alice").await;
    assert_eq!(set(&site, &link, None).await.unwrap_err(), AccountsErrorKind::CodeRequired);
    let wrong = set(&site, &link, Some(&alice.wrong_code())).await;
    assert_eq!(wrong.unwrap_err(), AccountsErrorKind::Refused);
    let code = alice.next_code();
    let opened = match set(&site, &link, Some(&code)).await.unwrap() {
        PasswordReset::LoggedIn(opened) => opened,
        other => panic!("{other:?}"),
    };
    let who = site.verify(&opened.access).unwrap();
    assert_eq!(who.methods(), Methods::PASSWORD | Methods::ONE_TIME_CODE);
    assert!(opened.refresh.is_some());
    // The code was consumed, and the link too.
    let again = site.log_in("alice", NEW, Some(&code)).await;
    assert_eq!(again.map(|_| ()), Err(AccountsErrorKind::Refused));
    assert_eq!(
        set(&site, &link, Some(&alice.next_code())).await.unwrap_err(),
        AccountsErrorKind::LinkOver
    );
    assert!(matches!(site.log_in("alice", NEW, None).await, Ok(LoginStep::MfaRequired(_))));
}

/// A password that is rejected and a code that was consumed before change nothing.
#[tokio::test]
async fn a_rejected_password_consumes_neither_link_nor_code() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let link = link(&site, "alice").await;
    let code = alice.next_code();
    for bad in ["short", "alicealice", "password123"] {
        let fields = NewPassword::new(link.token().as_bytes(), bad).with_code(Some(&code));
        let refused = site.accounts.set_password_by_link(&fields, &here()).await.unwrap_err();
        assert!(matches!(refused.kind(), AccountsErrorKind::Password(_)), "{bad}: {refused}");
    }
    assert!(matches!(set(&site, &link, Some(&code)).await, Ok(PasswordReset::LoggedIn(_))));
}

#[tokio::test]
async fn every_revoking_change_ends_a_link() {
    let site = Site::new();
    let name = "alice";
    site.register(name).await;
    let account = id(&site, name).await;
    let accounts = &site.accounts;
    let is_over = async |link: &ResetLink, what: &str| {
        let over = accounts.reset_needs(link.token().as_bytes()).await.map(|_| ());
        assert_eq!(over.unwrap_err().kind(), AccountsErrorKind::LinkOver, "{what}");
        assert_eq!(
            set(&site, link, None).await.unwrap_err(),
            AccountsErrorKind::LinkOver,
            "{what}"
        );
    };
    let first = link(&site, name).await;
    let second = link(&site, name).await;
    is_over(&first, "a newer link").await;
    accounts.log_out_everywhere(&account).await.unwrap();
    is_over(&second, "log out everywhere").await;

    let third = link(&site, name).await;
    accounts.disable(&account).await.unwrap();
    is_over(&third, "disabled").await;
    let refused = accounts.reset_password(&account).await.unwrap_err();
    assert_eq!(refused.kind(), AccountsErrorKind::AccountDisabled);
    accounts.enable(&account).await.unwrap();
    is_over(&third, "enabled again").await;

    let fourth = link(&site, name).await;
    let who = site.verify(&logged_in(site.log_in(name, PASSWORD, None).await).access).unwrap();
    accounts.set_roles(&account, [SiteRole::Admin]).await.unwrap();
    accounts.reset_needs(fourth.token().as_bytes()).await.expect("roles end no link");
    let who = match site.verify(&logged_in(site.log_in(name, PASSWORD, None).await).access) {
        Some(fresh) => fresh,
        None => who,
    };
    let proof = Proof::of_password(PASSWORD);
    let _tokens = accounts.change_password(&who, &proof, NEW).await.unwrap();
    is_over(&fourth, "a newer password").await;

    let fifth = link(&site, name).await;
    accounts.end_all_sessions().await.unwrap_err();
    accounts.reset_needs(fifth.token().as_bytes()).await.unwrap();
    let rotated = site.keys.current().rotate_encryption([9; 32], site.now());
    site.keys.replace(rotated);
    is_over(&fifth, "a new encryption key").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_concurrent_uses_of_a_link_one_succeeds() {
    let site = Arc::new(Site::new());
    site.register("alice").await;
    for round in 0..10 {
        let link = Arc::new(link(&site, "alice").await);
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                // Each use has its own node on one store, so that no rate limit blocks it.
                let (node, link) = (site.other_node(), link.clone());
                tokio::spawn(async move { set(&node, &link, None).await })
            })
            .collect();
        let mut succeeded = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => succeeded += 1,
                Err(kind) => assert_eq!(kind, AccountsErrorKind::LinkOver, "round {round}"),
            }
        }
        assert_eq!(succeeded, 1, "round {round}");
    }
}

/// The wrong codes of links count on the total of the account: a new link allows no further
/// guesses of a guesser who keeps the credential number, and a limited guess is not evaluated.
#[tokio::test]
async fn wrong_codes_of_a_link_are_counted_and_reported() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let link = link(&site, "alice").await;
    let mut evaluated = 0;
    for _ in 0..30 {
        match set(&site, &link, Some(&alice.wrong_code())).await.unwrap_err() {
            AccountsErrorKind::Refused => evaluated += 1,
            AccountsErrorKind::Limited { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(evaluated, 5);
    let wrong = |event: &Event| {
        matches!(event, Event::Refused { reason: RejectionReason::WrongCode, peer: Some(_), .. })
    };
    assert_eq!(site.heard(wrong), 5);
    assert_eq!(site.heard(|event| matches!(event, Event::CodesGuessed { .. })), 1);
    // Nobody logs in with the codes of these guesses at the other route.
    let pending = site.log_in("alice", PASSWORD, Some(&alice.wrong_code())).await;
    assert!(matches!(pending, Err(AccountsErrorKind::Limited { .. })), "{pending:?}");
    // A recovery code is accepted whatever the counters of codes are.
    site.clock.pass(40);
    assert!(matches!(
        set(&site, &link, Some(&alice.recovery[0])).await,
        Ok(PasswordReset::LoggedIn(_))
    ));
}

#[tokio::test]
async fn reset_factor_removes_factor_and_codes_and_ends_sessions() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let account = id(&site, "alice").await;
    site.accounts.commands_of_operator().reset_second_factor(&account).await.unwrap();
    assert!(site.verify(&alice.access).is_none());
    logged_in(site.log_in("alice", PASSWORD, None).await);
    let again = site.accounts.reset_second_factor(&account).await.unwrap_err();
    assert_eq!(again.kind(), AccountsErrorKind::AlreadyOff);
    let nobody = site.accounts.reset_second_factor(&AccountId::new("?")).await.unwrap_err();
    assert_eq!(nobody.kind(), AccountsErrorKind::NotFound);
    let nobody = site.accounts.reset_password(&AccountId::new("?")).await.unwrap_err();
    assert_eq!(nobody.kind(), AccountsErrorKind::NotFound);
}

/// The encryption key is lost: the factor cannot be checked, and still be reset.
#[tokio::test]
async fn reset_factor_needs_no_key() {
    let site = Site::new();
    site.enrolled("alice").await;
    let ring = hallpass_core::KeyRing::generate_hs256([8; 32], site.now());
    site.keys.replace(ring);
    site.accounts.reset_second_factor(&id(&site, "alice").await).await.unwrap();
    logged_in(site.log_in("alice", PASSWORD, None).await);
}

#[tokio::test]
async fn an_account_that_must_have_a_factor_enrols_after_a_reset() {
    let site = Site::new();
    site.enrolled("alice").await;
    let strict =
        Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
            settings.two_factor = TwoFactorPolicy::RequiredForAll;
        });
    strict.accounts.reset_second_factor(&id(&site, "alice").await).await.unwrap();
    let link = link(&strict, "alice").await;
    assert!(matches!(set(&strict, &link, None).await, Ok(PasswordReset::Changed)));
    let step = strict.log_in("alice", NEW, None).await;
    assert!(matches!(step, Ok(LoginStep::EnrolmentRequired(_))), "{step:?}");
}

#[tokio::test]
async fn recovery_commands_are_events_with_their_actor() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    drop(alice);
    let ada = site.verify(&site.register("ada").await.access).unwrap();
    let account = id(&site, "alice").await;
    let commands = site.accounts.commands_of(&ada);
    commands.reset_second_factor(&account).await.unwrap();
    let link = commands.reset_password(&account).await.unwrap();
    assert!(matches!(set(&site, &link, None).await, Ok(PasswordReset::Changed)));
    site.accounts.commands_of_operator().reset_password(&account).await.map(drop).unwrap();
    site.accounts.reset_password(&account).await.map(drop).unwrap();
    let events = site.events.lock().unwrap();
    let seen: Vec<_> = events
        .iter()
        .filter(|event| event.account() == Some(&account))
        .filter_map(|event| Some((event.as_str(), event.actor()?)))
        .filter(|(name, _)| name.contains("reset"))
        .collect();
    let person = EventActor::Person(id_of(&ada));
    assert_eq!(
        seen,
        [
            ("second-factor-reset", person.clone()),
            ("reset-link-created", person),
            ("password-reset", EventActor::Person(account.clone())),
            ("reset-link-created", EventActor::Operator),
            ("reset-link-created", EventActor::Application),
        ]
    );
}

/// An administrator who is disabled meanwhile can neither reset a factor nor create a link.
#[tokio::test]
async fn a_disabled_administrator_recovers_nobody() {
    let site = Site::new();
    site.enrolled("alice").await;
    let ada = site.verify(&site.register("ada").await.access).unwrap();
    site.accounts.disable(&id_of(&ada)).await.unwrap();
    let account = id(&site, "alice").await;
    let commands = site.accounts.commands_of(&ada);
    let refused = commands.reset_second_factor(&account).await.unwrap_err();
    assert_eq!(refused.kind(), AccountsErrorKind::Revoked);
    let refused = commands.reset_password(&account).await.unwrap_err();
    assert_eq!(refused.kind(), AccountsErrorKind::Revoked);
    let found = site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    assert!(found.second_factor().is_some());
    assert_eq!(site.heard(|event| event.as_str().contains("reset")), 0);
}

/// Each fault of the store leaves the link and the attempts as they were.
#[tokio::test]
async fn a_fault_consumes_no_link() {
    let site = Site::new();
    site.register("alice").await;
    let link = link(&site, "alice").await;
    for _ in 0..20 {
        site.store.set_down(true);
        let kind = set(&site, &link, None).await.unwrap_err();
        assert!(matches!(kind, AccountsErrorKind::Unavailable { .. }), "{kind:?}");
        site.store.set_down(false);
    }
    assert!(matches!(set(&site, &link, None).await, Ok(PasswordReset::Changed)));
}
