//! The bounds of the password hasher.

use std::{
    fmt,
    num::NonZero,
    sync::{Arc, Once},
    thread,
    time::Duration,
};

use crate::password::{
    HashCost, Password,
    stored_hash::{ForeignHash, ForeignMatch},
};

/// The bounds of the password hasher.
///
/// ```
/// use hallpass_accounts::{HashCost, PasswordHasherSettings};
///
/// let cost = HashCost::new(19_456, 2, 1);
/// let small = PasswordHasherSettings::default().hash_cost(cost).memory_budget_mib(38);
/// assert!(small.permits() <= 2, "38 MiB hold two runs of 19 MiB");
/// ```
#[derive(Clone)]
pub struct PasswordHasherSettings {
    /// `None` if the site has not set it.
    cost: Option<HashCost>,
    ceiling: HashCost,
    permits: usize,
    budget_kib: u32,
    queue: Option<usize>,
    wait: Duration,
    foreign: Vec<Arc<dyn ForeignHash>>,
    /// Logs a decoy that is not run, once.
    bad_decoy: Arc<Once>,
}

impl PasswordHasherSettings {
    /// Sets the cost of new hashes. Weaker stored hashes are upgraded at the next login. Defaults
    /// to 19 MiB, 2 passes and 1 lane, the first recommendation of OWASP, which takes 15 ms of a
    /// core.
    ///
    /// A build with `debug_assertions` defaults to 256 KiB and 1 pass, because argon2 without
    /// optimisation is dozens of times slower, and logs a warning. A release build replaces these
    /// hashes at the next login, if [`passwords`](crate::StoreSet::passwords) is set.
    #[must_use]
    pub fn hash_cost(mut self, cost: HashCost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Sets the maximum cost of a stored hash. A hash with a higher cost is not run: the login is
    /// rejected like one with a wrong password, and the reason is logged. Defaults to 64 MiB, 16
    /// passes and 16 lanes. The defaults of PHP and argon2-cffi do not exceed that, and a run at
    /// that cost takes less than half a second. A ceiling below the [`hash_cost`](Self::hash_cost)
    /// is raised to it.
    #[must_use]
    pub fn cost_ceiling(mut self, ceiling: HashCost) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Sets the maximum number of concurrent runs; 0 counts as 1. Defaults to the number of cores.
    /// The memory budget may lower it.
    #[must_use]
    pub fn max_permits(mut self, permits: usize) -> Self {
        self.permits = permits.max(1);
        self
    }

    /// Sets the maximum memory of all runs together, in MiB. Defaults to 256, which suffices for 13
    /// concurrent runs of the default cost.
    #[must_use]
    pub fn memory_budget_mib(mut self, mib: u32) -> Self {
        self.budget_kib = mib.saturating_mul(1024);
        self
    }

    /// Sets the maximum queue length, in logins. A login that finds the queue full is rejected with
    /// [`Busy`](crate::AccountsErrorKind::Busy), or takes the place of a login from the network
    /// that has the most. Known browsers, and sessions that change their own account, have as many
    /// places of their own. Defaults to 64 per permit, which take about a second.
    #[must_use]
    pub fn queue_length(mut self, places: usize) -> Self {
        self.queue = Some(places);
        self
    }

    /// Sets the maximum time that a login waits for its run. After it, the login is rejected with
    /// [`Busy`](crate::AccountsErrorKind::Busy). Defaults to 1 second. A value above
    /// [`request_timeout`](crate::Settings::request_timeout), which defaults to 1.8 seconds, has no
    /// effect in the login routes.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Accepts hashes of another scheme too. If [`passwords`](crate::StoreSet::passwords) is set,
    /// the first login with the right password replaces the hash by argon2id. Defaults to none.
    ///
    /// Every login then also runs the scheme once, for unknown names and for accounts with argon2
    /// hashes too: otherwise the time of a login would show which accounts have not been migrated.
    /// It runs twice for a password that is not typed in NFC, because the old system may have
    /// hashed either form. Remove the scheme when no such hash is left.
    #[must_use]
    pub fn read_also(mut self, scheme: impl ForeignHash) -> Self {
        self.foreign.push(Arc::new(scheme));
        self
    }

    /// Returns the number of concurrent runs, from the cores and the memory budget, at least 1.
    #[must_use]
    pub fn permits(&self) -> usize {
        let affordable = self.budget_kib / self.cost().memory_kib().max(1);
        let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
        self.permits.min(affordable).max(1)
    }

    pub(crate) fn cost(&self) -> HashCost {
        self.cost.unwrap_or(HashCost::OF_THIS_BUILD)
    }

    /// Returns whether hashes are cheap because this is a debug build.
    pub(crate) fn is_cheap(&self) -> bool {
        self.cost.is_none() && HashCost::OF_THIS_BUILD != HashCost::OWASP
    }

    /// Returns the ceiling, or the site's own cost if that is higher, so that its own hashes are
    /// always run.
    pub(crate) fn ceiling(&self) -> HashCost {
        self.ceiling.max_of(self.cost())
    }

    pub(crate) fn queue(&self) -> usize {
        self.queue.unwrap_or_else(|| self.permits().saturating_mul(64))
    }

    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Checks a hash that is not one of argon2 with the other schemes: first in NFC, then as typed
    /// if that is another form.
    ///
    /// Each scheme is run exactly once per form, with its decoy if it does not read the hash or if
    /// there is no such hash. The cost of a login therefore depends on the typed password only
    /// (user enumeration by time; tested by `tests/timing.rs`).
    pub(crate) fn foreign_match(
        &self,
        password: &Password,
        stored: Option<&str>,
    ) -> Option<ForeignMatch> {
        let found = self.run_each(password.as_bytes(), stored);
        let Some(typed) = password.as_typed_bytes() else { return found };
        let wrong = matches!(found, Some(ForeignMatch::Wrong));
        let as_typed = self.run_each(typed, stored.filter(|_| wrong));
        if wrong { as_typed } else { found }
    }

    /// Runs each scheme exactly once.
    fn run_each(&self, password: &[u8], stored: Option<&str>) -> Option<ForeignMatch> {
        let mut unread = stored;
        let mut found = None;
        for scheme in &self.foreign {
            let result = unread.and_then(|stored| scheme.check(password, stored));
            if result.is_some() {
                (found, unread) = (result, None);
            }
            if !matches!(result, Some(ForeignMatch::Right | ForeignMatch::Wrong)) {
                self.run_decoy(&**scheme, password);
            }
        }
        found
    }

    fn run_decoy(&self, scheme: &dyn ForeignHash, password: &[u8]) {
        let ran = scheme.check(password, scheme.decoy());
        if !matches!(ran, Some(ForeignMatch::Right | ForeignMatch::Wrong)) {
            self.bad_decoy.call_once(|| {
                tracing::error!(
                    target: "hallpass",
                    "the decoy of a foreign hash was not run: return a hash of this scheme from `ForeignHash::decoy`, or the time of a login shows which accounts exist"
                );
            });
        }
    }
}

impl Default for PasswordHasherSettings {
    fn default() -> Self {
        Self {
            cost: None,
            ceiling: HashCost::new(64 * 1024, 16, 16),
            permits: thread::available_parallelism().map_or(1, NonZero::get),
            budget_kib: 256 * 1024,
            queue: None,
            wait: Duration::from_secs(1),
            foreign: Vec::new(),
            bad_decoy: Arc::new(Once::new()),
        }
    }
}

impl fmt::Debug for PasswordHasherSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasherSettings")
            .field("cost", &self.cost())
            .field("ceiling", &self.ceiling)
            .field("permits", &self.permits())
            .field("queue", &self.queue())
            .field("wait", &self.wait)
            .field("foreign", &self.foreign.len())
            .finish()
    }
}
