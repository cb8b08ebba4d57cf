//! Writes the 25 lines once more, with an address that the test chooses: port 3000 may be taken
//! where it runs.

use std::{env, fs, path::Path};

fn main() {
    let lines = fs::read_to_string("src/main.rs").expect("the 25 lines");
    let served = lines.replace(r#""127.0.0.1:3000""#, r#"std::env::var("QUICKSTART_ADDRESS")?"#);
    assert_ne!(served, lines, "the address has changed: say so here too");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("quickstart.rs"), served).expect("cargo's own directory");
    println!("cargo::rerun-if-changed=src/main.rs");
}
