//! A hash table that is read without a lock: open addressing over pairs of atomic words.
//!
//! A slot's key is written once, after its entry, and never changes within one table; so a reader
//! who finds its key finds its entry. Dropping an entry empties the entry and leaves the key, which
//! keeps the probes of others whole. Whatever would move keys (more room, fewer dead slots) makes a
//! new table, and the list swaps it in. One writer at a time: the list holds a mutex.
//!
//! 16 bytes and four filter bits a slot, two slots an entry when a table is made, rebuilt when
//! three quarters are used: a million entries take 31.5 MiB at the most, and as much again while
//! they are copied.

use std::iter;

use crate::{
    shared::{AtomicU64, AtomicUsize, Ordering},
    time::unix_time::UnixTime,
};

pub(super) struct Table {
    slots: Box<[Slot]>,
    filter: Filter,
    /// Slots with a key.
    used: AtomicUsize,
    /// Slots with an entry.
    live: AtomicUsize,
}

/// No slot is free that may be taken.
#[derive(Debug)]
pub(super) struct Full;

struct Slot {
    /// 0 while the slot is free.
    key: AtomicU64,
    /// An [`Entry`], or 0 where it was dropped.
    entry: AtomicU64,
}

impl Table {
    pub(super) fn with_room_for(entries: usize) -> Self {
        let capacity = entries.saturating_mul(2).max(LEAST_CAPACITY);
        Self {
            slots: iter::repeat_with(Slot::free).take(capacity).collect(),
            filter: Filter::for_slots(capacity),
            used: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
        }
    }

    pub(super) fn find(&self, key: u64) -> Option<Entry> {
        if !self.filter.may_have(key) {
            return None;
        }
        for slot in self.probe(key) {
            match slot.key.load(Ordering::Acquire) {
                FREE => return None,
                taken if taken == key => return slot.entry(),
                _ => {}
            }
        }
        None
    }

