//! The pages of the list of sessions.

use hallpass_core::UnixTime;

use crate::session::{session_id::SessionId, store::Session};

/// A page of an account's sessions: the session of the request first, on the first page, and then
/// the others, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionPage {
    /// At most [`LENGTH`](Self::LENGTH) sessions.
    pub sessions: Vec<Session>,
    /// The value of `after` that returns the next page, or `None` on the last page. It stays valid
    /// if sessions end in between.
    pub next: Option<String>,
}

impl SessionPage {
    /// Maximum number of sessions of a page.
    pub const LENGTH: usize = 20;

    /// Returns the page that starts after `after`, or the first one if it is `None`. `all` are the
    /// live sessions of the account, and `current` is the session of the request.
    pub(crate) fn new(
        mut all: Vec<Session>,
        current: Option<SessionId>,
        after: Option<Place>,
    ) -> Self {
        all.sort_by_key(Place::of);
        let here = all.iter().position(|session| Some(session.id) == current);
        let here = here.map(|position| all.remove(position));
        let first = here.filter(|_| after.is_none());
        let left = all.into_iter().filter(|session| after.is_none_or(|it| Place::of(session) > it));
        let mut sessions: Vec<_> = first.into_iter().chain(left).collect();
        let has_more = sessions.len() > Self::LENGTH;
        sessions.truncate(Self::LENGTH);
        let next = sessions.last().filter(|_| has_more).map(|last| Place::of(last).to_string());
        Self { sessions, next }
    }
}

/// The place of a session in the list: its time of login, and its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(std::cmp::Reverse<UnixTime>, SessionId);

impl Place {
    fn of(session: &Session) -> Self {
        Self(std::cmp::Reverse(session.created), session.id)
    }

    /// Parses the text of a [`next`](SessionPage::next).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (created, id) = text.split_once('-')?;
        let created = UnixTime::from_secs(created.parse().ok()?);
        Some(Self(std::cmp::Reverse(created), id.parse().ok()?))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0.0.as_secs(), self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: u8) -> Session {
        let at = UnixTime::from_secs(1_790_000_000 + u64::from(number / 2));
        Session::new(SessionId::from_random([number; 16]), String::new(), at, at, at)
    }

    /// Two sessions begin in each second, and one of them ends before the second page is read.
    #[test]
    fn pages_contain_every_session_once() {
        let (current, mut all) = (SessionId::from_random([3; 16]), Vec::new());
        all.extend((0..50).map(session));
        let first = SessionPage::new(all.clone(), Some(current), None);
        assert_eq!((first.sessions.len(), first.sessions[0].id), (SessionPage::LENGTH, current));
        let last = first.sessions.last().unwrap().id;
        all.retain(|session| session.id != last);
        let mut seen: Vec<_> = first.sessions.iter().map(|session| session.id).collect();
        let mut next = first.next;
        while let Some(after) = next {
            let place = Place::parse(&after).unwrap();
            let page = SessionPage::new(all.clone(), Some(current), Some(place));
            seen.extend(page.sessions.iter().map(|session| session.id));
            next = page.next;
        }
        assert_eq!(seen.len(), 50);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 50);
        for wrong in ["", "-", "1", "1-x", "x-00000000000000000000000000000000"] {
            assert!(Place::parse(wrong).is_none(), "{wrong}");
        }
    }
}
