//! What threads share of the key ring and the revocation list: atomics, a lock and the swapped
//! pointer, of the standard library and arc-swap. In the model checker's build (`--cfg shuttle`)
//! they are shuttle's, which stops and starts threads at each of them.

#[cfg(not(all(test, shuttle)))]
mod real {
    pub(crate) use std::{
        hash::RandomState as Seed,
        sync::{
            Arc, Mutex, MutexGuard,
            atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        },
    };

    pub(crate) use arc_swap::ArcSwap as Swap;

    /// A value of a [`Swap`] for as long as it is looked at.
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
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    };

    pub(crate) type Held<T> = Arc<T>;

    /// The same hash in every run, since shuttle repeats them.
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

    /// What arc-swap promises and no more: a load gives the latest value that was stored, whole,
    /// and it lives while it is held.
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

        /// One writer at a time, as the list has it.
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
pub(crate) use modelled::{
    AtomicBool, AtomicU64, AtomicUsize, Held, Mutex, MutexGuard, Ordering, Seed, Swap,
};
#[cfg(not(all(test, shuttle)))]
pub(crate) use real::{
    AtomicBool, AtomicU64, AtomicUsize, Held, Mutex, MutexGuard, Ordering, Seed, Swap,
};
