//~ no `SqliteStore` in `store`
//~ the item is gated behind the `sqlite` feature
use hallpass::store::SqliteStore;

fn main() {}
