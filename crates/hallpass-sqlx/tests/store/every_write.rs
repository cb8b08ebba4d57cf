//! Each kind of write of the store traits, on an account of its own.

use std::{error::Error, time::Duration};

use hallpass_accounts::{
    AccountId, Actor, AdministrationStore, AttemptOutcome, CommandOutcome, Confirmation,
    ConsumeOutcome, ConsumedLink, EndOutcome, Enrolment, NewSession, OneTimeHash, OpenOutcome,
    OwnChange, OwnChangeOutcome, PasswordChange, PasswordStore, RateLimit, RateLimitStore,
    RefreshOutcome, RefreshTokenStore, RegistrationOutcome, RegistrationStore, ReplaceOutcome,
    RevocationLog, SessionId, SessionStore, TwoFactorStore,
};
use hallpass_core::{Methods, TotpDrift};
use hallpass_sqlx::{SqliteStore, StoreError};
use hallpass_testkit::store_suite::{
    fixture::{actor, at, enrol, new_account, recovery_hash, register, session_id},
    session::refresh_token::{open_renewable, presenting},
};
use tokio::task::JoinSet;

/// A kind of write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Register,
    ReplaceHash,
    ChangePassword,
    ResetPassword,
    EnableFactor,
    ConsumeStep,
    ConsumeRecoveryCode,
    ReplaceRecoveryCodes,
    DisableFactor,
    ResetFactor,
    Reencrypt,
    OpenSession,
    Refresh,
    EndSession,
    EndOthers,
    Confirm,
    EndAll,
    SetRoles,
    SetDisabled,
    TakeAttempt,
    GiveBackAttempt,
    ClearAttempts,
    PurgeLog,
}

pub(crate) const EVERY_KIND: [Kind; 23] = [
    Kind::Register,
    Kind::ReplaceHash,
    Kind::ChangePassword,
    Kind::ResetPassword,
    Kind::EnableFactor,
    Kind::ConsumeStep,
    Kind::ConsumeRecoveryCode,
    Kind::ReplaceRecoveryCodes,
    Kind::DisableFactor,
    Kind::ResetFactor,
    Kind::Reencrypt,
    Kind::OpenSession,
    Kind::Refresh,
    Kind::EndSession,
    Kind::EndOthers,
    Kind::Confirm,
    Kind::EndAll,
    Kind::SetRoles,
    Kind::SetDisabled,
    Kind::TakeAttempt,
    Kind::GiveBackAttempt,
    Kind::ClearAttempts,
    Kind::PurgeLog,
];

const LIMIT: RateLimit = RateLimit::new(3, Duration::from_secs(30));

/// A prepared write. It changes rows, and it succeeds once.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    kind: Kind,
    name: String,
    id: AccountId,
    number: u8,
    session: SessionId,
    own: OwnChange,
}

impl Prepared {
    /// Writes the rows that this kind of write changes. `number` is of this write only.
    pub(crate) async fn new(store: &SqliteStore, kind: Kind, number: u8) -> Self {
        let name = format!("user{number}");
        let id = register(store, &name).await;
        let session = open_renewable(store, &id, number, at(10_000)).await;
        if matches!(
            kind,
            Kind::ConsumeStep
                | Kind::ConsumeRecoveryCode
                | Kind::ReplaceRecoveryCodes
                | Kind::DisableFactor
                | Kind::ResetFactor
                | Kind::Reencrypt
        ) {
            enrol(store, &id).await;
        }
        if let Kind::PurgeLog = kind {
            let other = register(store, &format!("other{number}")).await;
            let logged = store.set_roles(&other, &[], &[], None, at(1)).await.unwrap();
            assert!(matches!(logged, CommandOutcome::Done(_)));
        }
        for _ in 0..2 {
            let taken = store.try_take(&name, &LIMIT, at(0)).await.unwrap();
            assert_eq!(taken, AttemptOutcome::Allowed);
        }
        let own = OwnChange::new(actor(store, &id, None).await, at(20));
        Self { kind, name, id, number, session, own }
    }

    /// Prepares a write of each kind.
    pub(crate) async fn every_kind(store: &SqliteStore, first: u8) -> Vec<Self> {
        let mut all = Vec::new();
        for (number, kind) in (first..).zip(EVERY_KIND) {
            all.push(Self::new(store, kind, number).await);
        }
        all
    }

