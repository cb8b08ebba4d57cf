//! A hash table that is read without a lock: open addressing over pairs of atomic words.
//!
//! The key of a slot is written once, after its entry, and never changes within one table. A reader
//! that finds its key therefore finds its entry. When an entry is dropped, the entry becomes empty
//! and the key stays, so that probes for other keys still work. A change that would move keys (more
//! room, fewer dead slots) creates a new table, and the list replaces the old one. There is one
//! writer at a time, because the list holds a mutex.
//!
//! A slot takes 16 bytes and four filter bits. A new table has two slots per entry, and it is
//! rebuilt when three quarters of the slots are used. A million entries take at most 31.5 MiB, and
//! the same again while they are copied.

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

/// The table has no free slot that may be used.
#[derive(Debug)]
pub(super) struct Full;

struct Slot {
    /// 0 while the slot is free.
    key: AtomicU64,
    /// An [`Entry`], or 0 if the entry was dropped.
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

    /// Stores an entry. If the key already has an entry, stores the [merged](Entry::merged) one.
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

    /// Returns the latest `forget_after` of the entries that are over at `now`.
    pub(super) fn latest_over(&self, now: UnixTime) -> Option<u32> {
        self.over(now).map(|(_, entry)| entry.forget_after()).max()
    }

    pub(super) fn drop_over(&self, now: UnixTime) {
        for (slot, _) in self.over(now) {
            slot.entry.store(0, Ordering::Release);
            self.live.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Returns a table with the same entries, without the dead slots, and with room for `more`
    /// entries.
    pub(super) fn rebuilt(&self, more: usize) -> Self {
        let table = Self::with_room_for(self.live() + more);
        for slot in &self.slots {
            if let Some(entry) = slot.entry() {
                // The table has room: half of its slots stay free.
                let _ = table.put(slot.key.load(Ordering::Relaxed), entry);
            }
        }
        table
    }

    /// Returns whether a [rebuilt](Self::rebuilt) table would save most of the memory.
    pub(super) fn is_too_large(&self) -> bool {
        self.slots.len() > LEAST_CAPACITY && self.live() < self.slots.len() / 8
    }

    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.slots) + self.filter.size()
    }

    /// Returns all slots once, from the home slot of the key on.
    fn probe(&self, key: u64) -> impl Iterator<Item = &Slot> {
        // The key's high bits select a slot for any capacity (Lemire's reduction), so home <
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

/// The lowest number (`gen`) that is still accepted, and the last second in which a token with a
/// lower number may be valid. The high half is the number and the low half is the time. Both are in
/// one word, so that a reader reads either both or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u64);

impl Entry {
    /// Creates an entry. `number` must be at least 1, so that an entry is never the empty word.
    /// An entry with a time after 2106 is kept forever.
    pub(super) fn new(number: u32, forget_after: UnixTime) -> Self {
        let seconds = u32::try_from(forget_after.as_secs()).unwrap_or(FOR_GOOD);
        Self(u64::from(number) << 32 | u64::from(seconds))
    }

    /// Returns the entry, or `None` for the empty word of a slot without an entry.
    pub(super) const fn from_bits(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) const fn forget_after(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn is_over(self, now: UnixTime) -> bool {
        self.forget_after() != FOR_GOOD && u64::from(self.forget_after()) < now.as_secs()
    }

    /// Returns an entry that revokes every token that one of the two entries revokes, until the
    /// later of their times.
    pub(super) fn merged(self, other: Self) -> Self {
        let number = self.number().max(other.number());
        let forget_after = self.forget_after().max(other.forget_after());
        Self(u64::from(number) << 32 | u64::from(forget_after))
    }
}

/// A filter that excludes most absent keys, in memory that fits into the processor's cache.
///
/// Nearly every token that is checked is not revoked. In a table of a million entries, a lookup of
/// an absent key waits for main memory (80 ns). This is a Bloom filter with one hash. If the bit is
/// not set, the key is absent. If the bit is set, the reader looks into the table. With four bits
/// per slot, the bit is set for at most one in six absent keys.
struct Filter {
    words: Box<[AtomicU64]>,
}

impl Filter {
    fn for_slots(slots: usize) -> Self {
        let words = slots.div_ceil(SLOTS_PER_WORD);
        Self { words: iter::repeat_with(|| AtomicU64::new(0)).take(words).collect() }
    }

    /// Sets the bit with Release: a reader that sees the bit also sees the slot that was written
    /// before it.
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

    /// Returns the size in bytes.
    fn size(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// Returns the word, which the key's low half selects, and the bit, which the six bits above it
    /// select. The slot of the table is selected by the highest bits.
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
