//! The password hasher: every argon2 run goes through it, within bounds.
//!
//! argon2 is deliberately slow and large: 19 MiB of memory and 15 ms of a core per run. 600
//! concurrent logins through plain `spawn_blocking` took 11.3 GiB in a measurement and delayed
//! other tasks by seconds. Therefore:
//!
//! - At most `permits` runs are active, each in memory that is kept and reused.
//! - The permit is owned by the **blocking work**. A client that disconnects does not free its
//!   permit while its run is still active.
//! - A caller is [admitted](PasswordHasher::admit) first, and then prepares its run: it counts the
//!   attempt and reads the account. The queue of the admission is fair per network, and known
//!   browsers have a reserved lane (`admission.rs`).
//! - The queue and the wait are bounded. Past either bound, the result is [`HasherSaturated`] (a
//!   503 with `Retry-After`). Tested by `crates/hallpass/tests/facade/login_flood.rs`.
//! - A stored hash above the ceiling is rejected before any allocation.
//! - **Every failing path takes one run.** An unknown account, an unusable hash and a wrong
//!   password cost the same (the tests count [`PasswordHasher::runs`]). Where a site reads hashes
//!   of other schemes, each path also runs every scheme once.
//!
//! Memory is not zeroized between runs, because the next run overwrites it, and a process that can
//! read the memory can read the typed passwords too.
mod admission;
mod allowance;
mod fair_queue;
mod origin;

