//~ missing: `render`
struct ShopPages;

impl hallpass::pages::Pages for ShopPages {}

fn main() {}
