//! An operator's command is final: it is not undone by an own change of the person, or by a command
//! of an actor who lost the right to it.

use hallpass_accounts::{
    Account, AccountId, Actor, AdministrationStore, CommandOutcome, ConsumeOutcome, EndOutcome,
    OwnChange, OwnChangeOutcome, PasswordChange, PasswordStore, RegistrationStore, RevocationLog,
    SessionId, SessionStore, TwoFactorStore,
};
use hallpass_core::{TotpDrift, UnixTime};

use crate::store_suite::fixture::{
    Reader, account, actor, at, done, enrol, enrolment, is_written, open, open_sessions, own,
    recovery_hash, register, session_id, written,
};

/// Every change that a person makes to their own account.
///
/// Exhaustive, because the suite handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Own {
    Password,
    FactorOn,
    FactorOff,
    RecoveryCodes,
    EndOthers,
}

impl Own {
    pub const ALL: [Self; 5] =
        [Self::Password, Self::FactorOn, Self::FactorOff, Self::RecoveryCodes, Self::EndOthers];

    pub fn needs_factor(self) -> bool {
        matches!(self, Self::FactorOff | Self::RecoveryCodes)
    }

    pub async fn make<S>(self, store: &S, change: OwnChange) -> OwnChangeOutcome
    where
        S: PasswordStore + TwoFactorStore + SessionStore,
    {
        match self {
            Self::Password => {
                let change = PasswordChange::new(change, "hash-0".into(), "hash-1".into());
                store.change(change).await.unwrap()
            }
            Self::FactorOn => {
                let mut enrolment = enrolment(store, &change.actor.account).await;
                enrolment.own = change;
                store.enable(enrolment).await.unwrap()
            }
            Self::FactorOff => store.disable(&change).await.unwrap(),
            Self::RecoveryCodes => {
                store.replace_recovery_codes(&change, &[recovery_hash(77)]).await.unwrap()
            }
            Self::EndOthers => store.end_others(&change).await.unwrap(),
        }
    }
}

/// Every command of an operator on an account.
///
/// Exhaustive, because the suite handles each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    SetRoles,
    Disable,
    LogOut,
    EndSession,
    ResetFactor,
}

impl Command {
    pub const ALL: [Self; 5] =
        [Self::SetRoles, Self::Disable, Self::LogOut, Self::EndSession, Self::ResetFactor];

    pub async fn give<S>(self, store: &S, id: &AccountId, session: &SessionId, when: UnixTime)
    where
        S: AdministrationStore + SessionStore + TwoFactorStore,
    {
        match self {
            Self::SetRoles => {
                drop(done(store.set_roles(id, &["visitor".into()], &[], None, when).await.unwrap()))
            }
            Self::Disable => {
                drop(done(store.set_disabled(id, true, &[], None, when).await.unwrap()))
            }
            Self::LogOut => drop(done(store.end_all(id, None, when).await.unwrap())),
            Self::EndSession => {
                assert_eq!(store.end(id, session, None, when).await.unwrap(), EndOutcome::Ended)
            }
            Self::ResetFactor => drop(done(store.reset(id, None, when).await.unwrap())),
        }
    }
}

/// Creates an account with two sessions, and with a factor if the change needs one. The first
/// session is the one that acts.
async fn person<S>(store: &S, name: &str, change: Own, number: u8) -> (AccountId, SessionId)
where
    S: RegistrationStore + TwoFactorStore + SessionStore,
{
    let id = register(store, name).await;
    if change.needs_factor() {
        enrol(store, &id).await;
    }
    let session = open(store, &id, 2 * number).await;
    open(store, &id, 2 * number + 1).await;
    (id, session)
}

/// Returns the account's row and its open sessions, for a comparison before and after a call.
async fn state<S: SessionStore>(store: &S, id: &AccountId) -> (String, Vec<SessionId>) {
    let now: Account = account(store, id).await;
    (format!("{now:?} {}", now.password_hash()), open_sessions(store, id).await)
}

pub async fn an_own_change_after_a_command_writes_nothing<S>(store: &S)
where
    S: RegistrationStore
        + PasswordStore
        + TwoFactorStore
        + SessionStore
        + AdministrationStore
        + RevocationLog,
{
    let mut number = 0;
    for change in Own::ALL {
        for command in Command::ALL {
            let what = format!("{change:?} after {command:?}");
            let (id, session) = person(store, &format!("user{number}"), change, number).await;
            number += 1;
            let decided = own(store, &id, Some(session), at(30)).await;
            command.give(store, &id, &session, at(25)).await;
            let (before, mut log) = (state(store, &id).await, Reader::new(store));
            log.read_new().await;

            if command == Command::SetRoles {
                // New roles revoke nothing. The token of the change gets them from the row.
                let now = written(change.make(store, decided).await);
                assert_eq!(now.roles(), ["visitor"], "{what}");
                continue;
            }
            assert!(!is_written(&change.make(store, decided).await), "{what}");
            assert_eq!(state(store, &id).await, before, "{what}");
            assert_eq!(log.read_new().await, [], "{what}");
        }
    }
}