use std::{
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use argon2::Block;
use hallpass_core::Keys;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[cfg(feature = "metrics")]
pub(crate) use crate::password::password_hasher::admission::Lane;
pub(crate) use crate::password::password_hasher::{admission::NotAdmitted, origin::Origin};
use crate::{
    event::reminder::Reminder,
    password::{
        HashCost, Password,
        password_hasher::admission::{Admission, Admitted},
        password_hasher_settings::PasswordHasherSettings,
        policy::AcceptablePassword,
        stored_hash::{ForeignMatch, Match, Pepper, StoredHash, UnusableHash, hash},
    },
    random::{NoRandomness, Random, draw},
};

/// Runs argon2 within bounds. Cheap to clone; clones share the bounds.
#[derive(Clone)]
pub struct PasswordHasher {
    inner: Arc<Inner>,
}

struct Inner {
    settings: PasswordHasherSettings,
    admission: Arc<Admission>,
    permits: Arc<Semaphore>,
    /// The admitted callers that wait for a permit.
    preparing: AtomicUsize,
    saturated: Mutex<Reminder>,
    runs: AtomicU64,
    waited_micros: AtomicU64,
    memory: Mutex<Vec<Vec<Block>>>,
    keys: Keys,
    random: Arc<dyn Random>,
    /// Logs the warning about cheap hashes once, at the first hash. Not at startup, because an
    /// operator's command hashes nothing.
    warned: Once,
}

impl PasswordHasher {
    /// Creates a hasher. Each run uses the peppers that `keys` contains at that moment.
    ///
    /// # Errors
    /// [`ImpossibleCost`] if argon2 does not allow the cost in the settings, or if the cost or the
    /// ceiling is above [`HashCost::MAX`].
    pub fn new(
        settings: PasswordHasherSettings,
        keys: Keys,
        random: Arc<dyn Random>,
    ) -> Result<Self, ImpossibleCost> {
        settings.cost().params().map_err(|_| ImpossibleCost)?;
        if !settings.ceiling().is_within(HashCost::MAX) {
            return Err(ImpossibleCost);
        }
        let (permits, queue) = (settings.permits(), settings.queue());
        // While the permits are in use, as many further callers prepare their runs. They are a part
        // of the queue.
        let ahead = permits.min(queue);
        Ok(Self {
            inner: Arc::new(Inner {
                admission: Admission::new(permits + ahead, queue - ahead),
                permits: Arc::new(Semaphore::new(permits)),
                preparing: AtomicUsize::new(0),
                saturated: Mutex::default(),
                runs: AtomicU64::new(0),
                waited_micros: AtomicU64::new(0),
                memory: Mutex::new(Vec::new()),
                settings,
                keys,
                random,
                warned: Once::new(),
            }),
        })
    }

    /// Returns the number of argon2 runs since the start.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.inner.runs.load(Ordering::Relaxed)
    }

    /// Returns the number of calls, such as logins, that wait for a permit now.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.inner.admission.waiting() + self.inner.preparing.load(Ordering::Relaxed)
    }

    /// Returns the total time that calls have waited for a permit since the start. Its growth
    /// divided by the growth of [`runs`](Self::runs) is the mean wait.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.inner.waited_micros.load(Ordering::Relaxed))
    }

    /// Waits until the caller may prepare a run. Call this before the attempt is counted and before
    /// the store is read: a rejected attempt then costs nothing, and is not counted.
    ///
    /// Drop the result if no run is needed. Do not hold it while another service is called.
    pub(crate) async fn admit(&self, origin: &Origin) -> Result<Ticket, HasherSaturated> {
        let longest = self.inner.settings.wait();
        match self.inner.admission.enter(origin, longest).await {
            Ok(admitted) => Ok(Ticket(admitted)),
            Err(reason) => {
                if reason == NotAdmitted::Overdue {
                    self.inner.waited(longest);
                }
                Err(self.refused(reason))
            }
        }
    }

    /// Admits the caller if nobody waits and a turn is free. For work that can be left out.
    pub(crate) fn admit_now(&self) -> Option<Ticket> {
        self.inner.admission.enter_now().map(Ticket)
    }

    /// Rejects a caller that would not be admitted now. For calls that need another service before
    /// they need the hasher.
    pub(crate) fn refuse_if_full(&self, origin: &Origin) -> Result<(), HasherSaturated> {
        if self.inner.admission.has_place(origin) {
            Ok(())
        } else {
            Err(self.refused(NotAdmitted::Full))
        }
    }

    /// Returns whether the event of a saturated hasher is to be reported: at most once per minute.
    /// In a flood, one log line per rejected attempt would cost more than the rejection.
    pub(crate) fn is_news(&self, _saturated: HasherSaturated) -> bool {
        let mut saturated = self.inner.saturated.lock().unwrap_or_else(PoisonError::into_inner);
        saturated.failed().is_some()
    }

    /// Hashes a new password.
    pub(crate) async fn hash(
        &self,
        ticket: Ticket,
        password: &AcceptablePassword,
    ) -> Result<String, HasherSaturated> {
        self.rehash(ticket, password.password()).await
    }

    /// Hashes a password that is in use already. The policy is not applied, because a password that
    /// an older policy accepted could not be upgraded otherwise.
    pub(crate) async fn rehash(
        &self,
        ticket: Ticket,
        password: &Password,
    ) -> Result<String, HasherSaturated> {
        let password = password.clone();
        self.run(ticket, move |inner| {
            let salt = draw(&*inner.random)?;
            let (cost, ring) = (inner.settings.cost(), inner.keys.current());
            inner.with_memory(cost.params()?.block_count(), |memory| {
                hash(password.as_bytes(), salt, cost, Pepper::in_use(&ring), memory)
            })
        })
        .await
    }

    /// Checks a password against a stored hash. If there is no hash, or the hash must not be run,
    /// the password is checked against a dummy.
    pub(crate) async fn check(
        &self,
        ticket: Ticket,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<Checked, HasherSaturated> {
        let password = password.clone();
        let stored = stored.map(str::to_owned);
        self.run(ticket, move |inner| inner.check(&password, stored.as_deref())).await
    }

    /// Waits for a permit and runs the work on a blocking thread that owns the permit.
    async fn run<T: Send + 'static>(
        &self,
        ticket: Ticket,
        work: impl FnOnce(&Inner) -> Result<T, Broken> + Send + 'static,
    ) -> Result<T, HasherSaturated> {
        self.inner.warn_if_cheap();
        let permit = self.permit(&ticket).await?;
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&inner);
            drop(permit);
            drop(ticket);
            result
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(broken)) => {
                tracing::error!(target: "hallpass", error = %broken, "a password could not be hashed");
                Err(self.closed())
            }
            // The blocking work panicked or the runtime is shutting down.
            Err(_) => Err(self.closed()),
        }
    }

    /// Waits for one of the permits, which admitted callers receive in their order.
    async fn permit(&self, ticket: &Ticket) -> Result<OwnedSemaphorePermit, HasherSaturated> {
        let start = Instant::now();
        let _preparing = Preparing::start(&self.inner.preparing);
        let left = self.inner.settings.wait().saturating_sub(ticket.0.waited);
        let permits = Arc::clone(&self.inner.permits);
        let permit = tokio::time::timeout(left, permits.acquire_owned()).await;
        self.inner.waited(ticket.0.waited + start.elapsed());
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(self.refused(NotAdmitted::Overdue)),
        }
    }

    fn refused(&self, _reason: NotAdmitted) -> HasherSaturated {
        #[cfg(feature = "metrics")]
        crate::event::metric::hasher_refused(_reason);
        self.closed()
    }

    fn closed(&self) -> HasherSaturated {
        HasherSaturated { retry_after: self.inner.settings.wait().max(Duration::from_secs(1)) }
    }
}

