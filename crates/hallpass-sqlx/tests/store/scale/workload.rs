//! Calls every method of the store traits, on tables that are full.

use std::{convert::Infallible, time::Duration};

use hallpass_accounts::{
    Account, AccountId, AccountStore, Activity, ActivityKind, ActivityStore, AdministrationStore,
    AttemptOutcome, BrowserHash, BrowserId, BrowserLogin, BrowserName, BrowserStore,
    CommandOutcome, Confirmation, ConsumeOutcome, ConsumedStore, Cursor, EndOutcome, Incarnation,
    KeyCheck, NewSession, OneTimeHash, OneTimePurpose, OpenOutcome, Outcome, OutcomeId,
    OutcomeKind, OutcomeStore, OwnChange, PasswordChange, PasswordStore, PutOutcome, RateLimit,
    RateLimitStore, RefreshChain, RefreshOutcome, RefreshTokenStore, ReplaceOutcome, Revocation,
    RevocationLog, SessionStore, SiteStore, TwoFactorStore, Username, WhichBrowsers,
};
use hallpass_core::{Methods, TotpDrift, UnixTime};
use hallpass_sqlx::SqlStore;
use hallpass_testkit::store_suite::{
    fixture::{
        actor, at, disable, done, enrol, enrolment, is_written, name, open, own, recovery_hash,
        register, session_id, written,
    },
    session::refresh_token::{open_renewable, presenting, token},
};

use super::now;

/// Number of rows that a prune deletes here, so that a statement that reads a whole table is
/// noticed.
const PIECE: u32 = 10;

/// Calls every method of the store traits, with a new account.
pub(super) async fn every_statement(store: &SqlStore, user: &str) {
    let id = register(store, user).await;
    accounts(store, user, &id).await;
    kept_roles(store, &id).await;
    sessions(store, &id).await;
    own_changes(store, &id).await;
    second_factor(store, &id).await;
    rate_limits(store, user).await;
    browsers(store, &id).await;
    outcomes_and_values(store, &id).await;
    activity(store, &id).await;
    log(store).await;
    site(store, &id).await;
    commands(store).await;
    own_users(store, user).await;
    prune(store).await;
}

async fn accounts(store: &SqlStore, user: &str, id: &AccountId) {
    assert!(store.by_username(&name(user)).await.unwrap().is_some());
    assert_eq!(AdministrationStore::list(store, None, 20).await.unwrap().len(), 20);
    let page = AdministrationStore::list(store, Some(&name("user500")), 20).await.unwrap();
    assert_eq!(page.len(), 20);
    done(store.set_roles(id, &["admin".to_owned()], &[], None, at(1)).await.unwrap());
    done(store.set_disabled(id, true, &[], None, at(2)).await.unwrap());
    done(store.set_disabled(id, false, &[], None, at(3)).await.unwrap());
}

/// Nobody else has the role, so every combination of roles is read.
async fn kept_roles(store: &SqlStore, id: &AccountId) {
    let keep = ["owner".to_owned()];
    done(store.set_roles(id, &keep, &keep, None, at(4)).await.unwrap());
    let refused = store.set_disabled(id, true, &keep, None, at(5)).await.unwrap();
    assert!(matches!(refused, CommandOutcome::LastOfRole), "{refused:?}");
    let admin = ["admin".to_owned()];
    done(store.set_roles(id, &admin, &[], None, at(6)).await.unwrap());
    done(store.set_disabled(id, true, &admin, None, at(7)).await.unwrap());
    done(store.set_disabled(id, false, &admin, None, at(8)).await.unwrap());
}

