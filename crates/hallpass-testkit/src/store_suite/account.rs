//! Checks of finding, creating and administering accounts.

use hallpass_accounts::{
    AccountId, AdministrationStore, CommandOutcome, RegistrationOutcome, RegistrationStore,
    RevocationLog, SessionStore,
};

use super::fixture::{
    Reader, account, actor, at, done, name, new_account, open, open_sessions, register, revoked,
    stale,
};

pub mod own_change;

pub async fn a_new_account_is_found_by_either_key<S: RegistrationStore>(store: &S) {
    let id = register(store, "Zoë").await;
    assert!(store.by_username(&name("zoe")).await.unwrap().is_none());
    let found = store.by_username(&name("ZOE\u{308}")).await.unwrap().unwrap();
    assert_eq!(found.id(), &id);
    assert_eq!(found.username().as_str(), "Zoë", "shown as it was typed");
    assert_eq!(found.password_hash(), "hash-0");
    assert_eq!(found.roles(), ["guest"]);
    assert_eq!(found.generation(), 0);
    assert!(!found.disabled());
    assert!(found.second_factor().is_none());
    assert_eq!(account(store, &id).await.username(), &name("zoë"));
}

pub async fn an_unknown_account_is_none_and_no_error<S: RegistrationStore>(store: &S) {
    register(store, "alice").await;
    assert!(store.by_username(&name("bob")).await.unwrap().is_none());
    for id in ["", "id-bob", "ID-ALICE", "id-alice ", "%", "' OR 1=1 --"] {
        let found = store.by_id(&AccountId::new(id)).await.unwrap();
        assert!(found.is_none(), "{id}");
    }
}

pub async fn a_name_is_taken_once_in_any_spelling<S: RegistrationStore>(store: &S) {
    let first = register(store, "alice").await;
    for spelling in ["alice", "ALICE", "\u{ff21}lice"] {
        let second = store.create(new_account("second", spelling)).await;
        assert_eq!(second.unwrap(), RegistrationOutcome::NameTaken, "{spelling}");
    }
    let second = store.by_id(&AccountId::new("second")).await.unwrap();
    assert!(second.is_none(), "nothing was written");
    let found = store.by_username(&name("Alice")).await.unwrap().unwrap();
    assert_eq!(found.id(), &first);
}

/// The store compares keys and nothing else: no collation of a database makes two names equal, or
/// one name two.
pub async fn a_name_with_a_turkish_i_is_found_in_any_spelling<S: RegistrationStore>(store: &S) {
    let first = register(store, "\u{130}pek").await;
    for spelling in ["ipek", "IPEK", "\u{131}pek", "i\u{307}pek", "\u{130}PEK"] {
        let found = store.by_username(&name(spelling)).await.unwrap().unwrap();
        assert_eq!((found.id(), found.username().as_str()), (&first, "\u{130}pek"), "{spelling}");
        let second = store.create(new_account("second", spelling)).await;
        assert_eq!(second.unwrap(), RegistrationOutcome::NameTaken, "{spelling}");
    }
    for other in ["ipec", "\u{ed}pek", "ip\u{119}k"] {
        assert!(store.by_username(&name(other)).await.unwrap().is_none(), "{other}");
    }
}

pub async fn names_and_roles_are_returned_unchanged<S: RegistrationStore>(store: &S) {
    let mut new = new_account("1", "山田.太郎_2-x");
    new.roles = ["a b", "c,d", "\"e\"", "[f]", "", "ролÿ"].map(str::to_owned).into();
    let RegistrationOutcome::Created(id) = store.create(new.clone()).await.unwrap() else {
        panic!("the name is taken: the store was not empty");
    };
    let found = account(store, &id).await;
    assert_eq!(found.roles(), new.roles);
    assert_eq!(found.username().as_str(), new.username.as_str());
}

pub async fn new_roles_make_earlier_tokens_stale<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let session = open(store, &id, 1).await;
    let mut log = Reader::new(store);
    let roles = ["moderator", "admin"].map(str::to_owned);

    let now = done(store.set_roles(&id, &roles, &[], None, at(30)).await.unwrap());
    assert_eq!(now.roles(), account(store, &id).await.roles(), "the row as written");
    assert_eq!((now.roles(), now.generation()), (&roles[..], 1));
    assert_eq!(open_sessions(store, &id).await, [session], "a refresh returns the new roles");
    assert_eq!(log.read_new().await, [stale(&id, 1, at(30))]);

    assert_eq!(done(store.set_roles(&id, &[], &[], None, at(31)).await.unwrap()).generation(), 2);
    assert!(account(store, &id).await.roles().is_empty());
    log.read_new().await;

    let unknown = store.set_roles(&AccountId::new("?"), &roles, &[], None, at(32)).await;
    assert!(matches!(unknown.unwrap(), CommandOutcome::NotFound));
    assert_eq!(log.read_new().await, []);
}