impl Inner {
    fn waited(&self, time: Duration) {
        #[cfg(feature = "metrics")]
        crate::event::metric::hasher_waited(time);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn warn_if_cheap(&self) {
        if self.settings.is_cheap() {
            let cost = self.settings.cost();
            self.warned.call_once(|| {
                tracing::warn!(
                    target: "hallpass",
                    %cost,
                    "password hashes are cheap, because this is a debug build: a release build replaces them at the next login"
                );
            });
        }
    }

    /// Checks a password with exactly one argon2 run, whatever the stored hash is.
    fn check(&self, password: &Password, stored: Option<&str>) -> Result<Checked, Broken> {
        let (cost, typed, ring) = (self.settings.cost(), password, self.keys.current());
        let password = typed.as_bytes();
        let in_use = Pepper::in_use(&ring);
        let run = |hash: &StoredHash, pepper| {
            self.with_memory(hash.blocks(), |memory| hash.check(password, pepper, memory))
        };
        let parse = |phc| {
            let stored = StoredHash::parse(phc, self.settings.ceiling())?;
            let pepper = stored.pepper(&ring)?;
            Ok::<_, UnusableHash>((stored, pepper))
        };
        let foreign = match stored.map(|phc| (phc, parse(phc))) {
            Some((_, Ok((stored, pepper)))) => {
                let _decoys = self.settings.foreign_match(typed, None);
                return Ok(match run(&stored, pepper)? {
                    Match::Right => {
                        Checked::Right(RightPassword { outdated: stored.is_outdated(cost, in_use) })
                    }
                    Match::Wrong => Checked::Wrong,
                });
            }
            Some((phc, Err(unusable))) => {
                let foreign = self.settings.foreign_match(typed, Some(phc));
                if foreign.is_none() {
                    tracing::error!(target: "hallpass", error = %unusable, "a stored password hash was rejected");
                }
                foreign
            }
            None => self.settings.foreign_match(typed, None),
        };
        let _disbelieved = run(&StoredHash::dummy(cost, DUMMY_SALT)?, in_use)?;
        Ok(match foreign {
            Some(ForeignMatch::Right) => Checked::Right(RightPassword { outdated: true }),
            Some(ForeignMatch::Wrong | ForeignMatch::Unusable) | None => Checked::Wrong,
        })
    }

    /// Does one argon2 run in memory from the pool, and counts it.
    fn with_memory<T>(
        &self,
        blocks: usize,
        run: impl FnOnce(&mut [Block]) -> Result<T, argon2::Error>,
    ) -> Result<T, Broken> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        // After a panic under the lock, the pool is still a list of valid buffers.
        let pool = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = pool().pop().unwrap_or_default();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let result = run(&mut memory);
        // Memory for a more costly stored hash is not kept, because the memory budget is computed
        // from the site's own cost.
        if u32::try_from(memory.len()).is_ok_and(|len| len <= self.settings.cost().memory_kib()) {
            pool().push(memory);
        }
        Ok(result?)
    }
}

/// The right to prepare and do one run. Returned by [`PasswordHasher::admit`].
#[must_use]
pub(crate) struct Ticket(Admitted);

/// An admitted caller that waits for a permit. A client that disconnects does not wait any more.
struct Preparing<'a>(&'a AtomicUsize);

impl<'a> Preparing<'a> {
    fn start(preparing: &'a AtomicUsize) -> Self {
        preparing.fetch_add(1, Ordering::Relaxed);
        Self(preparing)
    }
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The result of a check.
#[derive(Debug)]
#[must_use]
pub(crate) enum Checked {
    Right(RightPassword),
    Wrong,
}

/// Proof that a password was checked against the stored hash and is right.
#[derive(Debug)]
#[must_use]
pub(crate) struct RightPassword {
    outdated: bool,
}

impl RightPassword {
    /// Returns whether the stored hash is weaker than a new hash would be.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated
    }
}

/// No hashing capacity is left: a 503.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "all hashing permits are in use: try again later, or raise the permits or the queue length"
)]
pub(crate) struct HasherSaturated {
    pub(crate) retry_after: Duration,
}

/// The cost in the settings is outside what argon2 allows (RFC 9106 section 3.1: at least 8 KiB per
/// lane, 1 pass, 1 lane).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a hash needs at least 8 KiB of memory per lane, 1 pass and 1 lane, and at most {}: set another hash cost or cost ceiling",
    HashCost::MAX
)]
pub struct ImpossibleCost;

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Argon2(argon2::Error),
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl From<argon2::Error> for Broken {
    fn from(error: argon2::Error) -> Self {
        Self::Argon2(error)
    }
}

/// Not secret. Only its length matters.
const DUMMY_SALT: [u8; 16] = *b"hallpass no such";

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
