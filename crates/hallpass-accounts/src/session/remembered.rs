//! The recent refreshes of this node: their results, for the length of the grace period.
//!
//! After a change of roles, and when an access token expires, all tabs of a browser present the
//! same refresh token. Those that arrive while the first is in the store wait for it
//! ([`SingleFlight`](crate::session::single_flight::SingleFlight)). Those that arrive later find
//! its result here. So a session reads the store **once per change**, however many requests and
//! refresh tokens of it are under way.
//!
//! A success is the same access token again, so nothing is issued without the store. It is used
//! only if this node has read of no later revocation or change of the account. Of the failures,
//! only "the session has ended" is kept, because it is final. A store that is down, a limit or a
//! fault is not kept: the next request tries again.
//!
//! A token that another node has consumed in between is not known here. The result is then one
//! refresh token behind, which the store accepts in its grace period.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::UnixTime;

use crate::session::{
    refresh_state::{RefreshHash, is_lately},
    refresh_token::{Live, RefreshSecret},
    session_id::SessionId,
};

/// The recent refreshes, by session.
#[derive(Default)]
pub(crate) struct RememberedRefreshes(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    sessions: HashMap<SessionId, Entry>,
    /// The sessions by the time of their last result, oldest first. A session may occur several
    /// times.
    order: VecDeque<(SessionId, UnixTime)>,
    /// The first tokens of chains that a person's own change began, oldest first.
    chains: VecDeque<(RefreshSecret, UnixTime)>,
}

struct Entry {
    result: Remembered,
    /// The refresh tokens that lead to the result, with the times at which they were consumed.
    consumed: Vec<(RefreshHash, UnixTime)>,
    /// The live token, if a consumed one led to it and it was not presented itself.
    found: Option<RefreshHash>,
    at: UnixTime,
}

/// A result that was kept.
#[derive(Clone)]
pub(crate) enum Remembered {
    /// The session was refreshed.
    Refreshed(Arc<Live>),
    /// The session has ended.
    Ended,
}

impl RememberedRefreshes {
    /// Returns the result for a token of the session, if it was consumed within the grace period or
    /// the session has ended. The token must be authentic.
    ///
    /// With `in_passing` also if it is the live token, and an older one led to it within the grace
    /// period. Only a request that is refreshed in passing may use that: it gets the access token,
    /// and keeps its refresh token.
    pub(crate) fn find(
        &self,
        session: SessionId,
        token: &RefreshHash,
        in_passing: bool,
        now: UnixTime,
        grace: Duration,
    ) -> Option<Remembered> {
        let inner = self.lock();
        let entry = inner.sessions.get(&session)?;
        let is_lately = |at| is_lately(at, now, grace);
        let is_recent = match entry.result {
            Remembered::Ended => is_lately(entry.at),
            Remembered::Refreshed(_) => {
                entry.consumed.iter().any(|(hash, at)| hash == token && is_lately(*at))
                    || in_passing && entry.found.as_ref() == Some(token) && is_lately(entry.at)
            }
        };
        is_recent.then(|| entry.result.clone())
    }

    /// Keeps a refresh of the session. `consumed` is the time at which the token was consumed,
    /// which for a token in its grace period is earlier than `now`. Tokens that led to the result
    /// before lead to the new one. `in_grace` is whether the live token was found and not made.
    pub(crate) fn refreshed(
        &self,
        live: &Arc<Live>,
        (token, consumed): (RefreshHash, UnixTime),
        in_grace: bool,
        now: UnixTime,
        grace: Duration,
    ) {
        let session = live.secret.session();
        let mut inner = self.lock();
        let before = inner.sessions.remove(&session).map(|entry| entry.consumed);
        let mut tokens = before.unwrap_or_default();
        tokens.retain(|(hash, at)| *hash != token && is_lately(*at, now, grace));
        tokens.push((token, consumed));
        let result = Remembered::Refreshed(Arc::clone(live));
        let found = in_grace.then(|| live.secret.hash());
        inner.keep(session, Entry { result, consumed: tokens, found, at: now }, grace);
    }

    /// Keeps the first token of a chain that an own change began. A token that was refreshed during
    /// the change leads to it for the grace period, and it cannot be derived from that token.
    pub(crate) fn began(&self, first: &RefreshSecret, now: UnixTime, grace: Duration) {
        let mut inner = self.lock();
        inner.chains.push_back((first.clone(), now));
        while inner.chains.front().is_some_and(|(_, at)| !is_lately(*at, now, grace))
            || inner.chains.len() > MAX
        {
            inner.chains.pop_front();
        }
    }

    /// Returns the first token of the last chain that an own change of this session began on this
    /// node.
    pub(crate) fn chain(&self, session: SessionId) -> Option<RefreshSecret> {
        let inner = self.lock();
        let mut chains = inner.chains.iter().rev();
        chains.find(|(first, _)| first.session() == session).map(|(first, _)| first.clone())
    }

    /// Keeps the end of the session.
    pub(crate) fn ended(&self, session: SessionId, now: UnixTime, grace: Duration) {
        let entry = Entry { result: Remembered::Ended, consumed: Vec::new(), found: None, at: now };
        self.lock().keep(session, entry, grace);
    }

    /// A panic under the lock leaves a valid map.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, session: SessionId, entry: Entry, grace: Duration) {
        let now = entry.at;
        self.order.push_back((session, now));
        self.sessions.insert(session, entry);
        while let Some((oldest, at)) = self.order.front().copied() {
            if self.order.len() <= MAX && is_lately(at, now, grace) {
                break;
            }
            self.order.pop_front();
            // A later result of the session has a later place in the order.
            if self.sessions.get(&oldest).is_some_and(|entry| entry.at == at) {
                self.sessions.remove(&oldest);
            }
        }
    }
}

/// Maximum number of results: 10,000, about 15 MB. If more sessions are refreshed within the grace
/// period, the oldest results are dropped, and a late tab reads the store.
const MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_790_000_000 + seconds)
    }

    fn session(number: u32) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        SessionId::from_random(bytes)
    }

    #[test]
    fn remembered_ends_are_bounded_in_time_and_number() {
        let remembered = RememberedRefreshes::default();
        let token = RefreshHash::from_bytes([1; 32]);
        let ended = |number, seconds| {
            remembered.find(session(number), &token, false, at(seconds), GRACE).is_some()
        };
        remembered.ended(session(0), at(0), GRACE);
        assert!(ended(0, 29) && !ended(0, 30) && !ended(1, 0));
        remembered.ended(session(1), at(40), GRACE);
        assert_eq!(remembered.lock().sessions.len(), 1, "the first one is over");
        for number in 2..20_000 {
            remembered.ended(session(number), at(41), GRACE);
        }
        let (entries, order) = {
            let inner = remembered.lock();
            (inner.sessions.len(), inner.order.len())
        };
        assert_eq!((entries, order), (MAX, MAX));
        assert!(ended(19_999, 41) && !ended(2, 41));
    }
}
