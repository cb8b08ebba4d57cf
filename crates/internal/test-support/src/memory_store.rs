//! A store in memory, for tests of code that uses a store.
//!
//! It implements every store trait except `RateLimitStore`. Each call takes one lock and is atomic.
//! The store counts its calls. [`MemoryStore::set_down`] makes each call fail.

mod activity;
mod browser;
mod consumed;
mod outcome;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use hallpass_accounts::{
    Account, AccountId, AccountNumbers, AccountStore, Actor, AdministrationStore, CommandOutcome,
    Confirmation, ConsumeOutcome, ConsumedLink, ConsumedRefreshes, Cursor, EndOutcome, Enrolment,
    Incarnation, KeptSession, KeyCheck, LiveFactor, NewAccount, NewSession, OpenOutcome, OwnChange,
    OwnChangeOutcome, PasswordChange, PasswordStore, RecoveryHash, RefreshChain, RefreshOutcome,
    RefreshState, RefreshTokenStore, RefreshedSession, RegistrationOutcome, RegistrationStore,
    ReplaceOutcome, Revocation, RevocationLog, RevocationPage, Rotation, RotationOutcome, Session,
    SessionId, SessionRow, SessionStore, SiteStore, StoreFacts, StoredSecret, TwoFactorStore,
    Username,
};
use hallpass_accounts::{Activity, KnownBrowser, OneTimeHash, Outcome, OutcomeId};
use hallpass_core::{Clock, Methods, SystemClock, TotpDrift, UnixTime};

/// A store in memory. Clones share their data.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    down: AtomicBool,
    calls: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<AccountId, Row>,
    log: Vec<Revocation>,
    epoch: u64,
    incarnation: Option<Incarnation>,
    key_checks: Vec<KeyCheck>,
    browsers: Vec<(AccountId, KnownBrowser)>,
    outcomes: BTreeMap<OutcomeId, Outcome>,
    consumed: BTreeMap<(&'static str, OneTimeHash), UnixTime>,
    activity: Vec<(AccountId, Activity)>,
}

struct Row {
    username: Username,
    hash: String,
    roles: Vec<String>,
    numbers: AccountNumbers,
    disabled: bool,
    factor: Option<LiveFactor>,
    recovery: Vec<RecoveryHash>,
    sessions: Vec<Session>,
    refreshes: BTreeMap<SessionId, Kept>,
    /// The time of the last full proof of each session.
    authenticated: BTreeMap<SessionId, UnixTime>,
}

/// The data that a refresh of a session needs.
struct Kept {
    state: RefreshState,
    methods: Methods,
}

/// The error of a store that is down.
#[derive(Debug)]
pub struct Down;

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the store is down")
    }
}

impl std::error::Error for Down {}

impl MemoryStore {
    /// Writes the encrypted secret of an account, as the import of another site does.
    ///
    /// # Panics
    /// If the account does not exist, or the store is down.
    pub fn import_second_factor(&self, id: &AccountId, encrypted: Vec<u8>) {
        let mut state = self.lock().expect("the store is up");
        let row = state.rows.get_mut(id).expect("an account");
        row.factor = Some(LiveFactor::new(encrypted, None));
    }

    /// Sets whether every call fails.
    pub fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    /// Returns the number of calls.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// Returns the number of accounts.
    pub fn accounts(&self) -> usize {
        self.0.state.lock().expect("no test panicked while it held the lock").rows.len()
    }

    /// Loses the revocation log, as a backup does that was made before its first entry.
    pub fn lose_log(&self) {
        self.0.state.lock().expect("no test panicked while it held the lock").log.clear();
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, Down> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        if self.0.down.load(Ordering::SeqCst) {
            Err(Down)
        } else {
            Ok(self.0.state.lock().expect("no test panicked while it held the lock"))
        }
    }
}

impl Row {
    fn account(&self, id: &AccountId, epoch: u64) -> Account {
        Account::new(id.clone(), self.username.clone(), self.hash.clone())
            .with_roles(self.roles.iter().cloned())
            .with_numbers(self.numbers)
            .with_epoch(epoch)
            .with_disabled(self.disabled)
            .with_second_factor(self.factor.clone())
    }

    /// Returns `Some` if the session exists and meets the conditions of the actor.
    fn accepts(&self, actor: &Actor, session: &SessionId) -> Option<()> {
        self.sessions.iter().find(|one| one.id == *session)?;
        let kept = self.refreshes.get(session);
        actor.accepts_session(&SessionRow {
            refresh: kept.map(|kept| &kept.state),
            authenticated_at: self.authenticated.get(session).copied(),
            methods: kept.map_or(Methods::NONE, |kept| kept.methods),
            has_second_factor: self.factor.is_some(),
        })
    }

