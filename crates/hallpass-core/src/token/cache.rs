//! A cache of verified tokens, so that the second request of a page does not verify the same
//! signature again.
//!
//! An Ed25519 or ECDSA signature costs about a hundred times an HMAC, and a lookup costs about a
//! fifth of an HMAC. The conditions that may change between two requests are checked at each hit:
//! the ring in use must still accept the key, the token must not have expired, and it must not be
//! revoked. The cache only stores that these bytes have a valid signature of that key, and their
//! claims.
//!
//! * **Lookup**: by a seeded hash of the signature's last characters, which only the signer
//!   chooses, and then by the whole token, compared in constant time. A hit has exactly the same
//!   bytes. The seed is a hash seed and not a key: it comes from the standard library, as the seed
//!   of a `HashMap` does.
//! * **Bounded**: the number of slots is fixed. A token has two slots, and a new token uses an
//!   empty or expired one before it replaces another token. A slot holds at most 4 KiB of token and
//!   its claims, which is about 700 bytes in all for usual tokens. Each new token also checks the
//!   next few slots in turn and clears the expired ones, so no background task is needed.
//! * **Allocated at first use**: the slots are allocated for the first token that is stored. With
//!   HMAC keys alone, no token is stored, and a lookup is one load.
//! * **Verified tokens only**: a flood of forged tokens does not change the cache.
//! * **Lock-free** for readers. If two writers use one slot, one overwrites the other, and the lost
//!   token is verified again.

#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwapOption;

use crate::{
    encoding::equal::equal_in_constant_time,
    keys::{key::Key, key_ring::KeyRing},
    time::unix_time::UnixTime,
    token::claims::Claims,
};

pub(crate) struct TokenCache {
    /// The slots, allocated for the first token.
    slots: OnceLock<Box<[Slot]>>,
    /// The number of slots, a power of two.
    capacity: usize,
    seed: [u64; 2],
    also_hmac: bool,
    /// The slot at which the next new token checks for expired ones.
    sweep: AtomicUsize,
}

type Slot = ArcSwapOption<Entry>;

struct Entry {
    token: Box<[u8]>,
    key: Arc<Key>,
    claims: Arc<Claims<'static>>,
}

impl TokenCache {
    /// Creates a cache with room for at least `tokens` tokens.
    pub(crate) fn new(tokens: usize, also_hmac: bool) -> Self {
        let capacity = tokens.clamp(2, MOST_SLOTS).next_power_of_two();
        let random = RandomState::new();
        let seed = [random.hash_one(0), random.hash_one(1) | 1];
        Self { slots: OnceLock::new(), capacity, seed, also_hmac, sweep: AtomicUsize::new(0) }
    }

    /// Creates an empty cache of the same size and seed.
    pub(crate) fn emptied(&self) -> Self {
        Self { slots: OnceLock::new(), sweep: AtomicUsize::new(0), ..*self }
    }

    /// Returns the claims of the token if it was verified before and this ring still accepts its
    /// key.
    pub(crate) fn find(
        &self,
        token: &[u8],
        ring: &KeyRing,
        now: UnixTime,
    ) -> Option<Arc<Claims<'static>>> {
        self.slots_of(self.slots.get()?, token).into_iter().flatten().find_map(|slot| {
            let entry = slot.load();
            let entry =
                entry.as_ref().filter(|entry| equal_in_constant_time(&entry.token, token))?;
            let is_accepted = ring.accepted(now).any(|key| Arc::ptr_eq(key, &entry.key));
            is_accepted.then(|| Arc::clone(&entry.claims))
        })
    }

    /// Stores a token that this key signed, after its verification.
    pub(crate) fn insert(
        &self,
        token: &[u8],
        key: &Arc<Key>,
        claims: &Arc<Claims<'static>>,
        now: UnixTime,
    ) {
        if key.algorithm().is_symmetric() && !self.also_hmac {
            return;
        }
        let all = self.slots.get_or_init(|| (0..self.capacity).map(|_| Slot::empty()).collect());
        let slots = self.slots_of(all, token);
        let is_free = |slot: &&Slot| slot.load().as_ref().is_none_or(|entry| entry.is_dead(now));
        if let Some(slot) = slots.into_iter().flatten().find(is_free).or(slots[0]) {
            let entry =
                Entry { token: token.into(), key: Arc::clone(key), claims: Arc::clone(claims) };
            slot.store(Some(Arc::new(entry)));
        }
        let turn = self.sweep.fetch_add(SWEPT, Ordering::Relaxed) & (self.capacity - 1);
        clear_dead(all.iter().skip(turn).take(SWEPT), now);
    }

    /// Removes the expired tokens.
    pub(crate) fn forget(&self, now: UnixTime) {
        clear_dead(self.slots.get().into_iter().flatten(), now);
    }

    /// Returns the number of stored tokens.
    pub(crate) fn len(&self) -> usize {
        self.slots.get().into_iter().flatten().filter(|slot| slot.load().is_some()).count()
    }

    fn slots_of<'s>(&self, slots: &'s [Slot], token: &[u8]) -> [Option<&'s Slot>; 2] {
        let tail = token.get(token.len().saturating_sub(TAIL)..).unwrap_or_default();
        let hash =
            tail.chunks(8).fold(self.seed[0], |hash, bytes| fold(hash ^ word(bytes), self.seed[1]));
        // The number of slots is a power of two, so the mask keeps both places in range.
        let place = (hash as usize) & (self.capacity - 1);
        [slots.get(place), slots.get(place ^ 1)]
    }
}

fn clear_dead<'s>(slots: impl Iterator<Item = &'s Slot>, now: UnixTime) {
    for slot in slots {
        if slot.load().as_ref().is_some_and(|entry| entry.is_dead(now)) {
            slot.store(None);
        }
    }
}

impl Entry {
    fn is_dead(&self, now: UnixTime) -> bool {
        self.claims.times.expires_at <= now
    }
}

/// Returns the first eight bytes, padded with zeros.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// Combines both halves of the product, as in wyhash: each bit of the input affects each bit of the
/// result.
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Length of the hashed end of a token, in characters: 192 bits of a signature.
const TAIL: usize = 32;

/// Number of slots that each new token checks. It is more than one, so that a cache of expired
/// tokens shrinks while it is in use.
const SWEPT: usize = 4;

/// Default number of tokens: the sessions of one node within a token's lifetime, in about 6 MiB.
pub(crate) const USUAL_TOKENS: usize = 8_192;

/// Maximum number of slots: a million tokens.
const MOST_SLOTS: usize = 1 << 20;
