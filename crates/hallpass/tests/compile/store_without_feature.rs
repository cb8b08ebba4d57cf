//~ no `SqliteStore` in the root
//~ the item is gated behind the `sqlite` feature
use hallpass::store::SqliteStore;

fn main() {}
