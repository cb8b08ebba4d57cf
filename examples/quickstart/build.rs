//! Writes copies of `src/main.rs` for the tests, with an address that the test sets, because port
//! 3000 may be in use on the machine: `quickstart.rs`, `with_commands.rs` with the line of the
//! README that adds the operator commands, and `below.rs` with a public origin.

use std::{env, fs, path::Path};

fn main() {
    let lines = fs::read_to_string("src/main.rs").expect("`src/main.rs`");
    let served = replaced(&lines, r#""127.0.0.1:3000""#, r#"std::env::var("QUICKSTART_ADDRESS")?"#);
    let open = "    let hallpass = Hallpass::<SiteRole>::open(";
    let with_commands = replaced(&served, open, &format!("{COMMANDS}\n{open}"));
    let out = env::var_os("OUT_DIR").expect("`OUT_DIR`, which cargo sets");
    let opened = r#"Hallpass::<SiteRole>::open("sqlite://site.db").await?"#;
    let built = r#"Hallpass::<SiteRole>::builder(hallpass::store::SqlStore::open("sqlite://site.db").await?)
        .key_file("site-keys.json")
        .everything()
        .public_origin(std::env::var("QUICKSTART_ORIGIN")?)
        .start()
        .await?"#;
    let below = served.replace(opened, built);
    assert_ne!(below, served, "`src/main.rs` opens the site in another way; change it here too");
    for (file, text) in
        [("quickstart.rs", served), ("with_commands.rs", with_commands), ("below.rs", below)]
    {
        fs::write(Path::new(&out).join(file), text).expect("a writable `OUT_DIR`");
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