async fn sessions(store: &SqlStore, id: &AccountId) {
    let by = actor(store, id, None).await;
    for number in 1..=3 {
        open(store, id, number).await;
    }
    assert_eq!(SessionStore::list(store, id, at(20)).await.unwrap().len(), 3);
    let session = open_renewable(store, id, 4, at(10_000)).await;
    let refreshed = store.refresh(&session, &presenting(1, at(400))).await.unwrap();
    assert!(matches!(refreshed, RefreshOutcome::Consumed(_)), "{refreshed:?}");
    let grace = store.refresh(&session, &presenting(1, at(410))).await.unwrap();
    assert!(matches!(grace, RefreshOutcome::InGrace { .. }), "{grace:?}");
    let lost = store.refresh(&session, &presenting(1, at(440))).await.unwrap();
    assert!(matches!(lost, RefreshOutcome::Lost { .. }), "{lost:?}");
    let reused = store.refresh(&session, &presenting(9, at(480))).await.unwrap();
    assert!(matches!(reused, RefreshOutcome::Reused { .. }), "{reused:?}");
    let last =
        NewSession::new(session_id(7), id.clone(), by.generation, String::new(), at(11), at(999));
    match store.open(last.with_limit(3)).await.unwrap() {
        OpenOutcome::Opened { ended, .. } => assert_eq!(ended.len(), 1),
        OpenOutcome::AccountChanged => panic!("the session was not opened"),
    }
    let ended = store.end(id, &session_id(7), Some(&by), at(20)).await.unwrap();
    assert_eq!(ended, EndOutcome::Ended);
    done(store.end_all(id, Some(&by), at(20)).await.unwrap());
}

async fn own_changes(store: &SqlStore, id: &AccountId) {
    let session = open(store, id, 5).await;
    open(store, id, 6).await;
    let chain = RefreshChain::new(token(7), at(510), Methods::PASSWORD);
    let kept = own(store, id, Some(session), at(20))
        .await
        .with_refresh_chain(Some(chain))
        .in_browser(Some(BrowserHash::of(&[3; 16])));
    let change = PasswordChange::new(kept, "hash-0".into(), "hash-1".into());
    assert!(is_written(&PasswordStore::change(store, change).await.unwrap()));
    let replaced = store.replace_hash(id, "hash-1", "hash-2").await.unwrap();
    assert_eq!(replaced, ReplaceOutcome::Replaced);
    let by = actor(store, id, Some(session)).await;
    let confirmation = Confirmation::new(by, Methods::PASSWORD, at(20));
    assert!(is_written(&store.confirm(&confirmation).await.unwrap()));
    let others = own(store, id, Some(session), at(21)).await;
    assert!(is_written(&store.end_others(&others).await.unwrap()));
}

async fn second_factor(store: &SqlStore, id: &AccountId) {
    enrol(store, id).await;
    let again = store.enable(enrolment(store, id).await).await.unwrap();
    assert!(!is_written(&again));
    let generation = actor(store, id, None).await.generation;
    let consumed = store.consume_step(id, generation, 200, TotpDrift::NONE).await.unwrap();
    assert_eq!(consumed, ConsumeOutcome::Consumed);
    let consumed = store.consume_recovery_code(id, generation, &recovery_hash(3)).await.unwrap();
    assert_eq!(consumed, ConsumeOutcome::Consumed);
    let own: OwnChange = own(store, id, None, at(30)).await;
    written(store.replace_recovery_codes(&own, &[recovery_hash(20)]).await.unwrap());
    let replaced = store.reencrypt(id, b"encrypted", b"again").await.unwrap();
    assert_eq!(replaced, ReplaceOutcome::Replaced);
    assert!(!store.list_secrets(None, 5).await.unwrap().is_empty());
    disable(store, id).await;
}

async fn rate_limits(store: &SqlStore, user: &str) {
    const LIMIT: RateLimit = RateLimit::new(3, Duration::from_secs(30));
    for number in 0..5 {
        let expected = number < 3;
        let outcome = store.try_take(user, &LIMIT, now()).await.unwrap();
        assert_eq!(outcome == AttemptOutcome::Allowed, expected);
    }
    for _ in 0..5 {
        store.give_back(user, &LIMIT, now()).await.unwrap();
    }
    let taken = store.try_take(user, &LIMIT, now()).await.unwrap();
    assert_eq!(taken, AttemptOutcome::Allowed);
    store.clear(user).await.unwrap();
}

