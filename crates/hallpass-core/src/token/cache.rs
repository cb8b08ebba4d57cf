//! Tokens that were verified a moment ago, so that the second request of a page does not pay for
//! the same signature again.
//!
//! An Ed25519 or ECDSA signature costs a hundred times an HMAC; remembered, both cost the same few
//! dozen nanoseconds. What may change between two requests is asked again at each hit: the key must
//! still be accepted by the ring in use, the token alive, nothing revoked. What is remembered is
//! only that these bytes bear that key's signature and say what they say.
//!
//! * **Found by** a seeded hash of the signature's last characters, which nobody but the signer
//!   chooses, and then by the whole token, compared in constant time: a hit is the same bytes,
//!   never a likeness. The seed is a hash seed and no key: it comes from the standard library, as
//!   that of a `HashMap` does.
//! * **Bounded**: a fixed number of slots; a token has two, and a newcomer takes an empty or dead
//!   one before it drives one out. A slot holds at most 4 KiB of token and what was read from it,
//!   some 700 bytes in all for usual tokens. Each newcomer also looks at the next few slots in turn
//!   and clears the dead ones, so what is over goes without a task that sweeps.
//! * **Nothing until it is used**: the slots are made for the first token that is remembered. With
//!   HMAC keys alone that never comes, and a look costs one load.
//! * **Only what verified goes in**, so a flood of forgeries changes nothing.
//! * **Lock-free** for readers; two writers of one slot overwrite each other, which costs a
//!   verification and nothing else.

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
    /// Made for the first token.
    slots: OnceLock<Box<[Slot]>>,
    /// How many there will be: a power of two.
    capacity: usize,
    seed: [u64; 2],
    also_hmac: bool,
    /// Where the next newcomer looks for dead ones.
    sweep: AtomicUsize,
}

type Slot = ArcSwapOption<Entry>;

struct Entry {
    token: Box<[u8]>,
    key: Arc<Key>,
    claims: Arc<Claims<'static>>,
}

impl TokenCache {
    /// Room for at least `tokens` tokens.
    pub(crate) fn new(tokens: usize, also_hmac: bool) -> Self {
        let capacity = tokens.clamp(2, MOST_SLOTS).next_power_of_two();
        let random = RandomState::new();
        let seed = [random.hash_one(0), random.hash_one(1) | 1];
        Self { slots: OnceLock::new(), capacity, seed, also_hmac, sweep: AtomicUsize::new(0) }
    }

    /// An empty one of the same size and seed.
    pub(crate) fn emptied(&self) -> Self {
        Self { slots: OnceLock::new(), sweep: AtomicUsize::new(0), ..*self }
    }

    /// What the token said, if it was verified before and its key is accepted by this ring now.
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

    /// Remembers a token that this key was found to have signed.
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

    /// Forgets the tokens whose time is over.
    pub(crate) fn forget(&self, now: UnixTime) {
        clear_dead(self.slots.get().into_iter().flatten(), now);
    }

    /// How many tokens are remembered.
    pub(crate) fn len(&self) -> usize {
        self.slots.get().into_iter().flatten().filter(|slot| slot.load().is_some()).count()
    }

    fn slots_of<'s>(&self, slots: &'s [Slot], token: &[u8]) -> [Option<&'s Slot>; 2] {
        let tail = token.get(token.len().saturating_sub(TAIL)..).unwrap_or_default();
        let hash =
            tail.chunks(8).fold(self.seed[0], |hash, bytes| fold(hash ^ word(bytes), self.seed[1]));
        // The number of slots is a power of two, so the mask keeps the place within them, and so
        // does its neighbour.
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

/// The first eight bytes, or what there is of them.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// Both halves of the product, as in wyhash: each bit of the input reaches each bit of the place.
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Characters, 192 bits of a signature.
const TAIL: usize = 32;

/// Slots that each newcomer looks at: more than one, so that a cache full of the dead shrinks while
/// it is in use.
const SWEPT: usize = 4;

/// What a verifier remembers where nothing else is said: the sessions that one node sees within a
/// token's life, in some 6 MiB.
pub(crate) const USUAL_TOKENS: usize = 8_192;

/// A million tokens; beyond that the memory is better used elsewhere.
const MOST_SLOTS: usize = 1 << 20;
