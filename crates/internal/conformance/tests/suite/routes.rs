//! The routes that every stack has, with their requirements. The doors are not in this list,
//! because each stack builds them in different ways.

use std::time::Duration;

use hallpass_conformance::{
    OtherRole,
    SiteRole::{Admin, Moderator},
};
use hallpass_core::{Requirement, RoleSet};

/// Returns the guarded routes.
pub(crate) fn guarded() -> Vec<(&'static str, Requirement)> {
    let ten_minutes = Duration::from_secs(600);
    vec![
        ("/both", Requirement::all_of([Moderator, Admin])),
        ("/staff", Requirement::any_of([Moderator, Admin])),
        ("/level", Requirement::at_least(Moderator)),
        ("/nobody", Requirement::any_of(RoleSet::<hallpass_conformance::SiteRole>::EMPTY)),
        ("/factor", Requirement::login().and_second_factor()),
        ("/recent", Requirement::login().and_recent(ten_minutes)),
        ("/vault", Requirement::all_of([Admin]).and_second_factor().and_recent(ten_minutes)),
        ("/foreign", Requirement::all_of([OtherRole::Admin])),
        ("/own-page", Requirement::all_of([Admin])),
    ]
}

/// The page that the site returns if a role is missing at `/own-page`.
pub(crate) const OWN_PAGE: &str = "the site's own page";

/// The requirement of the route that accepts only GET.
pub(crate) const READ_ONLY: Requirement = Requirement::login();