async fn browsers(store: &SqlStore, id: &AccountId) {
    let row = BrowserId::from_random([9; 16]);
    let (first, second) = (BrowserHash::of(&[1; 16]), BrowserHash::of(&[2; 16]));
    let firefox = BrowserName::from_user_agent("Firefox");
    let login = BrowserLogin::new(row, id.clone(), first, 0, firefox, now());
    store.remember(&login).await.unwrap();
    store.remember(&login.clone().known(true)).await.unwrap();
    let mut trusted = login.clone().granting_trust(now(), first);
    trusted.browser = second;
    store.remember(&trusted).await.unwrap();
    assert!(BrowserStore::find(store, id, &second, 0).await.unwrap().is_some());
    assert_eq!(BrowserStore::list(store, id).await.unwrap().len(), 1);
    store.untrust(id, &second).await.unwrap();
    assert_eq!(store.forget(id, WhichBrowsers::One(row)).await.unwrap(), 1);
    // One more than an account keeps.
    for number in 0..=20 {
        let browser = BrowserHash::of(&[100 + number; 16]);
        let row = BrowserId::from_random([100 + number; 16]);
        let chrome = BrowserName::from_user_agent("Chrome");
        let login = BrowserLogin::new(row, id.clone(), browser, 0, chrome, now());
        store.remember(&login).await.unwrap();
    }
    assert_eq!(store.forget(id, WhichBrowsers::All).await.unwrap(), 20);
}

async fn outcomes_and_values(store: &SqlStore, id: &AccountId) {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(id.as_str().bytes()).for_each(|(byte, of_id)| *byte = of_id);
    let outcome = Outcome::new(OutcomeId::from_bytes(bytes), OutcomeKind::LoggedIn, at(1), at(9))
        .with_account(id.clone(), 0);
    assert_eq!(store.put(&outcome).await.unwrap(), PutOutcome::Inserted);
    assert!(matches!(store.put(&outcome).await.unwrap(), PutOutcome::Existing(_)));
    assert!(OutcomeStore::find(store, &outcome.id, at(2)).await.unwrap().is_some());
    assert_eq!(store.delete(&outcome).await.unwrap(), 1);

    let value = OneTimeHash::of(id.as_str().as_bytes());
    for expected in [ConsumeOutcome::Consumed, ConsumeOutcome::AlreadyConsumed] {
        let consumed = store.consume(OneTimePurpose::LoginLink, &value, at(9)).await.unwrap();
        assert_eq!(consumed, expected);
    }
}

async fn activity(store: &SqlStore, id: &AccountId) {
    for _ in 0..=Activity::MAX_PER_ACCOUNT {
        store.record(id, &Activity::new(ActivityKind::LoggedIn, now())).await.unwrap();
    }
    assert_eq!(store.recent(id, 20).await.unwrap().len(), 20);
}

async fn log(store: &SqlStore) {
    let page = store.read_after(Cursor::START).await.unwrap();
    assert_eq!(page.changes.len(), 1000);
    let end = end_of_log(store).await;
    assert_eq!(store.read_after(end).await.unwrap().changes, []);
}

/// Reads the log to its end.
pub(super) async fn end_of_log(store: &SqlStore) -> Cursor {
    let mut cursor = Cursor::START;
    loop {
        let page = store.read_after(cursor).await.unwrap();
        if page.cursor == cursor {
            return cursor;
        }
        cursor = page.cursor;
    }
}

