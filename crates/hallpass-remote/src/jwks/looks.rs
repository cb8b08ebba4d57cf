//! The limit of additional fetches for tokens that name an unknown key.
//!
//! A real key rollover must be noticed immediately, and a flood of invented names must not become a
//! flood of requests to the issuer:
//!
//! - Each name is looked for once per 30 seconds, so a repeated invented name uses one fetch.
//! - There are four fetches without a pause for different names, and one more per 30 seconds. A few
//!   invented names therefore do not delay a rollover; a sustained flood delays it by 30 seconds.
//! - A fetch that fails does not count as a look for its names: they are looked for again after
//!   two seconds.

use std::time::Duration;

use hallpass_core::KeyId;
use tokio::time::Instant;

pub(crate) struct Looks {
    /// Fetches that may begin without a pause.
    permits: u32,
    refilled_at: Instant,
    /// Names to look for, and the time from which a fetch may begin for them.
    wanted: Vec<(KeyId, Instant)>,
    /// Names that were looked for, and the time from which they may be looked for again.
    recent: Vec<(KeyId, Instant)>,
}

impl Looks {
    pub(crate) fn new(now: Instant) -> Self {
        Self { permits: PERMITS, refilled_at: now, wanted: Vec::new(), recent: Vec::new() }
    }

    /// Adds names that tokens used and that no key has.
    pub(crate) fn add(&mut self, names: Vec<KeyId>, now: Instant) {
        self.recent.retain(|(_, until)| *until > now);
        for name in names {
            let is_known = self.wanted.iter().chain(&self.recent).any(|(known, _)| *known == name);
            if self.wanted.len() < MOST_WANTED && !is_known {
                self.wanted.push((name, now));
            }
        }
    }

    /// Returns whether a fetch may begin now for the names. It uses one permit then.
    pub(crate) fn may_begin(&mut self, now: Instant) -> bool {
        while self.permits < PERMITS && now >= self.refilled_at + PAUSE {
            self.permits += 1;
            self.refilled_at += PAUSE;
        }
        if self.permits == 0 || self.wanted.iter().all(|(_, from)| *from > now) {
            return false;
        }
        if self.permits == PERMITS {
            self.refilled_at = now;
        }
        self.permits -= 1;
        true
    }

    /// Records the end of any fetch, which was also a look for all names.
    pub(crate) fn end(&mut self, is_loaded: bool, now: Instant) {
        if is_loaded {
            self.recent.extend(self.wanted.drain(..).map(|(name, _)| (name, now + PAUSE)));
            self.recent.drain(..self.recent.len().saturating_sub(MOST_RECENT));
        } else {
            for (_, from) in &mut self.wanted {
                *from = now + RETRY;
            }
        }
    }
}

/// Fetches without a pause. Three invented names do not delay a rollover.
const PERMITS: u32 = 4;

/// Time until there is a further permit, and until the same name is looked for again.
const PAUSE: Duration = Duration::from_secs(30);

/// Time until the same name is looked for again after a failed fetch.
const RETRY: Duration = Duration::from_secs(2);

const MOST_WANTED: usize = 16;

/// As many as the permits of 30 seconds can have looked for, and more.
const MOST_RECENT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: impl ToString) -> Vec<KeyId> {
        vec![KeyId::parse(&text.to_string()).unwrap()]
    }

    #[test]
    fn one_name_is_looked_for_once_per_30_seconds() {
        let start = Instant::now();
        let mut looks = Looks::new(start);
        let mut begun = Vec::new();
        for second in 0..300 {
            let now = start + Duration::from_secs(second);
            looks.add(name("invented"), now);
            if looks.may_begin(now) {
                begun.push(second);
                looks.end(true, now);
            }
        }
        assert_eq!(begun, [0, 30, 60, 90, 120, 150, 180, 210, 240, 270]);
    }

    #[test]
    fn different_names_have_four_fetches_and_one_per_30_seconds() {
        let start = Instant::now();
        let mut looks = Looks::new(start);
        let mut begun = Vec::new();
        for tenth in 0..1_200_u32 {
            let now = start + Duration::from_millis(100) * tenth;
            looks.add(name(format!("invented-{tenth}")), now);
            if looks.may_begin(now) {
                begun.push(tenth);
                looks.end(true, now);
            }
        }
        assert_eq!(begun, [0, 1, 2, 3, 300, 600, 900]);
        assert!(looks.wanted.len() <= MOST_WANTED && looks.recent.len() <= MOST_RECENT);
    }

    /// The fault that this replaces: one invented name, or one failed fetch, hid a rollover.
    #[test]
    fn invented_name_or_failed_fetch_does_not_delay_a_new_name() {
        let start = Instant::now();
        for is_loaded in [true, false] {
            let mut looks = Looks::new(start);
            looks.add(name("invented"), start);
            assert!(looks.may_begin(start));
            looks.end(is_loaded, start);
            looks.add(name("new"), start);
            assert!(looks.may_begin(start), "{is_loaded}");
            looks.end(false, start);
            looks.add(name("new"), start);
            assert!(!looks.may_begin(start + RETRY / 2));
            assert!(looks.may_begin(start + RETRY));
        }
    }

    #[test]
    fn name_without_a_permit_is_kept_until_there_is_one() {
        let start = Instant::now();
        let mut looks = Looks::new(start);
        for place in 0..PERMITS {
            looks.add(name(place), start);
            assert!(looks.may_begin(start));
            looks.end(true, start);
        }
        looks.add(name("new"), start);
        assert!(!looks.may_begin(start + PAUSE - Duration::from_millis(1)));
        assert!(looks.may_begin(start + PAUSE));
    }
}