    /// Writes. Panics if the write has no effect, but returns the error of the store.
    pub(crate) async fn write(&self, store: &SqliteStore) -> Result<(), StoreError> {
        let Self { kind, name, id, number, session, own } = self;
        let effect = match kind {
            Kind::Register => {
                let new = new_account(&format!("new-{name}"), &format!("new.{name}"));
                matches!(store.create(new).await?, RegistrationOutcome::Created(_))
            }
            Kind::ReplaceHash => {
                store.replace_hash(id, "hash-0", "hash-1").await? == ReplaceOutcome::Replaced
            }
            Kind::ChangePassword => {
                let change = PasswordChange::new(own.clone(), "hash-0".into(), "hash-1".into());
                is_written(&PasswordStore::change(store, change).await?)
            }
            Kind::ResetPassword => {
                let link = ConsumedLink::new(OneTimeHash::of(name.as_bytes()), at(4000));
                let change = PasswordChange::new(own.clone(), "hash-0".into(), "hash-1".into());
                is_written(&PasswordStore::change(store, change.consuming(link)).await?)
            }
            Kind::EnableFactor => {
                let codes = (0..10).map(recovery_hash).collect();
                let enrolment = Enrolment::new(own.clone(), b"encrypted".to_vec(), 100, codes);
                is_written(&store.enable(enrolment).await?)
            }
            Kind::ConsumeStep => {
                let generation = own.actor.generation;
                store.consume_step(id, generation, 200, TotpDrift::NONE).await?
                    == ConsumeOutcome::Consumed
            }
            Kind::ConsumeRecoveryCode => {
                let generation = own.actor.generation;
                store.consume_recovery_code(id, generation, &recovery_hash(3)).await?
                    == ConsumeOutcome::Consumed
            }
            Kind::ReplaceRecoveryCodes => {
                is_written(&store.replace_recovery_codes(own, &[recovery_hash(20)]).await?)
            }
            Kind::DisableFactor => is_written(&store.disable(own).await?),
            Kind::ResetFactor => done(&store.reset(id, None, at(20)).await?),
            Kind::Reencrypt => {
                store.reencrypt(id, b"encrypted", b"again").await? == ReplaceOutcome::Replaced
            }
            Kind::OpenSession => {
                let session = session_id(255 - number);
                let generation = own.actor.generation;
                let device = "Firefox".to_owned();
                let new =
                    NewSession::new(session, id.clone(), generation, device, at(10), at(1000));
                matches!(SessionStore::open(store, new).await?, OpenOutcome::Opened { .. })
            }
            Kind::Refresh => matches!(
                store.refresh(session, &presenting(1, at(400))).await?,
                RefreshOutcome::Consumed(_)
            ),
            Kind::EndSession => store.end(id, session, None, at(20)).await? == EndOutcome::Ended,
            Kind::EndOthers => is_written(&store.end_others(own).await?),
            Kind::Confirm => {
                let actor = Actor::new(id.clone(), own.actor.generation, Some(*session));
                let confirmation = Confirmation::new(actor, Methods::PASSWORD, at(20));
                is_written(&store.confirm(&confirmation).await?)
            }
            Kind::EndAll => done(&store.end_all(id, None, at(20)).await?),
            Kind::SetRoles => {
                done(&store.set_roles(id, &["admin".to_owned()], &[], None, at(20)).await?)
            }
            Kind::SetDisabled => done(&store.set_disabled(id, true, &[], None, at(20)).await?),
            Kind::TakeAttempt => {
                store.try_take(name, &LIMIT, at(0)).await? == AttemptOutcome::Allowed
            }
            Kind::GiveBackAttempt => {
                store.give_back(name, &LIMIT, at(0)).await?;
                true
            }
            Kind::ClearAttempts => {
                store.clear(name).await?;
                true
            }
            Kind::PurgeLog => {
                store.purge_before(at(2)).await?;
                true
            }
        };
        assert!(effect, "{self:?} has no effect");
        Ok(())
    }
}

fn is_written(outcome: &OwnChangeOutcome) -> bool {
    matches!(outcome, OwnChangeOutcome::Written(..))
}

fn done(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Done(_))
}

/// Runs the writes in parallel.
pub(crate) async fn in_parallel(
    store: &SqliteStore,
    writes: &[Prepared],
) -> Vec<(Kind, Result<(), StoreError>)> {
    let mut tasks = JoinSet::new();
    for write in writes.iter().cloned() {
        let store = store.clone();
        tasks.spawn(async move { (write.kind, write.write(&store).await) });
    }
    tasks.join_all().await
}

/// Registers 40 accounts in parallel.
pub(crate) async fn register_40(store: &SqliteStore, prefix: &str) -> Vec<Result<(), StoreError>> {
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (store, name) = (store.clone(), format!("{prefix}{number}"));
        tasks.spawn(async move {
            match store.create(new_account(&format!("id-{name}"), &name)).await {
                Ok(RegistrationOutcome::NameTaken) => panic!("{name} was registered already"),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            }
        });
    }
    tasks.join_all().await
}

/// Returns the error and its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
