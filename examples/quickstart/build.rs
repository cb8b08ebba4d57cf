//! Writes a copy of `src/main.rs` with an address that the test sets, because port 3000 may be in
//! use on the machine that runs the test.

use std::{env, fs, path::Path};

fn main() {
    let lines = fs::read_to_string("src/main.rs").expect("`src/main.rs`");
    let served = lines.replace(r#""127.0.0.1:3000""#, r#"std::env::var("QUICKSTART_ADDRESS")?"#);
    assert_ne!(served, lines, "`src/main.rs` has another address; change it here too");
    let out = env::var_os("OUT_DIR").expect("`OUT_DIR`, which cargo sets");
    fs::write(Path::new(&out).join("quickstart.rs"), served).expect("a writable `OUT_DIR`");
    println!("cargo::rerun-if-changed=src/main.rs");
}
