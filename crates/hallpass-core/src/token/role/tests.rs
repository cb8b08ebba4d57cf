use super::*;

#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    NewsEditor,
    #[role(name = "root")]
    Admin,
}

/// The site chooses the discriminants. The index is the position.
#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Numbered {
    Low = 7,
    High = 900,
}

#[test]
fn derived_roles_have_names_and_indexes() {
    use SiteRole::{Admin, Guest, NewsEditor};
    assert_eq!(SiteRole::ALL, [Guest, NewsEditor, Admin]);
    assert_eq!(
        SiteRole::ALL.iter().map(|role| role.name()).collect::<Vec<_>>(),
        ["guest", "news_editor", "root"]
    );
    assert_eq!(SiteRole::ALL.iter().map(|role| role.index()).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((Numbered::Low.index(), Numbered::High.index()), (0, 1));
}

#[test]
fn only_the_exact_name_is_a_role() {
    for role in SiteRole::ALL {
        assert_eq!(SiteRole::from_name(role.name()), Some(*role));
    }
    for name in [
        "",
        "Guest",
        "GUEST",
        " guest",
        "guest ",
        "guest\0",
        "gue",
        "guests",
        "admin",
        "Admin",
        "ｇuest",
        "newseditor",
        "NewsEditor",
    ] {
        assert_eq!(SiteRole::from_name(name), None, "{name:?}");
    }
}

#[test]
fn role_set_contains_exactly_the_inserted_roles() {
    use SiteRole::{Admin, Guest, NewsEditor};
    let set = RoleSet::from([Admin, Guest, Guest]);
    assert_eq!((set.len(), set.is_empty(), set.bits()), (2, false, 0b101));
    assert!(set.contains(Guest) && set.contains(Admin) && !set.contains(NewsEditor));
    assert_eq!(set.iter().collect::<Vec<_>>(), [Guest, Admin]);
    assert_eq!(format!("{set:?}"), "{guest, root}");
    assert_eq!(set, [Guest, Admin].into_iter().collect());

    assert!(set.contains_all(Admin.into()) && set.contains_all(RoleSet::EMPTY));
    assert!(!set.contains_all([Admin, NewsEditor].into()));
    assert!(set.intersects([Admin, NewsEditor].into()));
    assert!(!set.intersects(NewsEditor.into()) && !set.intersects(RoleSet::EMPTY));
    assert_eq!(format!("{:?}", RoleSet::<SiteRole>::EMPTY), "{}");
}

/// A wrong implementation by hand: its index is out of range.
struct Misplaced;

impl Role for Misplaced {
    const ALL: &'static [Self] = &[Self];

    fn name(&self) -> &'static str {
        "misplaced"
    }

    fn index(&self) -> u8 {
        64
    }

    fn from_index(_: u8) -> Option<Self> {
        None
    }
}

#[test]
fn role_with_index_out_of_range_is_never_contained() {
    assert!(!RoleSet::from(Misplaced).contains(Misplaced));
}

/// An enum with a default role that derives only `Role`.
#[derive(hallpass_derive::Role)]
enum Bare {
    Admin,
    #[role(default)]
    Guest,
}

#[test]
fn derive_role_alone_is_enough() {
    let set = RoleSet::from([Bare::Guest, Bare::Admin]);
    assert_eq!(format!("{set:?}"), "{admin, guest}");
    assert_eq!(set.iter().map(|role| role.name()).collect::<Vec<_>>(), ["admin", "guest"]);
    assert!(set.contains(Bare::Admin) && set == Bare::ALL.iter().collect());
}

#[test]
fn default_role_is_the_marked_variant_or_none() {
    assert_eq!(Bare::default_role().map(|role| role.name()), Some("guest"));
    assert_eq!(SiteRole::default_role(), None);
}

#[test]
fn from_index_is_the_inverse_of_index() {
    for role in SiteRole::ALL {
        assert_eq!(SiteRole::from_index(role.index()), Some(*role));
    }
    assert_eq!(SiteRole::from_index(3), None);
    assert_eq!(SiteRole::from_index(u8::MAX), None);
}
