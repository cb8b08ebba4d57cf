//~ `HidePosts` is not a permission: it does not implement `Permission`
//~ write `impl Permission for HidePosts` with the role enum as `type Role`
//~ guide: docs/guide/src/roles.md
struct HidePosts;

async fn hide(_: hallpass::Allowed<HidePosts>) {}

fn main() {}
