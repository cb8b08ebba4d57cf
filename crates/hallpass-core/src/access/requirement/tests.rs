use super::*;
use std::sync::Arc;

use crate::token::{claims::Claims, error::TokenErrorKind, identity::Identity, methods::Methods};

#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

/// Another enum, with an `Owner` at the bit that [`SiteRole::Guest`] has.
#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum OtherRole {
    Owner,
    Helper,
}

const NOW: UnixTime = UnixTime::from_secs(1_000_000);

struct Visitor {
    roles: u64,
    roles_of: TypeId,
    methods: Methods,
    authenticated_at: Option<UnixTime>,
}

impl Visitor {
    fn with(roles: impl Into<RoleSet<SiteRole>>) -> Self {
        let roles = roles.into().bits();
        Self {
            roles,
            roles_of: TypeId::of::<SiteRole>(),
            methods: Methods::PASSWORD,
            authenticated_at: Some(NOW),
        }
    }

    fn asks(self, requirement: Requirement) -> Result<(), RejectionKind> {
        let mut claims = Claims::new("7", 0, NOW).with_username("alice").with_methods(self.methods);
        (claims.roles, claims.roles_of) = (self.roles, self.roles_of);
        claims.times.authenticated_at = self.authenticated_at;
        let who = Authentication::identified(Identity::<SiteRole>::new(Arc::new(claims)));
        requirement.admit(&who, NOW).map_err(Rejection::kind)
    }
}

#[test]
fn roles_are_all_of_any_of_or_at_least() {
    use SiteRole::{Admin, Guest, Moderator};
    const MISSING: Result<(), RejectionKind> = Err(RejectionKind::RoleMissing);
    let none = RoleSet::EMPTY;
    let all: RoleSet<SiteRole> = SiteRole::ALL.iter().copied().collect();
    let table: &[(Requirement, RoleSet<SiteRole>, Result<(), RejectionKind>)] = &[
        (Requirement::login(), none, Ok(())),
        (Requirement::all_of([Admin]), Admin.into(), Ok(())),
        (Requirement::all_of([Admin]), Moderator.into(), MISSING),
        (Requirement::all_of([Admin]), none, MISSING),
        (Requirement::all_of([Admin, Moderator]), Admin.into(), MISSING),
        (Requirement::all_of([Admin, Moderator]), [Moderator, Admin].into(), Ok(())),
        (Requirement::all_of(RoleSet::<SiteRole>::EMPTY), none, Ok(())),
        (Requirement::any_of([Admin, Moderator]), Moderator.into(), Ok(())),
        (Requirement::any_of([Admin, Moderator]), Guest.into(), MISSING),
        (Requirement::any_of(RoleSet::<SiteRole>::EMPTY), all, MISSING),
        (Requirement::at_least(Moderator), Moderator.into(), Ok(())),
        (Requirement::at_least(Moderator), Admin.into(), Ok(())),
        (Requirement::at_least(Moderator), Guest.into(), MISSING),
        (Requirement::at_least(Guest), none, MISSING),
        (Requirement::at_least(Admin), [Guest, Moderator].into(), MISSING),
    ];
    for (requirement, roles, expected) in table {
        assert_eq!(
            Visitor::with(*roles).asks(*requirement),
            *expected,
            "{requirement} of {roles:?}"
        );
    }
}

#[test]
fn anonymous_caller_gets_not_logged_in_for_any_requirement() {
    for requirement in
        [Requirement::login(), Requirement::all_of([SiteRole::Admin]).and_second_factor()]
    {
        for (who, kind) in [
            (Authentication::anonymous(), RejectionKind::NotLoggedIn),
            (Authentication::rejected(TokenErrorKind::Signature), RejectionKind::NotLoggedIn),
            (Authentication::rejected(TokenErrorKind::Expired), RejectionKind::Expired),
            (Authentication::rejected(TokenErrorKind::Revoked), RejectionKind::Revoked),
        ] {
            assert_eq!(
                requirement.admit(&who, NOW).unwrap_err().kind(),
                kind,
                "{requirement} {who:?}"
            );
        }
    }
}

