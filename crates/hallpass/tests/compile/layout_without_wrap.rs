//~ missing: `wrap`
struct Frame;

impl hallpass::pages::Layout for Frame {}

fn main() {}
