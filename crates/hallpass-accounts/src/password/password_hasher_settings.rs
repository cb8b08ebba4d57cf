//! The bounds of the password hasher.

use std::{fmt, num::NonZero, sync::Arc, thread, time::Duration};

use crate::password::{
    HashCost,
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
    /// `None`: the site has not set it.
    cost: Option<HashCost>,
    ceiling: HashCost,
    permits: usize,
    budget_kib: u32,
    queue: Option<usize>,
    wait: Duration,
    foreign: Vec<Arc<dyn ForeignHash>>,
}

impl PasswordHasherSettings {
    /// Sets the cost of new hashes; weaker stored ones are upgraded at the next sign-in. Defaults
    /// to 19 MiB, 2 passes, 1 lane, because OWASP names it first and 15 ms of a core is what a
    /// sign-in can take.
    ///
    /// A build with `debug_assertions` defaults to 256 KiB and 1 pass, because argon2 without
    /// optimisation is dozens of times as slow, and logs a warning. A release build replaces these
    /// hashes at the next login, where [`passwords`](crate::StoreSet::passwords) is on.
    #[must_use]
    pub fn hash_cost(mut self, cost: HashCost) -> Self {
        self.cost = Some(cost);
        self
    }

    /// Sets the costliest stored hash that is still run. Defaults to 64 MiB, 16 passes, 16 lanes,
    /// because the defaults of PHP and argon2-cffi lie below it and a run at it still ends
    /// within half a second.
    #[must_use]
    pub fn cost_ceiling(mut self, ceiling: HashCost) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Sets how many runs go on at once; 0 counts as 1. Defaults to the number of cores, because
    /// argon2 keeps a core busy; the memory budget may lower it.
    #[must_use]
    pub fn max_permits(mut self, permits: usize) -> Self {
        self.permits = permits.max(1);
        self
    }

    /// Sets how much memory the runs may take together, in MiB. Defaults to 256, because that is a
    /// tenth of a small machine and feeds a dozen cores.
    #[must_use]
    pub fn memory_budget_mib(mut self, mib: u32) -> Self {
        self.budget_kib = mib.saturating_mul(1024);
        self
    }

    /// Sets how many sign-ins may wait. Defaults to 64 per permit, because so many runs take about
    /// a second.
    #[must_use]
    pub fn queue_length(mut self, places: usize) -> Self {
        self.queue = Some(places);
        self
    }

    /// Sets how long one waits at most. Defaults to 1 second, because the whole answer is due
    /// within 2.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Reads hashes of another scheme too; what is right becomes argon2id at once. Defaults to
    /// none, because a new site has none.
    #[must_use]
    pub fn read_also(mut self, scheme: impl ForeignHash) -> Self {
        self.foreign.push(Arc::new(scheme));
        self
    }

    /// Returns how many runs go on at once: cores and memory budget taken together, at least 1.
    #[must_use]
    pub fn permits(&self) -> usize {
        let affordable = self.budget_kib / self.cost().memory_kib().max(1);
        let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
        self.permits.min(affordable).max(1)
    }

    pub(crate) fn cost(&self) -> HashCost {
        self.cost.unwrap_or(HashCost::OF_THIS_BUILD)
    }

    /// Whether hashes are cheap because this is a debug build.
    pub(crate) fn is_cheap(&self) -> bool {
        self.cost.is_none() && HashCost::OF_THIS_BUILD != HashCost::OWASP
    }

    /// The ceiling, or the site's own cost where that is higher: its own hashes are always run.
    pub(crate) fn ceiling(&self) -> HashCost {
        self.ceiling.max_of(self.cost())
    }

    pub(crate) fn queue(&self) -> usize {
        self.queue.unwrap_or_else(|| self.permits().saturating_mul(64))
    }

    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Asks the readers of other schemes, in the order in which they were added.
    pub(crate) fn foreign_match(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        self.foreign.iter().find_map(|scheme| scheme.check(password, stored))
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