async fn site(store: &SqlStore, id: &AccountId) {
    assert!(AccountStore::database_id(store).await.unwrap().is_some());
    assert!(store.has_accounts().await.unwrap());
    let check = KeyCheck { value: "value".into(), used_for: "pepper".into() };
    store.record_key_checks(std::slice::from_ref(&check), at(1)).await.unwrap();
    assert_eq!(store.key_checks().await.unwrap(), std::slice::from_ref(&check));
    store.forget_key_checks(&[check]).await.unwrap();

    let session = open(store, id, 8).await;
    let epoch = at(500).as_secs();
    let account = id.clone();
    let lost = [
        Revocation::SessionEnded { session, at: at(2) },
        Revocation::StaleBelow { account: account.clone(), number: 1000, at: at(2) },
        Revocation::RevokedBelow { account, number: 1001, disabled: false, at: at(2) },
        Revocation::EpochRaised { epoch, at: at(2) },
    ];
    assert_eq!(store.write_again(&lost).await.unwrap().len(), 2);
    store.raise_epoch(at(600)).await.unwrap();

    let facts = store.read_after(Cursor::START).await.unwrap().facts.unwrap();
    let new = Incarnation { identity: "other".into(), timeline: 1 };
    let recorded = facts.recorded.as_ref();
    assert!(store.record_incarnation(recorded, &new).await.unwrap());
    let observed = facts.observed.unwrap();
    assert!(store.record_incarnation(Some(&new), &observed).await.unwrap());
}

async fn commands(store: &SqlStore) {
    store.schema().await.unwrap();
    store.try_write().await.unwrap();
    assert_eq!(store.stored_accounts("user5", 10).await.unwrap().len(), 10);
    store.stored_roles().await.unwrap();
    store.revocation_log_size().await.unwrap();
    assert!(store.stored_rows().await.unwrap().sessions > 10_000);
}

/// A site's own users table, in which every account exists.
struct Users;

impl AccountStore for Users {
    type Error = Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
        Ok(None)
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Infallible> {
        let account = Account::new(id.clone(), name("owner"), "hash-0");
        Ok(Some(account.with_roles(["guest"])))
    }
}

/// Accounts without a state, in hallpass's own table instead of the site's.
const OTHERS: &str = "SELECT id FROM hallpass_accounts WHERE $1 <> '' AND id > $2 \
     ORDER BY id LIMIT $3";

async fn own_users(store: &SqlStore, user: &str) {
    let own = Users.with(store.clone()).listing_role(OTHERS);
    let id = AccountId::new(format!("own {user}"));
    let session = open_renewable(&own, &id, 9, at(10_000)).await;
    let refreshed = own.refresh(&session, &presenting(1, at(400))).await.unwrap();
    assert!(matches!(refreshed, RefreshOutcome::Consumed(_)), "{refreshed:?}");
    done(own.end_all(&id, None, at(401)).await.unwrap());
    let keep = ["guest".to_owned()];
    done(own.set_disabled(&id, true, &keep, None, at(402)).await.unwrap());
}

async fn prune(store: &SqlStore) {
    let (now, expected) = (now(), u64::from(PIECE));
    let half_a_year_ago = now.saturating_sub(Activity::KEPT);
    let a_minute_ago = UnixTime::from_secs(now.as_secs() - 60);
    assert_eq!(SessionStore::prune(store, now, PIECE).await.unwrap(), expected);
    assert_eq!(RateLimitStore::prune(store, now, PIECE).await.unwrap(), expected);
    assert_eq!(BrowserStore::prune(store, now, PIECE).await.unwrap(), expected);
    assert_eq!(OutcomeStore::prune(store, now, PIECE).await.unwrap(), expected);
    assert_eq!(ConsumedStore::prune(store, now, PIECE).await.unwrap(), expected);
    assert_eq!(ActivityStore::prune(store, half_a_year_ago, PIECE).await.unwrap(), expected);
    assert_eq!(RevocationLog::prune(store, a_minute_ago, PIECE).await.unwrap(), expected);
    store.purge_before(UnixTime::from_secs(1)).await.unwrap();
}
