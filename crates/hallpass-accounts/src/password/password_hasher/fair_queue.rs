//! A bounded queue that is fair per network: networks take turns (round robin), and so do the parts
//! of a network within its turn. Without I/O, locks and time.
//!
//! This is fair queueing with one exact queue per network (Nagle, RFC 970). If the queue is full, a
//! newcomer takes the place of the newest entry of the longest network, as in stochastic fairness
//! queueing (McKenney 1990). A network cannot gain a turn or a place with more addresses or more
//! requests, and the memory is bounded by the number of places.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use crate::password::password_hasher::origin::{Narrow, Network, Wide};

/// The queue. `T` is what waits.
pub(super) struct FairQueue<T> {
    /// Maximum number of entries.
    places: usize,
    /// Maximum number of entries of one network.
    share: usize,
    networks: Rounds<Wide, Rounds<Narrow, VecDeque<Entry<T>>>>,
    next_id: u64,
}

struct Entry<T> {
    id: u64,
    waiting: T,
}

/// An accepted entry.
#[derive(Debug)]
pub(super) struct Joined<T> {
    /// Names the entry for [`FairQueue::leave`].
    pub(super) id: u64,
    /// The entry that lost its place.
    pub(super) displaced: Option<T>,
}

/// The queue has no place for the entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct QueueFull;

impl<T> FairQueue<T> {
    /// Creates a queue of `places` entries, of which one network has at most `share`.
    pub(super) fn new(places: usize, share: usize) -> Self {
        Self { places, share, networks: Rounds::default(), next_id: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.networks.len()
    }

    /// Returns whether an entry of this network would be accepted now.
    pub(super) fn has_place(&self, network: Network) -> bool {
        self.place(network).is_some()
    }

    /// Adds an entry behind the others of its part of the network.
    pub(super) fn join(&mut self, network: Network, waiting: T) -> Result<Joined<T>, QueueFull> {
        let displaced = match self.place(network).ok_or(QueueFull)? {
            Place::Free => None,
            Place::Of(wide) => self.displace(wide),
        };
        let id = self.next_id;
        self.next_id += 1;
        self.networks.with(network.wide, |parts| {
            parts.with(network.narrow, |queue| queue.push_back(Entry { id, waiting }));
        });
        Ok(Joined { id, displaced })
    }

    /// Removes the entry whose turn it is.
    pub(super) fn next(&mut self) -> Option<T> {
        self.networks.pop().map(|entry| entry.waiting)
    }

    /// Removes an entry. Has no effect if it is not in the queue any more.
    pub(super) fn leave(&mut self, network: Network, id: u64) {
        self.networks.with(network.wide, |parts| {
            parts.with(network.narrow, |queue| queue.retain(|entry| entry.id != id));
        });
    }

    fn place(&self, network: Network) -> Option<Place> {
        let parts = self.networks.of(&network.wide);
        let own = parts.map_or(0, Queue::len);
        if own < self.share && self.len() < self.places {
            return Some(Place::Free);
        }
        if own < self.share
            && let Some(longest) = self.networks.longer_than(own + 1)
        {
            return Some(Place::Of(longest));
        }
        // The network has its share. Its parts are fair to each other.
        let parts = parts?;
        let own = parts.of(&network.narrow).map_or(0, Queue::len);
        parts.longer_than(own + 1).map(|_| Place::Of(network.wide))
    }

    /// Removes the newest entry of the longest part of a network.
    fn displace(&mut self, wide: Wide) -> Option<T> {
        self.networks.with(wide, |parts| {
            let longest = parts.longer_than(0)?;
            parts.with(longest, |queue| queue.pop_back().map(|entry| entry.waiting))
        })
    }
}

enum Place {
    Free,
    /// That of the newest entry of this network.
    Of(Wide),
}

/// A queue with a length.
trait Queue: Default {
    type Entry;

    fn len(&self) -> usize;
    fn pop(&mut self) -> Option<Self::Entry>;
}

impl<T> Queue for VecDeque<T> {
    type Entry = T;

