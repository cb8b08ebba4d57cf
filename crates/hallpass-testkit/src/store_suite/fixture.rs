//! Fixtures of the checks, also for the further tests of a store.

use hallpass_accounts::{
    Account, AccountId, AccountStore, Actor, CommandOutcome, Cursor, Enrolment, NewAccount,
    NewSession, OpenOutcome, OwnChange, OwnChangeOutcome, RecoveryCode, RecoveryHash,
    RegistrationOutcome, RegistrationStore, Revocation, RevocationLog, SessionId, SessionStore,
    TwoFactorStore, Username,
};
use hallpass_core::UnixTime;

/// Returns a time in seconds after a fixed moment of September 2026.
pub fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(1_790_000_000 + seconds)
}

pub fn name(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn session_id(number: u8) -> SessionId {
    SessionId::from_random([number; 16])
}

pub fn recovery_hash(number: u8) -> RecoveryHash {
    RecoveryCode::from_random([number; 24]).hash()
}

pub fn new_account(id: &str, username: &str) -> NewAccount {
    let roles = vec!["guest".to_owned()];
    NewAccount::new(AccountId::new(id), name(username), "hash-0".into(), roles, at(0))
}

/// Registers an account with the id `id-NAME`. Panics if the name is taken.
pub async fn register<S: RegistrationStore>(store: &S, username: &str) -> AccountId {
    let account = new_account(&format!("id-{username}"), username);
    match store.create(account).await.unwrap() {
        RegistrationOutcome::Created(id) => id,
        RegistrationOutcome::NameTaken => panic!("{username} is taken: the store was not empty"),
    }
}

pub async fn account<S: AccountStore>(store: &S, id: &AccountId) -> Account {
    store.by_id(id).await.unwrap().unwrap()
}

/// Opens a session at second 10, which expires at second 1000.
pub async fn open<S: SessionStore>(store: &S, id: &AccountId, number: u8) -> SessionId {
    let session = session_id(number);
    let generation = account(store, id).await.generation();
    let new = NewSession::new(session, id.clone(), generation, "Firefox".into(), at(10), at(1000));
    opened(store.open(new).await.unwrap());
    session
}

/// Returns the account of an opened session.
pub fn opened(opened: OpenOutcome) -> Account {
    match opened {
        OpenOutcome::Opened { account, .. } => *account,
        OpenOutcome::AccountChanged => panic!("the session was not opened"),
    }
}

/// Returns the account as a change has written it.
pub fn written(outcome: OwnChangeOutcome) -> Account {
    match outcome {
        OwnChangeOutcome::Written(account, _) => *account,
        OwnChangeOutcome::NotWritten => panic!("the change was not written"),
    }
}

pub fn is_written(outcome: &OwnChangeOutcome) -> bool {
    matches!(outcome, OwnChangeOutcome::Written(..))
}

/// Returns the account as a command has written it.
pub fn done(outcome: CommandOutcome) -> Account {
    match outcome {
        CommandOutcome::Done(account) => *account,
        other => panic!("the command was not carried out: {other:?}"),
    }
}

/// Returns the account's actor, with the values that a token would have now.
pub async fn actor<S: AccountStore>(
    store: &S,
    id: &AccountId,
    session: Option<SessionId>,
) -> Actor {
    let account = account(store, id).await;
    Actor::new(id.clone(), account.generation(), session).with_epoch(account.epoch())
}

/// Returns an own change by that actor.
pub async fn own<S: AccountStore>(
    store: &S,
    id: &AccountId,
    session: Option<SessionId>,
    when: UnixTime,
) -> OwnChange {
    OwnChange::new(actor(store, id, session).await, when)
}

pub async fn open_sessions<S: SessionStore>(store: &S, id: &AccountId) -> Vec<SessionId> {
    let sessions = store.list(id, at(20)).await.unwrap();
    sessions.iter().map(|session| session.id).collect()
}

/// Returns an enrolment at step 100, with ten recovery codes.
pub async fn enrolment<S: AccountStore>(store: &S, id: &AccountId) -> Enrolment {
    let codes = (0..10).map(recovery_hash).collect();
    Enrolment::new(own(store, id, None, at(5)).await, b"encrypted".to_vec(), 100, codes)
}

pub async fn enrol<S: TwoFactorStore>(store: &S, id: &AccountId) {
    written(store.enable(enrolment(store, id).await).await.unwrap());
}

/// Disables the factor.
pub async fn disable<S: TwoFactorStore>(store: &S, id: &AccountId) {
    written(store.disable(&own(store, id, None, at(40)).await).await.unwrap());
}

/// A reader that follows the log, as a node does.
#[derive(Debug)]
pub struct Reader<'s, S> {
    store: &'s S,
    cursor: Cursor,
    seen: Vec<Revocation>,
}

impl<'s, S: RevocationLog> Reader<'s, S> {
    pub fn new(store: &'s S) -> Self {
        Self { store, cursor: Cursor::START, seen: Vec::new() }
    }

    /// Reads the log to its end, and returns the revocations that are new to this reader. A log may
    /// return a revocation twice, which counts once here.
    pub async fn read_new(&mut self) -> Vec<Revocation> {
        let known = self.seen.len();
        loop {
            let read = self.store.read_after(self.cursor).await.unwrap();
            for change in read.changes {
                if !self.seen.contains(&change) {
                    self.seen.push(change);
                }
            }
            if read.cursor == self.cursor {
                return self.seen[known..].to_vec();
            }
            self.cursor = read.cursor;
        }
    }
}

pub fn revoked(account: &AccountId, number: u32, at: UnixTime) -> Revocation {
    Revocation::RevokedBelow { account: account.clone(), number, disabled: false, at }
}

pub fn stale(account: &AccountId, number: u32, at: UnixTime) -> Revocation {
    Revocation::StaleBelow { account: account.clone(), number, at }
}
