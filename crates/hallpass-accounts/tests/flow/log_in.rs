//! Registration and login: the steps from a password to an access token.

use hallpass_accounts::{AccountsErrorKind, Event, LoginStep, RejectionReason, Username};
use hallpass_core::{Methods, Role, RoleSet};

use crate::site::{PASSWORD, Site, SiteRole, here, id_of, logged_in};

#[tokio::test]
async fn registration_assigns_the_default_role_of_the_enum() {
    let site = Site::new();
    let opened = site.register("Alice").await;
    assert_eq!(
        (opened.user.username.as_str(), opened.user.roles.as_slice()),
        ("Alice", &["guest"][..])
    );
    let who = site.verify(&opened.access).unwrap();
    assert_eq!((who.username(), who.methods(), who.generation()), ("Alice", Methods::PASSWORD, 0));
    assert_eq!(who.authenticated_at(), Some(site.now()));
    assert!(who.roles().contains(SiteRole::Guest) && !who.roles().contains(SiteRole::Admin));
}

#[tokio::test]
async fn default_roles_setting_overrides_the_role_of_the_enum() {
    let other = Site::new();
    let site = Site::node(other.store, other.clock, other.keys, |settings| {
        settings.default_roles = [SiteRole::Admin].into()
    });
    assert_eq!(site.register("alice").await.user.roles, ["admin"]);
    let other = Site::new();
    let site = Site::node(other.store, other.clock, other.keys, |settings| {
        settings.default_roles = RoleSet::EMPTY
    });
    assert!(site.register("alice").await.user.roles.is_empty());
}

#[tokio::test]
async fn all_spellings_of_a_name_are_one_account() {
    let site = Site::new();
    site.register("alice").await;
    for spelling in ["ALICE", " Alice ", "\u{ff41}lice"] {
        let again = site.accounts.register(spelling, PASSWORD, &here()).await;
        assert_eq!(again.unwrap_err().kind(), AccountsErrorKind::NameTaken, "{spelling:?}");
        let opened = logged_in(site.log_in(spelling, PASSWORD, None).await);
        assert_eq!(opened.user.username, "alice");
    }
    assert_eq!(site.store.accounts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_registrations_of_64_spellings_create_one_row() {
    let site = std::sync::Arc::new(Site::new());
    let tasks: Vec<_> = (0..64_u32)
        .map(|number| {
            let site = site.clone();
            let letters = "jonquil".chars().enumerate();
            let name: String = letters
                .map(|(i, c)| if number >> i & 1 == 1 { c.to_ascii_uppercase() } else { c })
                .collect();
            tokio::spawn(
                async move { site.accounts.register(&name, PASSWORD, &here()).await.is_ok() },
            )
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(task.await.unwrap());
    }
    assert_eq!((made, site.store.accounts()), (1, 1));
}

#[tokio::test]
async fn an_invalid_name_or_password_creates_no_account() {
    let site = Site::new();
    let register = async |name: &str, password: &str| {
        site.accounts.register(name, password, &here()).await.unwrap_err().kind()
    };
    assert!(matches!(register("a b", PASSWORD).await, AccountsErrorKind::Username(_)));
    assert!(matches!(register("alice", "short").await, AccountsErrorKind::Password(_)));
    assert!(matches!(register("alice", "alice-alice-alice").await, AccountsErrorKind::Password(_)));
    assert_eq!(site.store.accounts(), 0);
}

#[tokio::test]
async fn a_required_code_returns_a_pending_token_only() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let Ok(LoginStep::MfaRequired(pending)) = site.log_in("alice", PASSWORD, None).await else {
        panic!("a code is required");
    };
    let verifier = site.accounts.issuer().verifier::<SiteRole>();
    assert!(
        verifier.verify(pending.as_str().as_bytes(), site.now()).is_err(),
        "a pending token is not an access token"
    );

    let code = alice.next_code();
    let opened =
        site.accounts.log_in_with_code(pending.as_str().as_bytes(), &code, &here()).await.unwrap();
    let who = site.verify(&opened.access).unwrap();
    assert_eq!(who.methods(), Methods::PASSWORD | Methods::ONE_TIME_CODE);
    let access = opened.access.as_str().as_bytes();
    let again = site.accounts.log_in_with_code(access, &alice.next_code(), &here()).await;
    assert_eq!(
        again.unwrap_err().kind(),
        AccountsErrorKind::Refused,
        "an access token is not a pending token"
    );
}

#[tokio::test]
async fn pending_login_ends_after_5_minutes_or_an_account_change() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    for change in 0..3 {
        let Ok(LoginStep::MfaRequired(pending)) = site.log_in("alice", PASSWORD, None).await else {
            panic!("a code is required");
        };
        match change {
            0 => site.clock.pass(300),
            1 => site.accounts.log_out_everywhere(&id_of(&who)).await.unwrap(),
            _ => site.accounts.disable(&id_of(&who)).await.unwrap(),
        }
        let code = alice.next_code();
        let resumed =
            site.accounts.log_in_with_code(pending.as_str().as_bytes(), &code, &here()).await;
        assert_eq!(resumed.unwrap_err().kind(), AccountsErrorKind::Refused, "change {change}");
    }
    let stale = |event: &Event| {
        matches!(event, Event::Refused { reason: RejectionReason::StalePending, .. })
    };
    assert_eq!(site.heard(stale), 3);
}

#[tokio::test]
async fn an_unknown_role_grants_nothing_and_is_reported() {
    use hallpass_accounts::AdministrationStore as _;
    let site = Site::new();
    site.register("alice").await;
    let alice = site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    let roles = ["admin ", "Admin", "root", "guest"].map(str::to_owned);
    let _done = site.store.set_roles(alice.id(), &roles, &[], None, site.now()).await.unwrap();
    let opened = logged_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(opened.user.roles, [SiteRole::Guest.name()]);
    assert_eq!(site.heard(|event| matches!(event, Event::UnknownRole { .. })), 3);
}