    fn len(&self) -> usize {
        self.len()
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }
}

/// Queues that take turns. Only queues with entries are kept.
struct Rounds<K, Q> {
    order: VecDeque<K>,
    queues: HashMap<K, Q>,
    len: usize,
}

impl<K, Q> Default for Rounds<K, Q> {
    fn default() -> Self {
        Self { order: VecDeque::new(), queues: HashMap::new(), len: 0 }
    }
}

impl<K: Copy + Eq + Hash, Q: Queue> Queue for Rounds<K, Q> {
    type Entry = Q::Entry;

    fn len(&self) -> usize {
        self.len
    }

    fn pop(&mut self) -> Option<Q::Entry> {
        let first = *self.order.front()?;
        self.order.rotate_left(1);
        self.with(first, Queue::pop)
    }
}

impl<K: Copy + Eq + Hash, Q: Queue> Rounds<K, Q> {
    fn of(&self, key: &K) -> Option<&Q> {
        self.queues.get(key)
    }

    /// Changes a queue. A new queue is the last to take its turn.
    fn with<T>(&mut self, key: K, change: impl FnOnce(&mut Q) -> T) -> T {
        let order = &mut self.order;
        let queue = self.queues.entry(key).or_insert_with(|| {
            order.push_back(key);
            Q::default()
        });
        let before = queue.len();
        let result = change(queue);
        let after = queue.len();
        self.len = self.len - before + after;
        if after == 0 {
            self.queues.remove(&key);
            self.order.retain(|other| *other != key);
        }
        result
    }