    fn kept(&self, session: &SessionId) -> Option<KeptSession> {
        let listed = self.sessions.iter().find(|one| one.id == *session)?;
        Some(KeptSession::new(self.authenticated.get(session).copied(), listed.expires))
    }
}

impl State {
    /// Returns the row of the actor. Returns `None` if the account is disabled, if the actor's
    /// token is revoked, or if the session has ended.
    fn row_of(&mut self, actor: &Actor) -> Option<&mut Row> {
        let epoch = self.epoch;
        let row = self.rows.get_mut(&actor.account)?;
        let in_session = |session: &SessionId| row.accepts(actor, session).is_some();
        let passes = !row.disabled
            && row.numbers.revoked_below <= actor.generation
            && actor.generation <= row.numbers.generation()
            && epoch == actor.epoch
            && actor.session.as_ref().is_none_or(in_session);
        passes.then_some(row)
    }

    /// A command needs the actor's roles too, so that its token must not be stale.
    fn passes(&mut self, by: Option<&Actor>) -> bool {
        by.is_none_or(|actor| {
            let row = self.row_of(actor);
            row.is_some_and(|row| row.numbers.stale_below <= actor.generation)
        })
    }

    /// Returns whether the account is the only enabled one with one of these roles.
    fn is_last_with<'a>(&self, id: &AccountId, mut lost: impl Iterator<Item = &'a String>) -> bool {
        let has = |row: &Row, role| !row.disabled && row.roles.contains(role);
        let Some(row) = self.rows.get(id) else { return false };
        lost.any(|role| {
            has(row, role) && !self.rows.iter().any(|(other, row)| other != id && has(row, role))
        })
    }

    /// Revokes the tokens of the account and ends every session except the session to keep, which
    /// receives its new refresh token.
    fn revoking(&mut self, own: &OwnChange, credential: u32) -> OwnChangeOutcome {
        let (id, epoch) = (&own.actor.account, self.epoch);
        let kept = own.kept_session();
        let before = self.rows.get(id).zip(kept).and_then(|(row, kept)| {
            let state = &row.refreshes.get(kept)?.state;
            Some((state.live, state.consumed.clone()))
        });
        self.revoke(id, own.kept_session(), credential, own.at);
        if let (Some(browser), 1) = (own.browser, credential) {
            self.keep_known(id, browser);
        }
        let Some(row) = self.rows.get_mut(id) else { return OwnChangeOutcome::NotWritten };
        if let (Some(session), Some(refresh_chain)) = (own.kept_session(), &own.refresh_chain) {
            let Some(listed) = row.sessions.iter_mut().find(|one| one.id == *session) else {
                return OwnChangeOutcome::NotWritten;
            };
            listed.refreshed = own.at;
            let consumed = before.map_or_else(ConsumedRefreshes::default, |(live, consumed)| {
                refresh_chain.after(live, &consumed, own.at)
            });
            let RefreshChain { first, idle_until, methods, .. } = refresh_chain.clone();
            let state = RefreshState::new(first, consumed, own.at, idle_until, listed.expires);
            row.refreshes.insert(*session, Kept { state, methods });
            if let Some(at) = own.authenticated_at {
                row.authenticated.insert(*session, at);
            }
            let kept = row.kept(session);
            return OwnChangeOutcome::Written(Box::new(row.account(id, epoch)), kept);
        }
        OwnChangeOutcome::Written(Box::new(row.account(id, epoch)), None)
    }

    fn commanded(&self, id: &AccountId) -> CommandOutcome {
        match self.rows.get(id) {
            Some(row) => CommandOutcome::Done(Box::new(row.account(id, self.epoch))),
            None => CommandOutcome::NotFound,
        }
    }

    /// Revokes the tokens of the account and ends every session except `keep`. `credential` is 1 if
    /// a credential changed, otherwise 0.
    fn revoke(&mut self, id: &AccountId, keep: Option<&SessionId>, credential: u32, at: UnixTime) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.sessions.retain(|session| Some(&session.id) == keep);
        row.refreshes.clear();
        row.numbers.credential += credential;
        self.raise(id, at);
    }

    fn raise(&mut self, id: &AccountId, at: UnixTime) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.numbers.revoked_below = row.numbers.generation() + 1;
        let (number, disabled) = (row.numbers.revoked_below, row.disabled);
        self.log.push(Revocation::RevokedBelow { account: id.clone(), number, disabled, at });
    }

    fn make_stale(&mut self, id: &AccountId, at: UnixTime) {
        let Some(row) = self.rows.get_mut(id) else { return };
        row.numbers.stale_below = row.numbers.generation() + 1;
        let number = row.numbers.stale_below;
        self.log.push(Revocation::StaleBelow { account: id.clone(), number, at });
    }
}

