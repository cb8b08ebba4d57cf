//~ missing: `wrap`
struct Frame;

impl hallpass::Layout for Frame {}

fn main() {}