    /// Finds the longest queue, if it has more entries than `least`.
    fn longer_than(&self, least: usize) -> Option<K> {
        // Each other queue has at least one entry. In a flood of one network, or of many networks
        // with one entry each, this decides without a search.
        let others = self.queues.len().saturating_sub(1);
        if self.len.saturating_sub(others) <= least {
            return None;
        }
        let longest = self.order.iter().max_by_key(|key| self.of(key).map(Queue::len))?;
        (self.of(longest)?.len() > least).then_some(*longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn v4(wide: u8, narrow: u8) -> Network {
        Network { wide: Wide::V4([192, 0, wide]), narrow: narrow.into() }
    }

    fn join<T>(queue: &mut FairQueue<T>, network: Network, waiting: T) -> Option<T> {
        queue.join(network, waiting).ok().and_then(|joined| joined.displaced)
    }

    #[test]
    fn networks_and_their_parts_take_turns() {
        let mut queue = FairQueue::new(20, 20);
        for (network, name) in [
            (v4(1, 1), "a1"),
            (v4(1, 1), "a2"),
            (v4(1, 1), "a3"),
            (v4(1, 2), "b1"),
            (v4(2, 1), "c1"),
            (v4(2, 1), "c2"),
            (v4(3, 1), "d1"),
        ] {
            assert_eq!(join(&mut queue, network, name), None);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(order, ["a1", "c1", "d1", "b1", "c2", "a2", "a3"]);
        assert_eq!(queue.len(), 0);
        assert!(queue.networks.order.is_empty() && queue.networks.queues.is_empty());
    }

    #[test]
    fn full_queue_takes_the_newest_place_of_the_longest_network() {
        let mut queue = FairQueue::new(4, 4);
        for number in 0..4 {
            assert_eq!(join(&mut queue, v4(1, 1), number), None);
        }
        assert_eq!(queue.join(v4(1, 1), 4).unwrap_err(), QueueFull, "its own network is longest");
        assert_eq!(join(&mut queue, v4(2, 1), 10), Some(3));
        assert_eq!(join(&mut queue, v4(2, 1), 11), Some(2));
        assert_eq!(queue.join(v4(2, 1), 12).unwrap_err(), QueueFull, "two and two are fair");
        assert_eq!(join(&mut queue, v4(3, 1), 20), Some(11), "the last of the longest networks");
        assert!(
            !queue.has_place(v4(3, 1)) && queue.has_place(v4(1, 2)) == queue.has_place(v4(1, 3))
        );
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(order, [0, 10, 20, 1]);
    }

    #[test]
    fn parts_of_a_network_with_all_places_are_fair_to_each_other() {
        let mut queue = FairQueue::new(4, 4);
        for number in 0..4 {
            assert_eq!(join(&mut queue, v4(1, 1), number), None);
        }
        assert_eq!(join(&mut queue, v4(1, 2), 10), Some(3));
        assert_eq!(join(&mut queue, v4(1, 3), 20), Some(2));
        assert_eq!(queue.join(v4(1, 2), 11).unwrap_err(), QueueFull);
    }

    #[test]
    fn a_network_has_at_most_its_share() {
        let mut queue = FairQueue::new(8, 2);
        assert!(queue.join(v4(1, 1), 1).is_ok() && queue.join(v4(1, 2), 2).is_ok());
        assert!(queue.join(v4(1, 3), 3).is_err());
        assert!(queue.join(v4(2, 1), 4).is_ok());
    }

    #[test]
    fn an_entry_that_leaves_frees_its_place_and_turn() {
        let mut queue = FairQueue::new(2, 2);
        let first = queue.join(v4(1, 1), 1).unwrap().id;
        assert!(queue.join(v4(2, 1), 2).is_ok());
        queue.leave(v4(1, 1), first);
        queue.leave(v4(1, 1), first);
        queue.leave(v4(9, 9), 77);
        assert_eq!(queue.len(), 1);
        assert_eq!(join(&mut queue, v4(1, 1), 3), None);
        assert_eq!([queue.next(), queue.next(), queue.next()], [Some(2), Some(3), None]);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Join(u8, u8),
        Next,
        Leave(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..4_u8, 0..3_u8).prop_map(|(wide, narrow)| Step::Join(wide, narrow)),
            2 => Just(Step::Next),
            1 => any::<u8>().prop_map(Step::Leave),
        ]
    }

    proptest! {
        /// Each entry ends exactly once, the bounds hold, the order within a part is that of the
        /// arrivals, and no empty queue is kept.
        #[test]
        fn no_entry_is_lost_or_returned_twice(steps in vec(step(), 0..200)) {
            let mut queue = FairQueue::new(10, 6);
            let mut waiting: Vec<(u64, Network)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Join(wide, narrow) => {
                        let network = v4(wide, narrow);
                        let has_place = queue.has_place(network);
                        let joined = queue.join(network, number);
                        prop_assert_eq!(joined.is_ok(), has_place);
                        if let Ok(joined) = joined {
                            if let Some(displaced) = joined.displaced {
                                let before = waiting.len();
                                waiting.retain(|(id, _)| *id != displaced as u64);
                                prop_assert_eq!(waiting.len() + 1, before);
                            }
                            waiting.push((number as u64, network));
                        }
                    }
                    Step::Next => {
                        let next = queue.next();
                        prop_assert_eq!(next.is_none(), waiting.is_empty());
                        if let Some(next) = next {
                            let at = waiting.iter().position(|(id, _)| *id == next as u64);
                            let (_, network) = waiting.remove(at.unwrap());
                            let earlier = waiting.iter().any(|(id, other)| {
                                *other == network && *id < next as u64
                            });
                            prop_assert!(!earlier);
                        }
                    }
                    Step::Leave(number) if !waiting.is_empty() => {
                        let (value, network) = waiting.remove(usize::from(number) % waiting.len());
                        let id = queue.id_of(network, usize::try_from(value).unwrap());
                        queue.leave(network, id.unwrap());
                    }
                    Step::Leave(_) => {}
                }
                prop_assert_eq!(queue.len(), waiting.len());
                prop_assert!(queue.len() <= 10);
                for rounds in queue.networks.queues.values() {
                    prop_assert!(rounds.len > 0 && rounds.len <= 6);
                    prop_assert_eq!(rounds.order.len(), rounds.queues.len());
                    prop_assert!(rounds.queues.values().all(|queue| !queue.is_empty()));
                }
                prop_assert_eq!(queue.networks.order.len(), queue.networks.queues.len());
            }
        }
    }

    impl FairQueue<usize> {
        fn id_of(&self, network: Network, waiting: usize) -> Option<u64> {
            let queue = self.networks.of(&network.wide)?.of(&network.narrow)?;
            queue.iter().find(|entry| entry.waiting == waiting).map(|entry| entry.id)
        }
    }
}
