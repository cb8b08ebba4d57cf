//! Each operation that revokes tokens takes effect immediately on its node, on another node after
//! that node has read the log, and after a restart (SECURITY row 8).

use std::sync::Arc;

use hallpass_accounts::{
    Accounts, AccountsErrorKind, Event, EventActor, LoginStep, Proof, RevocationSync, Settings,
    StoreSet, Username,
};
use hallpass_core::{Access, Token};

use crate::site::{PASSWORD, Site, SiteRole, here, id_of, logged_in};

/// Asserts that the token is rejected on its node immediately, and on a new node after the node has
/// read the log.
async fn assert_dead(site: &Site, token: &Token<Access>) {
    assert!(site.verify(token).is_none(), "rejected immediately on this node");
    let restarted = site.other_node();
    assert!(restarted.verify(token).is_some(), "another node has not read the log yet");
    RevocationSync::new(&restarted.accounts).read().await.unwrap();
    assert!(restarted.verify(token).is_none(), "rejected after the log was read");
}

#[tokio::test]
async fn logout_revokes_the_token_and_no_other_session() {
    let site = Site::new();
    let one = site.register("alice").await.access;
    let two = logged_in(site.log_in("alice", PASSWORD, None).await).access;
    let who = site.verify(&one).unwrap();
    site.accounts.log_out(&who).await.unwrap();
    assert_dead(&site, &one).await;
    assert!(site.verify(&two).is_some());
    site.accounts.log_out(&who).await.unwrap();
}

#[tokio::test]
async fn a_password_change_ends_all_other_sessions() {
    let site = Site::new();
    let other = site.register("alice").await.access;
    let mine = logged_in(site.log_in("alice", PASSWORD, None).await).access;
    let who = site.verify(&mine).unwrap();
    let change = async |current: &str, new: &str| {
        site.accounts.change_password(&who, &Proof::of_password(current), new).await
    };
    assert_eq!(
        change("wrong", "seven maps of nowhere").await.unwrap_err().kind(),
        AccountsErrorKind::Refused
    );
    assert!(matches!(
        change(PASSWORD, "short").await.unwrap_err().kind(),
        AccountsErrorKind::Password(_)
    ));
    assert!(site.verify(&other).is_some(), "the other session is still valid");

    let tokens = change(PASSWORD, "seven maps of nowhere").await.unwrap();
    assert_dead(&site, &other).await;
    assert_dead(&site, &mine).await;
    let who_now = site.verify(&tokens.access).unwrap();
    assert_eq!(
        (who_now.session(), who_now.authenticated_at()),
        (who.session(), who.authenticated_at())
    );
    let sessions = site.accounts.sessions(&who_now).await.unwrap();
    assert_eq!(
        sessions.iter().map(|one| Some(one.id.to_string())).collect::<Vec<_>>(),
        [who.session().map(Into::into)]
    );

    assert_eq!(
        site.log_in("alice", PASSWORD, None).await.map(|_| ()),
        Err(AccountsErrorKind::Refused)
    );
    logged_in(site.log_in("alice", "seven maps of nowhere", None).await);
    let stale = site
        .accounts
        .change_password(&who, &Proof::of_password("seven maps of nowhere"), PASSWORD)
        .await;
    assert_eq!(
        stale.unwrap_err().kind(),
        AccountsErrorKind::Revoked,
        "an identity from before the change is rejected"
    );
}

#[tokio::test]
async fn set_roles_disable_and_log_out_everywhere_revoke_tokens() {
    let site = Site::new();
    for change in 0..3 {
        let name = format!("user{change}");
        let access = site.register(&name).await.access;
        let id = id_of(&site.verify(&access).unwrap());
        match change {
            0 => site.accounts.set_roles(&id, [SiteRole::Admin]).await.unwrap(),
            1 => site.accounts.disable(&id).await.unwrap(),
            _ => site.accounts.log_out_everywhere(&id).await.unwrap(),
        }
        assert_dead(&site, &access).await;
        let again = site.log_in(&name, PASSWORD, None).await;
        match change {
            0 => assert_eq!(logged_in(again).user.roles, ["admin"]),
            1 => {
                assert_eq!(again.map(|_| ()), Err(AccountsErrorKind::Refused));
                site.accounts.enable(&id).await.unwrap();
                assert!(
                    site.verify(&access).is_none(),
                    "enabling the account does not restore old tokens"
                );
                logged_in(site.log_in(&name, PASSWORD, None).await);
            }
            _ => drop(logged_in(again)),
        }
    }
    let nobody = hallpass_accounts::AccountId::new("nobody");
    let unknown = site.accounts.log_out_everywhere(&nobody).await;
    assert_eq!(unknown.unwrap_err().kind(), AccountsErrorKind::NotFound);
}

