//! Writes an event to `tracing`, with one field per value, so that a log collector can filter by
//! field name.
//!
//! Fields that an event does not have are left out. The guide lists the fields, and a test checks
//! the list against this file.

use std::{net::IpAddr, time::Duration};

use hallpass_core::Methods;

use crate::{
    account::AccountId,
    event::{Event, EventActor},
    session::session_id::SessionId,
};

macro_rules! write {
    ($level:ident, $event:ident, $fields:ident) => {
        tracing::$level!(
            target: "hallpass",
            event = $event.as_str(),
            account = $fields.account.map(tracing::field::display),
            actor = $fields.actor.as_ref().map(EventActor::as_str),
            actor_account = $fields.actor.as_ref().and_then(person).map(tracing::field::display),
            session = $fields.session.map(tracing::field::display),
            methods = $fields.methods.map(tracing::field::debug),
            reason = $fields.reason,
            limit = $fields.limit,
            peer = $fields.peer.map(tracing::field::display),
            role = $fields.role,
            roles_before = $fields.before.map(tracing::field::debug),
            roles = $fields.now.map(tracing::field::debug),
            disabled_before = $fields.disabled_before,
            operation = $fields.operation,
            number = $fields.number,
            seconds = $fields.time.map(|time| time.as_secs_f64()),
            "authentication event"
        )
    };
}

/// Writes the event, as a warning or as information.
pub(super) fn log(event: &Event, warns: bool) {
    let fields = Fields {
        account: event.account(),
        actor: event.actor(),
        peer: event.peer(),
        ..Fields::of(event)
    };
    if warns {
        write!(warn, event, fields);
    } else {
        write!(info, event, fields);
    }
}

fn person(actor: &EventActor) -> Option<&AccountId> {
    match actor {
        EventActor::Person(account) => Some(account),
        EventActor::Application | EventActor::Operator => None,
    }
}

#[derive(Default)]
struct Fields<'e> {
    account: Option<&'e AccountId>,
    actor: Option<EventActor>,
    session: Option<SessionId>,
    methods: Option<Methods>,
    reason: Option<&'static str>,
    limit: Option<&'static str>,
    peer: Option<IpAddr>,
    role: Option<&'e str>,
    before: Option<&'e [String]>,
    now: Option<&'e [String]>,
    disabled_before: Option<bool>,
    operation: Option<&'static str>,
    number: Option<u64>,
    time: Option<Duration>,
}

impl<'e> Fields<'e> {
    /// Returns the fields of this kind of event, without account, actor and address.
    fn of(event: &'e Event) -> Self {
        let nothing = Self::default();
        match event {
            Event::LoggedIn { session, methods, .. }
            | Event::SessionConfirmed { session, methods, .. } => {
                Self { session: Some(*session), methods: Some(*methods), ..nothing }
            }
            Event::Refused { reason, .. } => Self { reason: Some(reason.as_str()), ..nothing },
            Event::Limited { limit, retry_after, .. } => {
                Self { limit: Some(limit.as_str()), time: Some(*retry_after), ..nothing }
            }
            Event::UnknownRole { role, .. } => Self { role: Some(role), ..nothing },
            Event::SessionRefreshed { session, .. }
            | Event::RefreshReused { session, .. }
            | Event::SessionEnded { session, .. } => Self { session: Some(*session), ..nothing },
            Event::RolesChanged { before, now, .. } => {
                Self { before: before.as_deref(), now: Some(now), ..nothing }
            }
            Event::TokenForged { reason, count, .. } => {
                Self { reason: Some(reason.as_str()), number: Some(*count), ..nothing }
            }
            Event::AccessDenied { kind, count, .. } => {
                Self { reason: Some(kind.as_str()), number: Some(*count), ..nothing }
            }
            Event::Disabled { before, .. } | Event::Enabled { before, .. } => {
                Self { disabled_before: *before, ..nothing }
            }
            Event::Maintenance { operation, .. } => Self { operation: Some(operation), ..nothing },
            Event::RevocationLogAnswers { staleness: time } | Event::Overdue { after: time } => {
                Self { time: Some(*time), ..nothing }
            }
            Event::StoreFailed { operation } => Self { operation: Some(operation), ..nothing },
            Event::EpochRaised { epoch: number }
            | Event::RevocationsSkipped { entries: number } => {
                Self { number: Some(*number), ..nothing }
            }
            Event::NotReady { reason } => Self { reason: Some(reason.as_str()), ..nothing },
            _ => nothing,
        }
    }
}