pub async fn an_own_change_needs_a_session_of_the_account<S>(store: &S)
where
    S: RegistrationStore + PasswordStore + TwoFactorStore + SessionStore,
{
    for (number, change) in (0..).zip(Own::ALL) {
        let (id, session) = person(store, &format!("user{number}"), change, number).await;
        let others =
            open(store, &register(store, &format!("other{number}")).await, 200 + number).await;
        let before = state(store, &id).await;
        for wrong in [others, session_id(99)] {
            let decided = own(store, &id, Some(wrong), at(30)).await;
            assert!(!is_written(&change.make(store, decided).await), "{change:?} {wrong}");
        }
        assert_eq!(state(store, &id).await, before, "{change:?}");
        let decided = own(store, &id, Some(session), at(30)).await;
        let now = written(change.make(store, decided).await);
        assert_eq!(
            format!("{now:?}"),
            format!("{:?}", account(store, &id).await),
            "the row as written: {change:?}"
        );
    }
}

pub async fn a_code_is_not_consumed_on_an_account_that_changed<S>(store: &S)
where
    S: RegistrationStore + TwoFactorStore + AdministrationStore,
{
    let id = register(store, "alice").await;
    enrol(store, &id).await;
    let decided = account(store, &id).await.generation();
    done(store.set_disabled(&id, true, &[], None, at(25)).await.unwrap());
    let now = account(store, &id).await.generation();
    for generation in [decided, now] {
        let step = store.consume_step(&id, generation, 101, TotpDrift::NONE).await.unwrap();
        let code = store.consume_recovery_code(&id, generation, &recovery_hash(1)).await.unwrap();
        assert_eq!(
            (step, code),
            (ConsumeOutcome::AlreadyConsumed, ConsumeOutcome::AlreadyConsumed),
            "disabled"
        );
    }
    done(store.set_disabled(&id, false, &[], None, at(26)).await.unwrap());
    let now = account(store, &id).await.generation();
    let stale = store.consume_step(&id, decided, 101, TotpDrift::NONE).await.unwrap();
    assert_eq!(stale, ConsumeOutcome::AlreadyConsumed, "at another generation");
    assert_eq!(
        store.consume_step(&id, now, 101, TotpDrift::NONE).await.unwrap(),
        ConsumeOutcome::Consumed
    );
    assert_eq!(
        store.consume_recovery_code(&id, now, &recovery_hash(1)).await.unwrap(),
        ConsumeOutcome::Consumed
    );
}

/// Gives every command as one actor, and returns which were carried out.
async fn commands_by<S>(store: &S, target: &AccountId, session: &SessionId, by: &Actor) -> [bool; 5]
where
    S: SessionStore + AdministrationStore + TwoFactorStore,
{
    let passed = |outcome: CommandOutcome| !matches!(outcome, CommandOutcome::ActorChanged);
    [
        passed(store.set_roles(target, &["admin".into()], &[], Some(by), at(40)).await.unwrap()),
        store.end(target, session, Some(by), at(40)).await.unwrap() != EndOutcome::ActorChanged,
        passed(store.end_all(target, Some(by), at(40)).await.unwrap()),
        passed(store.reset(target, Some(by), at(40)).await.unwrap()),
        passed(store.set_disabled(target, true, &[], Some(by), at(40)).await.unwrap()),
    ]
}

pub async fn a_command_by_somebody_who_lost_the_right_writes_nothing<S>(store: &S)
where
    S: RegistrationStore + SessionStore + AdministrationStore + TwoFactorStore + RevocationLog,
{
    for (number, command) in (0..).zip(Command::ALL) {
        let target = register(store, &format!("target{number}")).await;
        let targets = open(store, &target, 100 + number).await;
        let admin = register(store, &format!("admin{number}")).await;
        let session = open(store, &admin, number).await;
        let decided = actor(store, &admin, Some(session)).await;
        command.give(store, &admin, &session, at(30)).await;
        let (before, mut log) = (state(store, &target).await, Reader::new(store));
        log.read_new().await;

        assert_eq!(
            commands_by(store, &target, &targets, &decided).await,
            [false; 5],
            "{command:?}"
        );
        assert_eq!(
            commands_by(store, &admin, &session, &decided).await,
            [false; 5],
            "on themselves: {command:?}"
        );
        assert_eq!(state(store, &target).await, before, "{command:?}");
        assert_eq!(log.read_new().await, [], "{command:?}");
    }
    let target = register(store, "target").await;
    let targets = open(store, &target, 150).await;
    let admin = register(store, "admin").await;
    let decided = actor(store, &admin, Some(open(store, &admin, 151).await)).await;
    assert_eq!(
        commands_by(store, &target, &targets, &decided).await,
        [true; 5],
        "the actor still has the right"
    );
}
