//! The shared handle on the key ring, which can be replaced while requests run.

use std::{
    fmt, mem,
    sync::{Arc, PoisonError},
};

use crate::{
    keys::{key_id::KeyId, key_ring::KeyRing},
    shared::{Held, Mutex, Swap},
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
    /// The names of keys that are not in the ring and that tokens named.
    unknown: Mutex<Vec<KeyId>>,
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

    /// Returns the names of keys that tokens named since the last call and that are not in the
    /// ring, at most 16. If there are any, another service may have rotated its keys and its JWK
    /// Set should be read again. Anybody can send such a token, so the caller must limit how often
    /// it reads the set.
    pub fn take_unknown_kids(&self) -> Vec<KeyId> {
        mem::take(&mut *self.0.unknown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records that a token named a key that is not in the ring. It never waits: if another thread
    /// has the lock, or the list is full, a later token of that key is recorded.
    pub(crate) fn note_unknown(&self, id: KeyId) {
        let Ok(mut unknown) = self.0.unknown.try_lock() else { return };
        if unknown.len() < MOST_UNKNOWN && !unknown.contains(&id) {
            unknown.push(id);
        }
    }
}

/// Maximum number of names that are kept until [`Keys::take_unknown_kids`]. With at most 128 bytes
/// each, a flood of invented names takes 2 KiB.
const MOST_UNKNOWN: usize = 16;

impl From<KeyRing> for Keys {
    fn from(ring: KeyRing) -> Self {
        Self(Arc::new(Shared { ring: Swap::from_pointee(ring), unknown: Mutex::new(Vec::new()) }))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&*self.borrow()).finish()
    }
}
