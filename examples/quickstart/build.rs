//! Writes two copies of `src/main.rs` with an address that the test sets, because port 3000 may be
//! in use on the machine that runs the test. The second copy has the line of the README that adds
//! the operator commands.

use std::{env, fs, path::Path};

fn main() {
    let lines = fs::read_to_string("src/main.rs").expect("`src/main.rs`");
    let served = replaced(&lines, r#""127.0.0.1:3000""#, r#"std::env::var("QUICKSTART_ADDRESS")?"#);
    let open = "    let hallpass = Hallpass::<SiteRole>::open(";
    let with_commands = replaced(&served, open, &format!("{COMMANDS}\n{open}"));
    let out = env::var_os("OUT_DIR").expect("`OUT_DIR`, which cargo sets");
    for (name, text) in [("quickstart.rs", served), ("with_commands.rs", with_commands)] {
        fs::write(Path::new(&out).join(name), text).expect("a writable `OUT_DIR`");
    }
    println!("cargo::rustc-env=QUICKSTART_COMMANDS={COMMANDS}");
    println!("cargo::rerun-if-changed=src/main.rs");
}

fn replaced(lines: &str, old: &str, new: &str) -> String {
    let replaced = lines.replace(old, new);
    assert_ne!(replaced, lines, "`src/main.rs` has another line than {old}; change it here too");
    replaced
}

const COMMANDS: &str = r#"    Hallpass::<SiteRole>::cli("sqlite://site.db").await;"#;
