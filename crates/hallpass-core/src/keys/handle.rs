//! The ring that everything shares, and that can be swapped while requests run.

use std::{fmt, sync::Arc};

use crate::{
    keys::key_ring::KeyRing,
    shared::{AtomicBool, Held, Ordering, Swap},
};

/// A handle on the key ring in use. Clones are handles on the same one, so a
/// [replacement](Self::replace) reaches every issuer and verifier at once and each request sees the
/// old ring or the new one, whole.
///
/// ```
/// use hallpass_core::{KeyRing, Keys, UnixTime};
///
/// let keys = Keys::from(KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0)));
/// let seen_by_the_verifier = keys.clone();
/// keys.replace(KeyRing::generate_hs256([2; 32], UnixTime::from_secs(0)));
/// assert_eq!(
///     seen_by_the_verifier.current().active().unwrap().id(),
///     keys.current().active().unwrap().id()
/// );
/// ```
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    ring: Swap<KeyRing>,
    /// Whether a token named a key that is not in the ring.
    unknown_asked: AtomicBool,
}

impl Keys {
    /// Puts another ring into use, for everyone who shares this handle.
    pub fn replace(&self, ring: KeyRing) {
        self.0.ring.store(Arc::new(ring));
    }

    /// The ring in use.
    pub fn current(&self) -> Arc<KeyRing> {
        self.0.ring.load_full()
    }

    /// The ring in use, for the length of one request and without touching its reference count.
    pub(crate) fn borrow(&self) -> Held<KeyRing> {
        self.0.ring.load()
    }

    /// Whether a token named a key that the ring has not, since this was last asked: the keys of
    /// another service may have been rotated, and it is time to read them again. Anybody can
    /// send such a token, so whoever asks must not read for each of them.
    pub fn take_unknown_asked(&self) -> bool {
        self.0.unknown_asked.swap(false, Ordering::Relaxed)
    }

    /// A token named a key that is not here. Read before it is written: a flood of them must not
    /// fight over the cache line.
    pub(crate) fn note_unknown(&self) {
        if !self.0.unknown_asked.load(Ordering::Relaxed) {
            self.0.unknown_asked.store(true, Ordering::Relaxed);
        }
    }
}

impl From<KeyRing> for Keys {
    fn from(ring: KeyRing) -> Self {
        Self(Arc::new(Shared {
            ring: Swap::from_pointee(ring),
            unknown_asked: AtomicBool::new(false),
        }))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&*self.borrow()).finish()
    }
}
