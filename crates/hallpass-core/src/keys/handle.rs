//! The shared handle on the key ring, which can be replaced while requests run.

use std::{fmt, sync::Arc};

use crate::{
    keys::key_ring::KeyRing,
    shared::{AtomicBool, Held, Ordering, Swap},
};

/// A handle on the key ring in use. Clones share the same ring, so a [replacement](Self::replace)
/// takes effect for every issuer and verifier immediately. Each request uses either the old ring or
/// the new one, never a mixture.
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
    /// Replaces the ring for everyone who shares this handle.
    pub fn replace(&self, ring: KeyRing) {
        self.0.ring.store(Arc::new(ring));
    }

    /// Returns the ring in use.
    pub fn current(&self) -> Arc<KeyRing> {
        self.0.ring.load_full()
    }

    /// Returns the ring in use for one request, without a change of its reference count.
    pub(crate) fn borrow(&self) -> Held<KeyRing> {
        self.0.ring.load()
    }

    /// Returns whether a token named a key that is not in the ring since the last call, and resets
    /// the flag. If so, another service may have rotated its keys and its JWK Set should be read
    /// again. Anybody can send such a token, so the caller must limit how often it reads the set.
    pub fn take_unknown_asked(&self) -> bool {
        self.0.unknown_asked.swap(false, Ordering::Relaxed)
    }

    /// Records that a token named a key that is not in the ring. The flag is read before it is
    /// written, so that many such tokens do not contend for the cache line.
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
