//! A text that is kept in a file, and compared with it.

use std::{env, fs, path::Path};

/// Asserts that the file holds this text, a table of routes say.
///
/// Where the environment variable `UPDATE_SNAPSHOTS` is set the file is written instead: read the difference before it is committed. `path`
/// is taken from the directory in which the test runs, for cargo the package's own.
///
/// # Panics
/// The file is not there, or holds another text.
#[track_caller]
pub fn assert_snapshot(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        if let Err(error) = fs::write(path, text) {
            panic!("{} cannot be written: {error}", path.display());
        }
        return;
    }
    let kept = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); {MEND}\n{text}", path.display()));
    if let Some(difference) = first_difference(&kept, text) {
        panic!("{} says otherwise; {MEND}\n{difference}", path.display());
    }
}

/// The first line that differs, as it was and as it is.
fn first_difference(kept: &str, text: &str) -> Option<String> {
    let (mut before, mut now) = (kept.lines(), text.lines());
    loop {
        match (before.next(), now.next()) {
            (None, None) => return None,
            (before, now) if before == now => {}
            (before, now) => {
                return Some(format!("- {}\n+ {}", before.unwrap_or("(nothing)"), now.unwrap_or("(nothing)")));
            }
        }
    }
}

const MEND: &str = "run the test with UPDATE_SNAPSHOTS=1 to write it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").as_deref(), Some("- b\n+ c"));
        assert_eq!(first_difference("a\n", "a\nc\n").as_deref(), Some("- (nothing)\n+ c"));
        assert_eq!(first_difference("a\nb\n", "a\n").as_deref(), Some("- b\n+ (nothing)"));
    }
}
