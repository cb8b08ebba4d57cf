//! Events contain the account, the actor and the address, and a guesser does not fill the log of
//! warnings.

use hallpass_accounts::{Event, EventActor, EventClient, Proof, RejectionReason};

use crate::{
    reminders::subscribed,
    secret::Log,
    site::{PASSWORD, Site, SiteRole, id_of},
};

#[tokio::test]
async fn a_role_change_names_actor_and_old_and_new_roles() {
    let site = Site::new();
    let alice = site.verify(&site.register("alice").await.access).unwrap();
    let ada = site.verify(&site.register("ada").await.access).unwrap();
    let log = Log::default();
    let guard = subscribed(&log);
    let client = EventClient::new("198.51.100.9".parse().ok(), "Firefox");
    let commands = site.accounts.commands_of(&ada);
    client.scope(commands.set_roles(&id_of(&alice), [SiteRole::Admin])).await.unwrap();
    drop(guard);
    let events = site.events.lock().unwrap();
    let Some(Event::RolesChanged { account, before, now, actor }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(*account, id_of(&alice));
    assert_eq!(before.as_deref(), Some(&["guest".to_owned()][..]));
    assert_eq!(*now, ["admin"]);
    assert_eq!(*actor, EventActor::Person(id_of(&ada)));
    let [line] = &log.lines_with("roles-changed")[..] else { panic!("one line") };
    for part in [
        "roles_before=[\"guest\"]",
        "roles=[\"admin\"]",
        "actor=\"person\"",
        "peer=198.51.100.9",
        &format!("account={}", id_of(&alice)),
        &format!("actor_account={}", id_of(&ada)),
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn an_own_change_names_the_person_and_the_address() {
    let site = Site::new();
    let alice = site.verify(&site.register("alice").await.access).unwrap();
    let log = Log::default();
    let guard = subscribed(&log);
    let client = EventClient::new("198.51.100.9".parse().ok(), "Firefox");
    let proof = Proof::of_password(PASSWORD);
    let change = site.accounts.change_password(&alice, &proof, "two other grey herons");
    let _tokens = client.scope(change).await.unwrap();
    drop(guard);
    let [line] = &log.lines_with("password-changed")[..] else { panic!("one line") };
    for part in ["actor=\"person\"", "peer=198.51.100.9", &format!("account={}", id_of(&alice))] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

/// 40 guesses: the account's limit rejects most of them. Each is one line of information.
#[tokio::test]
async fn a_guesser_causes_one_warning_per_minute() {
    let site = Site::new();
    site.register("alice").await;
    let log = Log::default();
    let guard = subscribed(&log);
    for _ in 0..40 {
        site.log_in("alice", "not the password", None).await.unwrap_err();
    }
    drop(guard);
    let lines = log.lines_with("authentication event");
    assert_eq!(lines.len(), 40);
    let warnings = lines.iter().filter(|line| line.contains("WARN")).collect::<Vec<_>>();
    assert!(warnings.len() == 1 && warnings[0].contains("\"limited\""), "{warnings:#?}");
    let wrong = RejectionReason::WrongPassword;
    assert_eq!(
        site.heard(|event| matches!(event, Event::Refused { reason, .. } if *reason == wrong)),
        5
    );
    assert_eq!(site.heard(|event| matches!(event, Event::Limited { .. })), 35);
}