    /// Enters what revokes all that the present entry and this one revoked.
    pub(super) fn put(&self, key: u64, entry: Entry) -> Result<(), Full> {
        for slot in self.probe(key) {
            match slot.key.load(Ordering::Relaxed) {
                FREE => return self.take(slot, key, entry),
                taken if taken == key => {
                    let present = slot.entry();
                    if present.is_none() {
                        self.live.fetch_add(1, Ordering::Relaxed);
                    }
                    slot.set(present.map_or(entry, |present| present.merged(entry)));
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(Full)
    }

    fn take(&self, slot: &Slot, key: u64, entry: Entry) -> Result<(), Full> {
        let used = self.used.load(Ordering::Relaxed) + 1;
        if used > self.slots.len() / 4 * 3 {
            return Err(Full);
        }
        self.used.store(used, Ordering::Relaxed);
        self.live.fetch_add(1, Ordering::Relaxed);
        slot.set(entry);
        slot.key.store(key, Ordering::Release);
        self.filter.add(key);
        Ok(())
    }

    /// The latest time to forget an entry, of those that are over at `now`.
    pub(super) fn latest_over(&self, now: UnixTime) -> Option<u32> {
        self.over(now).map(|(_, entry)| entry.forget_after()).max()
    }

    pub(super) fn drop_over(&self, now: UnixTime) {
        for (slot, _) in self.over(now) {
            slot.entry.store(0, Ordering::Release);
            self.live.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The same entries without the dead slots, with room for `more`.
    pub(super) fn rebuilt(&self, more: usize) -> Self {
        let table = Self::with_room_for(self.live() + more);
        for slot in &self.slots {
            if let Some(entry) = slot.entry() {
                // Half of the slots stay free.
                let _ = table.put(slot.key.load(Ordering::Relaxed), entry);
            }
        }
        table
    }

    /// Whether most of the memory would be saved by a [rebuilt](Self::rebuilt) table.
    pub(super) fn is_too_large(&self) -> bool {
        self.slots.len() > LEAST_CAPACITY && self.live() < self.slots.len() / 8
    }

    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// In bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.slots) + self.filter.size()
    }

    /// All slots from the key's own on, round once.
    fn probe(&self, key: u64) -> impl Iterator<Item = &Slot> {
        // The key's high bits choose a slot of any capacity (Lemire's reduction), so home <
        // capacity.
        let home = ((u128::from(key) * self.slots.len() as u128) >> 64) as usize;
        let (before, from) = self.slots.split_at_checked(home).unwrap_or_default();
        from.iter().chain(before)
    }

    fn over(&self, now: UnixTime) -> impl Iterator<Item = (&Slot, Entry)> {
        self.slots.iter().filter_map(move |slot| {
            let entry = slot.entry()?;
            entry.is_over(now).then_some((slot, entry))
        })
    }
}

impl Slot {
    fn free() -> Self {
        Self { key: AtomicU64::new(FREE), entry: AtomicU64::new(0) }
    }

    fn entry(&self) -> Option<Entry> {
        Entry::from_bits(self.entry.load(Ordering::Acquire))
    }

    fn set(&self, entry: Entry) {
        self.entry.store(entry.bits(), Ordering::Release);
    }
}

/// The least generation that still counts, and the last second in which a token below it may be
/// alive: the generation above, the time to forget it below, in one word, so that a reader finds
/// all of it or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u64);

impl Entry {
    /// `generation` is at least 1, so an entry is never the empty word. A time beyond 2106 is kept
    /// for good.
    pub(super) fn new(generation: u32, forget_after: UnixTime) -> Self {
        let seconds = u32::try_from(forget_after.as_secs()).unwrap_or(FOR_GOOD);
        Self(u64::from(generation) << 32 | u64::from(seconds))
    }

    /// `None` for the empty word: nothing was entered, or it was dropped.
    pub(super) const fn from_bits(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) const fn forget_after(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn is_over(self, now: UnixTime) -> bool {
        self.forget_after() != FOR_GOOD && u64::from(self.forget_after()) < now.as_secs()
    }

    /// What revokes all that either revokes, for as long as either does.
    pub(super) fn merged(self, other: Self) -> Self {
        let generation = self.generation().max(other.generation());
        let forget_after = self.forget_after().max(other.forget_after());
        Self(u64::from(generation) << 32 | u64::from(forget_after))
    }
}

/// Says of most keys that they are not in the table, from memory that stays in the processor's
/// cache.
///
/// Nearly every token that is asked about was not revoked, and in a table of a million entries that
/// answer is a wait for main memory (80 ns). This is a Bloom filter of one hash: a bit that is not
/// set is proof, a bit that is set sends the reader to the table. With four bits a slot at most one
/// absent key in six goes there in vain.
struct Filter {
    words: Box<[AtomicU64]>,
}

impl Filter {
    fn for_slots(slots: usize) -> Self {
        let words = slots.div_ceil(SLOTS_PER_WORD);
        Self { words: iter::repeat_with(|| AtomicU64::new(0)).take(words).collect() }
    }

    /// Release: whoever sees the bit sees the slot that was written before it.
    fn add(&self, key: u64) {
        let (word, bit) = self.place(key);
        if let Some(word) = word {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    fn may_have(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        word.is_none_or(|word| word.load(Ordering::Acquire) & bit != 0)
    }

    /// In bytes.
    fn size(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// The word by the key's low half and the bit by the six bits above it; the table's slot goes
    /// by the highest.
    fn place(&self, key: u64) -> (Option<&AtomicU64>, u64) {
        let low = u128::from(key & u64::from(u32::MAX));
        let word = ((low * self.words.len() as u128) >> 32) as usize;
        (self.words.get(word), 1 << ((key >> 32) & 63))
    }
}

const FREE: u64 = 0;
const LEAST_CAPACITY: usize = if cfg!(all(test, shuttle)) { 4 } else { 64 };
const SLOTS_PER_WORD: usize = 16;
const FOR_GOOD: u32 = u32::MAX;