pub async fn a_disabled_account_has_no_session_left<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    open(store, &id, 1).await;
    let mut log = Reader::new(store);

    assert_eq!(
        done(store.set_disabled(&id, true, &[], None, at(30)).await.unwrap()).generation(),
        1
    );
    assert!(account(store, &id).await.disabled());
    assert_eq!(open_sessions(store, &id).await, []);
    assert_eq!(
        log.read_new().await,
        [hallpass_accounts::Revocation::RevokedBelow {
            account: id.clone(),
            number: 1,
            disabled: true,
            at: at(30)
        }]
    );

    assert_eq!(
        done(store.set_disabled(&id, false, &[], None, at(31)).await.unwrap()).generation(),
        2
    );
    assert!(!account(store, &id).await.disabled());
    assert_eq!(log.read_new().await, [revoked(&id, 2, at(31))]);

    let unknown = store.set_disabled(&AccountId::new("?"), true, &[], None, at(32)).await;
    assert!(matches!(unknown.unwrap(), CommandOutcome::NotFound));
}

pub async fn accounts_are_listed_by_key_in_pages<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore,
{
    for username in ["carol", "Bob", "alice", "Ünal", "dave"] {
        register(store, username).await;
    }
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = store.list(after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.username().clone());
        let names = page.iter().map(|account| account.username().to_string());
        pages.push(names.collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec!["alice", "Bob"], vec!["carol", "dave"], vec!["Ünal"]]);
    let behind_bob = store.list(Some(&name("BOB")), 100).await.unwrap();
    assert_eq!(behind_bob.len(), 3);
}

/// The last enabled account with a role that must be kept is neither demoted nor disabled, by
/// whomever.
pub async fn the_last_account_of_a_kept_role_stays<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let (keep, admin) = (["admin".to_owned()], ["admin".to_owned(), "guest".to_owned()]);
    let ids = [register(store, "ann").await, register(store, "bob").await];
    let _guests = register(store, "carol").await;
    for id in &ids {
        done(store.set_roles(id, &admin, &keep, None, at(10)).await.unwrap());
    }
    let mut log = Reader::new(store);
    log.read_new().await;

    // A disabled account is not one that remains.
    done(store.set_disabled(&ids[1], true, &keep, None, at(11)).await.unwrap());
    log.read_new().await;
    let me = actor(store, &ids[0], None).await;
    for by in [None, Some(&me)] {
        let demoted = store.set_roles(&ids[0], &[], &keep, by, at(12)).await.unwrap();
        assert!(matches!(demoted, CommandOutcome::LastOfRole), "{demoted:?}");
        let disabled = store.set_disabled(&ids[0], true, &keep, by, at(12)).await.unwrap();
        assert!(matches!(disabled, CommandOutcome::LastOfRole), "{disabled:?}");
    }
    assert_eq!(log.read_new().await, [], "nothing was written");
    let now = account(store, &ids[0]).await;
    assert_eq!((now.roles(), now.disabled()), (&admin[..], false));

    // It may keep the role and lose others, and it may lose the role if nobody must have it. The
    // other account is disabled, so it may lose the role too.
    done(store.set_roles(&ids[0], &keep, &keep, None, at(13)).await.unwrap());
    done(store.set_roles(&ids[1], &[], &keep, None, at(13)).await.unwrap());
    done(store.set_disabled(&ids[1], false, &keep, None, at(14)).await.unwrap());
    let demoted = store.set_roles(&ids[0], &[], &keep, None, at(15)).await.unwrap();
    assert!(matches!(demoted, CommandOutcome::LastOfRole), "a guest does not have the role");
    done(store.set_roles(&ids[1], &admin, &keep, None, at(16)).await.unwrap());
    done(store.set_roles(&ids[0], &[], &keep, None, at(17)).await.unwrap());
    let demoted = store.set_roles(&ids[1], &[], &keep, None, at(18)).await.unwrap();
    assert!(matches!(demoted, CommandOutcome::LastOfRole), "{demoted:?}");
    done(store.set_roles(&ids[1], &[], &[], None, at(19)).await.unwrap());

    // A name that contains the name of the role is another role.
    done(store.set_roles(&ids[0], &keep, &keep, None, at(20)).await.unwrap());
    let others = ["admin2".to_owned(), "sub-admin".to_owned()];
    done(store.set_roles(&ids[1], &others, &keep, None, at(20)).await.unwrap());
    let demoted = store.set_roles(&ids[0], &[], &keep, None, at(21)).await.unwrap();
    assert!(matches!(demoted, CommandOutcome::LastOfRole), "{demoted:?}");
}
