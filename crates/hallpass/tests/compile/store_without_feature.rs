//~ no `SqliteStore` in the root
//~ the item is gated behind the `sqlite` feature
use hallpass::SqliteStore;

fn main() {}
