//! The primitives that threads share for the key ring and the revocation list: atomics, a lock and
//! the swapped pointer, from the standard library and arc-swap. In the build for the model checker
//! (`--cfg shuttle`) they are shuttle's, which can switch threads at each of them.

#[cfg(not(all(test, shuttle)))]
mod real {
    pub(crate) use std::{
        hash::RandomState as Seed,
        sync::{
            Arc, Mutex, MutexGuard,
            atomic::{AtomicU64, AtomicUsize, Ordering},
        },
    };

    pub(crate) use arc_swap::ArcSwap as Swap;

    /// A borrowed value of a [`Swap`].
    pub(crate) type Held<T> = arc_swap::Guard<Arc<T>>;
}

#[cfg(all(test, shuttle))]
mod modelled {
    use std::{
        hash::{BuildHasherDefault, DefaultHasher},
        sync::{self, Arc, PoisonError},
    };

    pub(crate) use shuttle::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    };

    pub(crate) type Held<T> = Arc<T>;

    /// A seed that gives the same hash in every run, because shuttle repeats runs.
    #[derive(Default)]
    pub(crate) struct Seed;

    impl Seed {
        pub(crate) fn new() -> Self {
            Self
        }
    }

    impl std::hash::BuildHasher for Seed {
        type Hasher = DefaultHasher;

        fn build_hasher(&self) -> DefaultHasher {
            BuildHasherDefault::default().build_hasher()
        }
    }

    /// A model with only the guarantees of arc-swap: a load returns the latest stored value,
    /// complete, and the value lives while it is held.
    pub(crate) struct Swap<T> {
        latest: AtomicUsize,
        values: sync::Mutex<Vec<Arc<T>>>,
    }

    impl<T> Swap<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self { latest: AtomicUsize::new(0), values: sync::Mutex::new(vec![Arc::new(value)]) }
        }

        pub(crate) fn load_full(&self) -> Arc<T> {
            self.load()
        }

        pub(crate) fn load(&self) -> Arc<T> {
            let latest = self.latest.load(Ordering::Acquire);
            Arc::clone(&self.values.lock().unwrap_or_else(PoisonError::into_inner)[latest])
        }

        /// Stores a value. There is one writer at a time, because the list holds a mutex.
        pub(crate) fn store(&self, value: Arc<T>) {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            values.push(value);
            let latest = values.len() - 1;
            drop(values);
            self.latest.store(latest, Ordering::Release);
        }
    }
}

#[cfg(all(test, shuttle))]
pub(crate) use modelled::{AtomicU64, AtomicUsize, Held, Mutex, MutexGuard, Ordering, Seed, Swap};
#[cfg(not(all(test, shuttle)))]
pub(crate) use real::{AtomicU64, AtomicUsize, Held, Mutex, MutexGuard, Ordering, Seed, Swap};
