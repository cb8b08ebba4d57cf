//! Instructions by callgrind, which repeat where times drift.
//!
//! The bench runs itself once more under valgrind. Its processor has no SHA extensions: there an HMAC costs every row several times
//! what it costs on one that has them.

use std::{env, fs, hint::black_box, path::Path, process::Command};

use crate::Token;

/// Whether this is the run under valgrind.
pub(crate) fn asked_for() -> bool {
    env::var_os(COUNTING).is_some()
}

/// Verifies each token in each way; callgrind writes a file whenever it leaves [`measured`].
pub(crate) fn run(tokens: &[Token]) {
    for token in tokens {
        for (_, verify) in &token.ways {
            verify(&token.text);
            measured(&|| {
                for _ in 0..TIMES {
                    black_box(verify(black_box(&token.text)));
                }
            });
        }
    }
}

/// Named, and not inlined, so that callgrind can be told to look at this alone.
#[inline(never)]
fn measured(work: &dyn Fn()) {
    work();
}

/// Prints how many instructions each verification takes.
pub(crate) fn print(tokens: &[Token]) {
    let folder = env::temp_dir().join(format!("hallpass-verify-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for callgrind's files");
    let within = format!("{}::measured", module_path!());
    let counted = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .args([format!("--toggle-collect={within}"), format!("--dump-after={within}")])
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(env::current_exe().expect("this program"))
        .env(COUNTING, "1")
        .status();
    if counted.is_ok_and(|status| status.success()) {
        let mut dumps = 1..;
        for token in tokens {
            println!("{}: instructions", token.name);
            for ((way, _), dump) in token.ways.iter().zip(&mut dumps) {
                println!("  {way}: {}", total(&folder.join(format!("out.{dump}"))) / TIMES);
            }
        }
    } else {
        println!("instructions are not counted: valgrind is not installed, or failed");
    }
    fs::remove_dir_all(&folder).expect("the folder of callgrind's files goes");
}

/// What callgrind counted in one of its files.
fn total(dump: &Path) -> u64 {
    let text = fs::read_to_string(dump).expect("a file of callgrind's");
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    line.and_then(|count| count.trim().parse().ok()).expect("a count in it")
}

const COUNTING: &str = "HALLPASS_COUNT_INSTRUCTIONS";

/// Enough that what is done once does not show.
const TIMES: u64 = 200;
