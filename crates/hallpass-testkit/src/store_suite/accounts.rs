//! Finding and making accounts.

use hallpass_accounts::{AccountId, Registered, Registration};

use super::fixture::{account, name, new_account, register};

pub async fn a_new_account_is_found_by_either_key<S: Registration>(store: &S) {
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

pub async fn an_unknown_account_is_none_and_no_error<S: Registration>(store: &S) {
    register(store, "alice").await;
    assert!(store.by_username(&name("bob")).await.unwrap().is_none());
    for id in ["", "id-bob", "ID-ALICE", "id-alice ", "%", "' OR 1=1 --"] {
        let found = store.by_id(&AccountId::new(id)).await.unwrap();
        assert!(found.is_none(), "{id}");
    }
}

pub async fn a_name_is_taken_once_in_any_spelling<S: Registration>(store: &S) {
    let first = register(store, "alice").await;
    for spelling in ["alice", "ALICE", "\u{ff21}lice"] {
        let second = store.create(new_account("second", spelling)).await;
        assert_eq!(second.unwrap(), Registered::NameTaken, "{spelling}");
    }
    let second = store.by_id(&AccountId::new("second")).await.unwrap();
    assert!(second.is_none(), "nothing was written");
    let found = store.by_username(&name("Alice")).await.unwrap().unwrap();
    assert_eq!(found.id(), &first);
}

pub async fn names_and_roles_come_back_as_they_went<S: Registration>(store: &S) {
    let mut new = new_account("1", "山田.太郎_2-x");
    new.roles = ["a b", "c,d", "\"e\"", "[f]", "", "ролÿ"].map(str::to_owned).into();
    let _ = store.create(new.clone()).await.unwrap();
    let found = account(store, &new.id).await;
    assert_eq!(found.roles(), new.roles);
    assert_eq!(found.username().as_str(), new.username.as_str());
}