#[test]
fn roles_of_another_enum_are_an_internal_fault() {
    // Bit 0 is `Guest` in one enum and `Owner` in the other. A comparison of the bits alone would
    // admit the caller.
    assert_eq!(
        Visitor::with(SiteRole::Guest).asks(Requirement::all_of([OtherRole::Owner])),
        Err(RejectionKind::Internal)
    );
    let empty = Requirement::all_of(RoleSet::<OtherRole>::EMPTY);
    assert_eq!(Visitor::with(SiteRole::Admin).asks(empty), Err(RejectionKind::Internal));
    assert_eq!(Visitor::with(SiteRole::Guest).asks(Requirement::login()), Ok(()));
}

#[test]
fn password_alone_is_not_a_second_factor() {
    let requirement = Requirement::login().and_second_factor();
    for (methods, expected) in [
        (Methods::NONE, Err(RejectionKind::SecondFactorMissing)),
        (Methods::PASSWORD, Err(RejectionKind::SecondFactorMissing)),
        (Methods::PASSWORD | Methods::ONE_TIME_CODE, Ok(())),
        (Methods::HARDWARE_KEY, Ok(())),
        (Methods::MULTI_FACTOR, Ok(())),
    ] {
        let visitor = Visitor { methods, ..Visitor::with(SiteRole::Guest) };
        assert_eq!(visitor.asks(requirement), expected, "{methods:?}");
    }
}

#[test]
fn recent_login_is_exact_to_the_second() {
    let requirement = Requirement::login().and_recent(Duration::from_secs(600));
    let seconds_ago = |seconds| Some(NOW.saturating_sub(Duration::from_secs(seconds)));
    for (authenticated_at, expected) in [
        (seconds_ago(0), Ok(())),
        (seconds_ago(599), Ok(())),
        (seconds_ago(600), Ok(())),
        (seconds_ago(601), Err(RejectionKind::NotRecent)),
        (Some(UnixTime::from_secs(0)), Err(RejectionKind::NotRecent)),
        (None, Err(RejectionKind::NotRecent)),
    ] {
        let visitor = Visitor { authenticated_at, ..Visitor::with(SiteRole::Guest) };
        assert_eq!(visitor.asks(requirement), expected, "{authenticated_at:?}");
    }
}

#[test]
fn first_unmet_requirement_is_returned() {
    let requirement =
        Requirement::all_of([SiteRole::Admin]).and_second_factor().and_recent(Duration::ZERO);
    let stale = || Visitor { authenticated_at: None, ..Visitor::with(SiteRole::Admin) };
    assert_eq!(Visitor { roles: 0, ..stale() }.asks(requirement), Err(RejectionKind::RoleMissing));
    assert_eq!(stale().asks(requirement), Err(RejectionKind::SecondFactorMissing));
    assert_eq!(
        Visitor { methods: Methods::ONE_TIME_CODE, ..stale() }.asks(requirement),
        Err(RejectionKind::NotRecent)
    );
}

#[test]
fn requirement_display_is_one_line_of_the_table() {
    for (requirement, line) in [
        (Requirement::login(), "login"),
        (Requirement::all_of([SiteRole::Admin]), "all of admin"),
        (Requirement::all_of([SiteRole::Admin, SiteRole::Guest]), "all of guest, admin"),
        (Requirement::at_least(SiteRole::Moderator), "any of moderator, admin"),
        (Requirement::any_of([OtherRole::Helper]), "any of helper"),
        (Requirement::any_of(RoleSet::<SiteRole>::EMPTY), "nobody"),
        (
            Requirement::login().and_second_factor().and_recent(Duration::from_secs(600)),
            "login; second factor; within 600 s",
        ),
    ] {
        assert_eq!(requirement.to_string(), line);
    }
    assert_eq!(format!("{:?}", Requirement::login()), "Requirement(login)");
}

#[test]
fn public_admits_everyone_until_more_is_required() {
    let (now, stranger) = (UnixTime::from_secs(0), Authentication::anonymous());
    let open = Requirement::public();
    assert!(open.is_open() && open.admit(&stranger, now).is_ok());
    assert_eq!(open.to_string(), "public");
    for closed in
        [open.and_second_factor(), open.and_recent(Duration::from_secs(1)), Requirement::login()]
    {
        assert!(!closed.is_open());
        assert_eq!(
            closed.admit(&stranger, now).unwrap_err().kind(),
            RejectionKind::NotLoggedIn,
            "{closed}"
        );
    }
}
