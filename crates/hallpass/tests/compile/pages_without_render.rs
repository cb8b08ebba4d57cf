//~ missing: `render`
struct ShopPages;

impl hallpass::Pages for ShopPages {}

fn main() {}
