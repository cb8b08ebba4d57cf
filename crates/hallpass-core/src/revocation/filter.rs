//! Says of most keys that they are not in the table, from memory that stays in the processor's cache.
//!
//! Nearly every token that is asked about was not voided, and in a table of a million entries that answer is a wait for
//! main memory (80 ns). This is a Bloom filter of one hash: a bit that is not set is proof, a bit that is set sends the
//! reader to the table. With four bits a slot at most one absent key in six goes there in vain.

use std::iter;

use crate::shared::{AtomicU64, Ordering};

pub(super) struct Filter {
    words: Box<[AtomicU64]>,
}

impl Filter {
    pub(super) fn for_slots(slots: usize) -> Self {
        let words = slots.div_ceil(SLOTS_PER_WORD);
        Self { words: iter::repeat_with(|| AtomicU64::new(0)).take(words).collect() }
    }

    /// Release: whoever sees the bit sees the slot that was written before it.
    pub(super) fn add(&self, key: u64) {
        let (word, bit) = self.place(key);
        if let Some(word) = word {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    pub(super) fn may_have(&self, key: u64) -> bool {
        let (word, bit) = self.place(key);
        word.is_none_or(|word| word.load(Ordering::Acquire) & bit != 0)
    }

    /// In bytes.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// The word by the key's low half and the bit by the six bits above it; the table's slot goes by the highest.
    fn place(&self, key: u64) -> (Option<&AtomicU64>, u64) {
        let low = u128::from(key & u64::from(u32::MAX));
        let word = ((low * self.words.len() as u128) >> 32) as usize;
        (self.words.get(word), 1 << ((key >> 32) & 63))
    }
}

const SLOTS_PER_WORD: usize = 16;
