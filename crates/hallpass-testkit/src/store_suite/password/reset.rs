//! Checks of a new password with a one-time link.

use std::sync::Arc;

use hallpass_accounts::{
    AccountId, AdministrationStore, ConsumeOutcome, ConsumedLink, ConsumedStore, OneTimeHash,
    OwnChange, PasswordChange, PasswordStore, RegistrationStore, RevocationLog, SessionStore,
    TwoFactorStore,
};

use crate::store_suite::{
    account::own_change::Command,
    fixture::{
        Reader, account, actor, at, done, is_written, open, open_sessions, own, register, revoked,
        written,
    },
    races::winners,
};

fn link(number: u8) -> ConsumedLink {
    ConsumedLink::new(OneTimeHash::of(&[number]), at(4000))
}

fn change(own: &OwnChange, link: ConsumedLink) -> PasswordChange {
    PasswordChange::new(own.clone(), "hash-0".into(), "hash-1".into()).consuming(link)
}

pub async fn a_link_is_consumed_with_its_change<S>(store: &S)
where
    S: PasswordStore + ConsumedStore + RegistrationStore + SessionStore + RevocationLog,
{
    let id = register(store, "alice").await;
    open(store, &id, 1).await;
    let mut log = Reader::new(store);
    let is_consumed = async |link: ConsumedLink| {
        let consume = store.consume(ConsumedLink::PURPOSE, &link.hash, at(4000)).await.unwrap();
        consume == ConsumeOutcome::AlreadyConsumed
    };

    // A change that is not written consumes nothing.
    let decided = own(store, &id, None, at(30)).await;
    let wrong = PasswordChange::new(decided.clone(), "hash-9".into(), "hash-1".into());
    assert!(!is_written(&store.change(wrong.consuming(link(1))).await.unwrap()));
    assert_eq!(account(store, &id).await.password_hash(), "hash-0");
    assert!(!is_consumed(link(1)).await);

    // A link that is consumed changes nothing, although the account is unchanged.
    assert!(!is_written(&store.change(change(&decided, link(1))).await.unwrap()));
    assert_eq!(account(store, &id).await.password_hash(), "hash-0");
    assert_eq!(open_sessions(store, &id).await.len(), 1);
    assert_eq!(log.read_new().await, []);

    let before = account(store, &id).await.numbers();
    let now = written(store.change(change(&decided, link(2))).await.unwrap());
    assert_eq!((now.password_hash(), now.generation()), ("hash-1", 1));
    assert_eq!(now.numbers().credential, before.credential + 1);
    assert_eq!(open_sessions(store, &id).await, []);
    assert_eq!(log.read_new().await, [revoked(&id, 1, at(30))]);
    assert!(is_consumed(link(2)).await);
}

pub async fn a_link_after_a_command_changes_nothing<S>(store: &S)
where
    S: PasswordStore
        + ConsumedStore
        + RegistrationStore
        + AdministrationStore
        + TwoFactorStore
        + SessionStore
        + RevocationLog,
{
    for (number, command) in (0..).zip(Command::ALL) {
        let id = register(store, &format!("user{number}")).await;
        let session = open(store, &id, number).await;
        let decided = own(store, &id, None, at(30)).await;
        command.give(store, &id, &session, at(25)).await;
        let mut log = Reader::new(store);
        log.read_new().await;
        let changed = store.change(change(&decided, link(number))).await.unwrap();
        // New roles and the end of one session do not end what the link was made for.
        let stays = matches!(command, Command::SetRoles | Command::EndSession);
        assert_eq!(is_written(&changed), stays, "{command:?}");
        let hash = if stays { "hash-1" } else { "hash-0" };
        assert_eq!(account(store, &id).await.password_hash(), hash, "{command:?}");
        assert_eq!(log.read_new().await.len(), usize::from(stays), "{command:?}");
    }
    // An account that was disabled and is enabled again.
    let id = register(store, "alice").await;
    let decided = own(store, &id, None, at(30)).await;
    done(store.set_disabled(&id, true, &[], None, at(25)).await.unwrap());
    done(store.set_disabled(&id, false, &[], None, at(26)).await.unwrap());
    assert!(!is_written(&store.change(change(&decided, link(100))).await.unwrap()));
    let nobody = OwnChange::new(actor(store, &id, None).await, at(30));
    let mut nobody = change(&nobody, link(101));
    nobody.own.actor.account = AccountId::new("nobody");
    assert!(!is_written(&store.change(nobody).await.unwrap()));
}

/// Of 64 concurrent uses of a link one succeeds (replay), and of the uses of several links of one
/// account too.
pub async fn of_64_uses_of_a_link_one_succeeds<S>(stores: &[Arc<S>], rounds: u8)
where
    S: PasswordStore + RegistrationStore,
{
    for round in 0..rounds {
        for links in [1, 3] {
            let name = format!("user{round}x{links}");
            let id = register(&*stores[0], &name).await;
            let decided = own(&*stores[0], &id, None, at(30)).await;
            let used = |store: Arc<S>, number: usize| {
                let which = u8::try_from(number % links).unwrap();
                let hash = OneTimeHash::of(format!("{name} {which}").as_bytes());
                let change = change(&decided, ConsumedLink::new(hash, at(4000)));
                async move { store.change(change).await.unwrap() }
            };
            let written = winners(stores, 64, used, is_written).await;
            assert_eq!(written, 1, "round {round}, {links} links");
            assert_eq!(account(&*stores[0], &id).await.password_hash(), "hash-1");
        }
    }
}