#[tokio::test]
async fn the_event_of_a_command_names_its_actor() {
    let site = Site::new();
    let ada = site.verify(&site.register("ada").await.access).unwrap();
    let alice = id_of(&site.verify(&site.register("alice").await.access).unwrap());
    site.accounts.set_roles(&alice, [SiteRole::Admin]).await.unwrap();
    site.accounts.commands_of(&ada).disable(&alice).await.unwrap();
    site.accounts.commands_of_operator().enable(&alice).await.unwrap();
    site.accounts.commands_of_operator().log_out_everywhere(&alice).await.unwrap();
    let _tokens =
        site.accounts.end_other_sessions(&ada, &Proof::of_password(PASSWORD)).await.unwrap();

    let by_ada = EventActor::Person(id_of(&ada));
    let expected = [
        ("roles-changed", alice.clone(), EventActor::Application),
        ("disabled", alice.clone(), by_ada.clone()),
        ("enabled", alice.clone(), EventActor::Operator),
        ("sessions-ended", alice, EventActor::Operator),
        ("sessions-ended", id_of(&ada), by_ada),
    ];
    let events = site.events.lock().unwrap();
    let audited: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::RolesChanged { account, actor, .. }
            | Event::Disabled { account, actor, .. }
            | Event::Enabled { account, actor, .. }
            | Event::SessionsEnded { account, actor } => {
                Some((event.as_str(), account.clone(), actor.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(audited, expected);
}

#[tokio::test]
async fn a_user_can_list_and_end_only_their_own_sessions() {
    let site = Site::new();
    let mine = site.register("alice").await.access;
    let phone = logged_in(site.log_in("alice", PASSWORD, None).await).access;
    let bobs = site.verify(&site.register("bob").await.access).unwrap();
    let who = site.verify(&mine).unwrap();
    let phone_session = site.verify(&phone).unwrap().session().unwrap().to_owned();
    for session in [bobs.session().unwrap(), "", "others", "0"] {
        let refused = site.accounts.end_session(&who, &Proof::of_password(PASSWORD), session).await;
        assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::NotFound, "{session}");
    }
    assert_eq!(site.accounts.sessions(&bobs).await.unwrap().len(), 1);
    site.accounts.end_session(&who, &Proof::of_password(PASSWORD), &phone_session).await.unwrap();
    assert_dead(&site, &phone).await;

    let tablet = logged_in(site.log_in("alice", PASSWORD, None).await).access;
    let tokens =
        site.accounts.end_other_sessions(&who, &Proof::of_password(PASSWORD)).await.unwrap();
    assert_dead(&site, &tablet).await;
    let who = site.verify(&tokens.access).unwrap();
    assert_eq!(site.accounts.sessions(&who).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_reads_the_log_by_cursor_and_purges_its_list() {
    let (site, accounts) = (Site::new(), ["alice", "bob"]);
    let follower = site.other_node();
    let sync = RevocationSync::new(&follower.accounts);
    sync.read().await.unwrap();
    assert_eq!(sync.staleness().map(|stale| stale.as_secs()), Some(0));
    for name in accounts {
        let access = site.register(name).await.access;
        let account = site.accounts.find(&Username::parse(name).unwrap()).await.unwrap().unwrap();
        site.accounts.log_out_everywhere(account.id()).await.unwrap();
        assert!(follower.verify(&access).is_some());
        sync.read().await.unwrap();
        assert!(follower.verify(&access).is_none());
    }
    assert_eq!(follower.accounts.settings().revocation_list.len(), 2);
    site.store.set_down(true);
    assert!(sync.read().await.is_err());
    site.clock.pass(3_600);
    assert_eq!(sync.staleness().map(|stale| stale.as_secs()), Some(3_600));
    assert!(sync.purge().await.is_err());
    assert_eq!(
        follower.accounts.settings().revocation_list.len(),
        0,
        "the list is purged even while the store is down"
    );
}

#[tokio::test]
async fn a_logout_that_fails_in_the_store_changes_nothing() {
    let site = Site::new();
    let access = site.register("alice").await.access;
    let who = site.verify(&access).unwrap();
    site.store.set_down(true);
    let failed = site.accounts.log_out(&who).await.unwrap_err();
    assert!(matches!(failed.kind(), AccountsErrorKind::Unavailable { .. }));
    site.store.set_down(false);
    assert!(site.verify(&access).is_some(), "the token stays valid for a second attempt");
    site.accounts.log_out(&who).await.unwrap();
    assert_dead(&site, &access).await;
    assert!(site.accounts.log_in("alice", PASSWORD, None, &here()).await.is_ok());
}

#[tokio::test]
async fn without_a_session_store_logout_applies_on_this_node() {
    let site = Site::new();
    site.register("alice").await;
    let stores = StoreSet::new(Arc::new(site.store.clone()));
    let settings =
        Settings { clock: Arc::new(site.clock.clone()), ..Settings::<SiteRole>::default() };
    let accounts = Accounts::new(site.keys.clone(), stores, settings).unwrap();
    let Ok(LoginStep::LoggedIn(opened)) = accounts.log_in("alice", PASSWORD, None, &here()).await
    else {
        panic!("no factor is required");
    };
    let verifier = accounts.verifier();
    let token = opened.access.as_str().as_bytes();
    let who = verifier.verify(token, site.now()).unwrap();
    accounts.log_out(&who).await.unwrap();
    assert!(verifier.verify(token, site.now()).is_err());
}
