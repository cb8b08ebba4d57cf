//~ compiles
use hallpass::{Allowed, Hallpass, Identity, Permission, Requirement, Role, RoleSet, require_roles};

#[derive(Role)]
enum SiteRole {
    #[role(default)]
    Guest,
    Admin,
}

#[derive(Role, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum TeamRole {
    #[default]
    #[role(default)]
    Reader,
    Editor,
}

struct Administer;

impl Permission for Administer {
    type Role = SiteRole;

    fn requirement() -> Requirement {
        Requirement::all_of([SiteRole::Admin])
    }
}

async fn hello(me: Option<Identity<SiteRole>>) -> String {
    me.map_or(String::new(), |me| format!("{:?} {:?}", me.clone(), me.roles()))
}

async fn administer(_: Allowed<Administer>) {}

fn site(hallpass: &Hallpass<SiteRole>) -> axum::Router {
    axum::Router::new()
        .route("/", axum::routing::get(hello))
        .route("/administer", axum::routing::get(administer))
        .route_layer(require_roles([SiteRole::Admin]))
        .merge(hallpass.routes())
        .layer(hallpass.layer())
}

fn main() {
    let _ = (site, RoleSet::from([TeamRole::Reader, TeamRole::Editor]), SiteRole::Guest);
}