impl AccountStore for MemoryStore {
    type Error = Down;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, Down> {
        let state = self.lock()?;
        Ok(state
            .rows
            .iter()
            .find(|(_, row)| row.username == *name)
            .map(|(id, row)| row.account(id, state.epoch)))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Down> {
        let state = self.lock()?;
        Ok(state.rows.get(id).map(|row| row.account(id, state.epoch)))
    }
}

impl RegistrationStore for MemoryStore {
    async fn create(&self, new: NewAccount) -> Result<RegistrationOutcome, Down> {
        let mut state = self.lock()?;
        if state.rows.values().any(|row| row.username == new.username) {
            return Ok(RegistrationOutcome::NameTaken);
        }
        let row = Row {
            username: new.username,
            hash: new.password_hash,
            roles: new.roles,
            numbers: AccountNumbers::default(),
            disabled: false,
            factor: None,
            recovery: Vec::new(),
            sessions: Vec::new(),
            refreshes: BTreeMap::new(),
            authenticated: BTreeMap::new(),
        };
        state.rows.insert(new.id.clone(), row);
        Ok(RegistrationOutcome::Created(new.id))
    }
}

impl PasswordStore for MemoryStore {
    async fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<ReplaceOutcome, Down> {
        let mut state = self.lock()?;
        match state.rows.get_mut(id).filter(|row| row.hash == old_hash) {
            Some(row) => {
                row.hash = new_hash.to_owned();
                Ok(ReplaceOutcome::Replaced)
            }
            None => Ok(ReplaceOutcome::Changed),
        }
    }

    async fn change(&self, change: PasswordChange) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        let link = change.link.map(|link| ((ConsumedLink::PURPOSE.as_str(), link.hash), link));
        if link.is_some_and(|(key, _)| state.consumed.contains_key(&key)) {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        match state.row_of(&change.own.actor).filter(|row| row.hash == change.old_hash) {
            Some(row) => {
                row.hash = change.new_hash;
                state.consumed.extend(link.map(|(key, link)| (key, link.expires)));
                Ok(state.revoking(&change.own, 1))
            }
            None => Ok(OwnChangeOutcome::NotWritten),
        }
    }
}

impl TwoFactorStore for MemoryStore {
    async fn enable(&self, enrolment: Enrolment) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        let Some(row) = state.row_of(&enrolment.own.actor).filter(|row| row.factor.is_none())
        else {
            return Ok(OwnChangeOutcome::NotWritten);
        };
        row.factor = Some(
            LiveFactor::new(enrolment.encrypted, Some(enrolment.step)).with_drift(enrolment.drift),
        );
        row.recovery = enrolment.recovery_codes;
        Ok(state.revoking(&enrolment.own, 1))
    }

    async fn consume_step(
        &self,
        id: &AccountId,
        generation: u32,
        step: u64,
        drift: TotpDrift,
    ) -> Result<ConsumeOutcome, Down> {
        let mut state = self.lock()?;
        let actor = Actor::new(id.clone(), generation, None).with_epoch(state.epoch);
        let row = state.row_of(&actor);
        let factor = row.and_then(|row| row.factor.as_mut());
        match factor.filter(|factor| factor.last_step().is_none_or(|last| last < step)) {
            Some(factor) => {
                *factor = LiveFactor::new(factor.encrypted_secret().to_vec(), Some(step))
                    .with_drift(drift);
                Ok(ConsumeOutcome::Consumed)
            }
            None => Ok(ConsumeOutcome::AlreadyConsumed),
        }
    }

    async fn consume_recovery_code(
        &self,
        id: &AccountId,
        generation: u32,
        code: &RecoveryHash,
    ) -> Result<ConsumeOutcome, Down> {
        let mut state = self.lock()?;
        let actor = Actor::new(id.clone(), generation, None).with_epoch(state.epoch);
        let row = state.row_of(&actor).filter(|row| row.factor.is_some());
        let found = row.and_then(|row| {
            let at = row.recovery.iter().position(|hash| hash == code)?;
            Some(row.recovery.remove(at))
        });
        Ok(if found.is_some() { ConsumeOutcome::Consumed } else { ConsumeOutcome::AlreadyConsumed })
    }

