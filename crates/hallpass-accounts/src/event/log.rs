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
            actor = $fields.actor.map(EventActor::as_str),
            actor_account = $fields.actor.and_then(person).map(tracing::field::display),
            session = $fields.session.map(tracing::field::display),
            methods = $fields.methods.map(tracing::field::debug),
            reason = $fields.reason,
            limit = $fields.limit,
            peer = $fields.peer.map(tracing::field::display),
            role = $fields.role,
            operation = $fields.operation,
            number = $fields.number,
            seconds = $fields.time.map(|time| time.as_secs_f64()),
            "authentication event"
        )
    };
}

pub(super) fn log(event: &Event) {
    let fields = Fields::of(event);
    if event.is_alarming() {
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
    actor: Option<&'e EventActor>,
    session: Option<SessionId>,
    methods: Option<Methods>,
    reason: Option<&'static str>,
    limit: Option<&'static str>,
    peer: Option<IpAddr>,
    role: Option<&'e str>,
    operation: Option<&'static str>,
    number: Option<u64>,
    time: Option<Duration>,
}

impl<'e> Fields<'e> {
    fn of(event: &'e Event) -> Self {
        let nothing = Self::default();
        match event {
            Event::LoggedIn { account, session, methods } => Self {
                account: Some(account),
                session: Some(*session),
                methods: Some(*methods),
                ..nothing
            },
            Event::Refused { account, reason, peer } => Self {
                account: account.as_ref(),
                reason: Some(reason.as_str()),
                peer: *peer,
                ..nothing
            },
            Event::Limited { limit, peer, retry_after } => Self {
                limit: Some(limit.as_str()),
                peer: *peer,
                time: Some(*retry_after),
                ..nothing
            },
            Event::ClientAddressUnknown { peer } => Self { peer: *peer, ..nothing },
            Event::UnknownRole { account, role } => {
                Self { account: Some(account), role: Some(role), ..nothing }
            }
            Event::SessionRefreshed { account, session }
            | Event::RefreshReused { account, session }
            | Event::SessionEnded { account, session } => {
                Self { account: Some(account), session: Some(*session), ..nothing }
            }
            Event::Registered { account }
            | Event::PasswordChanged { account }
            | Event::PasswordHashUpgraded { account }
            | Event::SecondFactorEnabled { account }
            | Event::SecondFactorDisabled { account }
            | Event::SecondFactorReencrypted { account }
            | Event::RecoveryCodeUsed { account }
            | Event::RecoveryCodesReplaced { account }
            | Event::EnrolmentRequired { account }
            | Event::ChangeLost { account } => Self { account: Some(account), ..nothing },
            Event::SessionsEnded { account, actor }
            | Event::RolesChanged { account, actor }
            | Event::Disabled { account, actor }
            | Event::Enabled { account, actor } => {
                Self { account: Some(account), actor: Some(actor), ..nothing }
            }
            Event::Maintenance { operation, actor } => {
                Self { operation: Some(operation), actor: Some(actor), ..nothing }
            }
            Event::RevocationLogAnswers { staleness: time } | Event::Overdue { after: time } => {
                Self { time: Some(*time), ..nothing }
            }
            Event::StoreFailed { operation } => Self { operation: Some(operation), ..nothing },
            Event::EpochRaised { epoch: number }
            | Event::RevocationsSkipped { entries: number } => {
                Self { number: Some(*number), ..nothing }
            }
            Event::NotReady { reason } => Self { reason: Some(reason.as_str()), ..nothing },
            Event::HashingBusy | Event::RevocationLogSilent | Event::ReadyAgain => nothing,
        }
    }
}