    async fn replace_recovery_codes(
        &self,
        own: &OwnChange,
        codes: &[RecoveryHash],
    ) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        let epoch = state.epoch;
        match state.row_of(&own.actor).filter(|row| row.factor.is_some()) {
            Some(row) => {
                row.recovery = codes.to_vec();
                let account = Box::new(row.account(&own.actor.account, epoch));
                Ok(OwnChangeOutcome::Written(account, None))
            }
            None => Ok(OwnChangeOutcome::NotWritten),
        }
    }

    async fn disable(&self, own: &OwnChange) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        match state.row_of(&own.actor).filter(|row| row.factor.is_some()) {
            Some(row) => {
                row.factor = None;
                row.recovery.clear();
                Ok(state.revoking(own, 1))
            }
            None => Ok(OwnChangeOutcome::NotWritten),
        }
    }

    async fn reset(
        &self,
        id: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, Down> {
        let mut state = self.lock()?;
        if !state.passes(by) {
            return Ok(CommandOutcome::ActorChanged);
        }
        if let Some(row) = state.rows.get_mut(id) {
            row.factor = None;
            row.recovery.clear();
        }
        state.revoke(id, None, 1, at);
        Ok(state.commanded(id))
    }

    async fn reencrypt(
        &self,
        id: &AccountId,
        old_encrypted: &[u8],
        new_encrypted: &[u8],
    ) -> Result<ReplaceOutcome, Down> {
        let mut state = self.lock()?;
        let factor = state.rows.get_mut(id).and_then(|row| row.factor.as_mut());
        match factor.filter(|factor| factor.encrypted_secret() == old_encrypted) {
            Some(factor) => {
                *factor = LiveFactor::new(new_encrypted.to_vec(), factor.last_step())
                    .with_drift(factor.drift());
                Ok(ReplaceOutcome::Replaced)
            }
            None => Ok(ReplaceOutcome::Changed),
        }
    }

    async fn list_secrets(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<StoredSecret>, Down> {
        let state = self.lock()?;
        let secrets = state.rows.iter().filter_map(|(id, row)| {
            let encrypted = row.factor.as_ref()?.encrypted_secret().to_vec();
            Some(StoredSecret { account: id.clone(), encrypted })
        });
        let later = |id: &AccountId| after.is_none_or(|after| id.as_str() > after.as_str());
        let mut secrets: Vec<_> = secrets.filter(|secret| later(&secret.account)).collect();
        secrets.sort_by(|one, other| one.account.as_str().cmp(other.account.as_str()));
        secrets.truncate(limit as usize);
        Ok(secrets)
    }
}

impl SessionStore for MemoryStore {
    async fn open(&self, new: NewSession) -> Result<OpenOutcome, Down> {
        let mut state = self.lock()?;
        let epoch = state.epoch;
        let row = state.rows.get_mut(&new.account);
        let is_valid = |numbers: AccountNumbers| {
            numbers.revoked_below <= new.generation && new.generation <= numbers.generation()
        };
        match row.filter(|row| !row.disabled && is_valid(row.numbers)) {
            Some(row) => {
                if let Some(RefreshChain { first, idle_until, methods, .. }) = new.refresh_chain {
                    let consumed = ConsumedRefreshes::default();
                    let state = RefreshState::new(first, consumed, new.at, idle_until, new.expires);
                    row.refreshes.insert(new.id, Kept { state, methods });
                }
                // The most recently refreshed first, and the new one before all.
                row.sessions
                    .sort_by_key(|session| std::cmp::Reverse((session.refreshed, session.created)));
                row.authenticated.extend(new.authenticated_at.map(|at| (new.id, at)));
                row.sessions
                    .insert(0, Session::new(new.id, new.device, new.at, new.at, new.expires));
                let excess = row.sessions.split_off(row.sessions.len().min(new.limit as usize));
                let ended: Vec<_> = excess.iter().map(|session| session.id).collect();
                let account = Box::new(row.account(&new.account, epoch));
                for session in &ended {
                    row.refreshes.remove(session);
                }
                for session in ended.iter().copied() {
                    state.log.push(Revocation::SessionEnded { session, at: new.at });
                }
                Ok(OpenOutcome::Opened { account, ended })
            }
            None => Ok(OpenOutcome::AccountChanged),
        }
    }

    async fn list(&self, account: &AccountId, now: UnixTime) -> Result<Vec<Session>, Down> {
        let state = self.lock()?;
        let sessions = state.rows.get(account).map_or(&[][..], |row| &row.sessions);
        let mut live: Vec<_> =
            sessions.iter().filter(|session| now < session.expires).cloned().collect();
        live.sort_by_key(|session| std::cmp::Reverse(session.created));
        Ok(live)
    }

    async fn prune(&self, now: UnixTime, _limit: u32) -> Result<u64, Down> {
        let mut state = self.lock()?;
        let mut deleted = 0;
        for row in state.rows.values_mut() {
            let before = row.sessions.len();
            row.sessions.retain(|session| now < session.expires);
            deleted += (before - row.sessions.len()) as u64;
        }
        Ok(deleted)
    }

    async fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<EndOutcome, Down> {
        let mut state = self.lock()?;
        if !state.passes(by) {
            return Ok(EndOutcome::ActorChanged);
        }
        let ended = state.rows.get_mut(account).and_then(|row| {
            let position = row.sessions.iter().position(|one| one.id == *session)?;
            row.refreshes.remove(session);
            Some(row.sessions.remove(position))
        });
        match ended {
            Some(ended) => {
                state.log.push(Revocation::SessionEnded { session: ended.id, at });
                Ok(EndOutcome::Ended)
            }
            None => Ok(EndOutcome::NotFound),
        }
    }

    async fn end_others(&self, own: &OwnChange) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        Ok(if state.row_of(&own.actor).is_some() {
            state.revoking(own, 0)
        } else {
            OwnChangeOutcome::NotWritten
        })
    }

    async fn confirm(&self, confirmation: &Confirmation) -> Result<OwnChangeOutcome, Down> {
        let mut state = self.lock()?;
        let epoch = state.epoch;
        let Confirmation { actor, methods, at, .. } = confirmation;
        let Some(row) = state.row_of(actor) else { return Ok(OwnChangeOutcome::NotWritten) };
        let kept = actor.session.and_then(|session| {
            row.authenticated.insert(session, *at);
            if let Some(kept) = row.refreshes.get_mut(&session) {
                kept.methods = *methods;
            }
            row.kept(&session)
        });
        Ok(OwnChangeOutcome::Written(Box::new(row.account(&actor.account, epoch)), kept))
    }

    async fn end_all(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, Down> {
        let mut state = self.lock()?;
        if !state.passes(by) {
            return Ok(CommandOutcome::ActorChanged);
        }
        state.revoke(account, None, 1, at);
        Ok(state.commanded(account))
    }
}

impl RefreshTokenStore for MemoryStore {
    async fn refresh(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> Result<RefreshOutcome, Down> {
        // Lets other tasks run, as they do while a database executes a statement.
        tokio::task::yield_now().await;
        let mut state = self.lock()?;
        let epoch = state.epoch;
        let found = state
            .rows
            .iter_mut()
            .find(|(_, row)| row.refreshes.contains_key(session) && !row.disabled);
        let Some((id, row)) = found else { return Ok(RefreshOutcome::Ended) };
        let (id, account) = (id.clone(), row.account(id, epoch));
        let (Some(kept), Some(listed)) = (
            row.refreshes.get_mut(session),
            row.sessions.iter_mut().find(|one| one.id == *session),
        ) else {
            return Ok(RefreshOutcome::Ended);
        };
        let presented = rotation.present(&kept.state);
        if let RotationOutcome::Consumed(next) = &presented {
            kept.state = next.clone();
            (listed.refreshed, listed.expires) = (next.refreshed, next.expires);
        }
        let RefreshState { live, idle_until, expires, refreshed, .. } = kept.state;
        let authenticated_at = row.authenticated.get(session).copied();
        let session_now =
            RefreshedSession::new(account, listed.created, kept.methods, idle_until, expires);
        let session_now = Box::new(session_now.with_authenticated_at(authenticated_at));
        Ok(match presented {
            RotationOutcome::Consumed(_) => RefreshOutcome::Consumed(session_now),
            RotationOutcome::InGrace { consumed } => {
                RefreshOutcome::InGrace { live, consumed, session: session_now }
            }
            RotationOutcome::Lost => RefreshOutcome::Lost { live, account: id },
            RotationOutcome::TooOften => RefreshOutcome::TooOften,
            over => {
                row.refreshes.remove(session);
                row.sessions.retain(|one| one.id != *session);
                state.log.push(Revocation::SessionEnded {
                    session: *session,
                    at: rotation.at.max(refreshed),
                });
                if over == RotationOutcome::Reused {
                    RefreshOutcome::Reused { account: id }
                } else {
                    RefreshOutcome::Ended
                }
            }
        })
    }
}

impl AdministrationStore for MemoryStore {
    async fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, Down> {
        let mut state = self.lock()?;
        if !state.passes(by) {
            return Ok(CommandOutcome::ActorChanged);
        }
        if state.is_last_with(id, keep.iter().filter(|role| !roles.contains(role))) {
            return Ok(CommandOutcome::LastOfRole);
        }
        if let Some(row) = state.rows.get_mut(id) {
            row.roles = roles.to_vec();
        }
        state.make_stale(id, at);
        Ok(state.commanded(id))
    }

    async fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, Down> {
        let mut state = self.lock()?;
        if !state.passes(by) {
            return Ok(CommandOutcome::ActorChanged);
        }
        if disabled && state.is_last_with(id, keep.iter()) {
            return Ok(CommandOutcome::LastOfRole);
        }
        if let Some(row) = state.rows.get_mut(id) {
            row.disabled = disabled;
        }
        if disabled {
            state.revoke(id, None, 0, at)
        } else {
            state.raise(id, at)
        }
        Ok(state.commanded(id))
    }

    async fn list(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, Down> {
        let state = self.lock()?;
        let mut accounts: Vec<_> =
            state.rows.iter().map(|(id, row)| row.account(id, state.epoch)).collect();
        accounts.sort_by(|a, b| a.username().key().cmp(b.username().key()));
        accounts.retain(|account| after.is_none_or(|after| account.username().key() > after.key()));
        accounts.truncate(limit as usize);
        Ok(accounts)
    }
}

impl RevocationLog for MemoryStore {
    type Error = Down;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, Down> {
        let state = self.lock()?;
        let from = usize::try_from(cursor.number()).unwrap_or(usize::MAX).min(state.log.len());
        let changes = state.log.get(from..).unwrap_or_default().to_vec();
        let highest = state.log.len() as u64;
        let facts = StoreFacts::new("memory", state.epoch, SystemClock.now())
            .with_log(highest, state.log.iter().map(Revocation::at).max())
            .with_incarnations(state.incarnation.clone(), state.incarnation.clone());
        let cursor = Cursor::from_number(highest.into());
        Ok(RevocationPage { changes, cursor, skipped: 0, facts: Some(facts), is_last: true })
    }

    async fn purge_before(&self, _before: UnixTime) -> Result<(), Down> {
        self.lock().map(|_| ())
    }
}

impl SiteStore for MemoryStore {
    type Error = Down;

    async fn raise_epoch(&self, at: UnixTime) -> Result<u64, Down> {
        let mut state = self.lock()?;
        state.epoch = at.as_secs().max(state.epoch + 1);
        let epoch = state.epoch;
        for row in state.rows.values_mut() {
            row.sessions.clear();
            row.refreshes.clear();
        }
        state.log.push(Revocation::EpochRaised { epoch, at });
        Ok(epoch)
    }

    async fn record_incarnation(
        &self,
        old: Option<&Incarnation>,
        new: &Incarnation,
    ) -> Result<bool, Down> {
        let mut state = self.lock()?;
        let is_old = state.incarnation.as_ref() == old;
        if is_old {
            state.incarnation = Some(new.clone());
        }
        Ok(is_old)
    }

    /// A memory does not fail over, so nothing is ever lost.
    async fn write_again(&self, _lost: &[Revocation]) -> Result<Vec<AccountId>, Down> {
        self.lock().map(|_| Vec::new())
    }

    async fn has_accounts(&self) -> Result<bool, Down> {
        Ok(!self.lock()?.rows.is_empty())
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>, Down> {
        Ok(self.lock()?.key_checks.clone())
    }

    async fn record_key_checks(&self, checks: &[KeyCheck], _at: UnixTime) -> Result<(), Down> {
        let mut state = self.lock()?;
        for check in checks {
            if !state.key_checks.contains(check) {
                state.key_checks.push(check.clone());
            }
        }
        Ok(())
    }

    async fn forget_key_checks(&self, checks: &[KeyCheck]) -> Result<(), Down> {
        self.lock()?.key_checks.retain(|check| !checks.contains(check));
        Ok(())
    }
}
