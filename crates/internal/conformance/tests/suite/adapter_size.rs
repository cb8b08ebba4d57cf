//! An adapter that grows has taken on a decision: hallpass-actix keeps within 700 lines of
//! production code, neither blank nor comment.

use std::{fs, path::Path};

/// 650 for what the adapter does, and 50 for `Clone` and `Debug` written by hand: the derived ones
/// would require both of the site's role enum.
const AT_MOST: usize = 700;

#[test]
fn the_actix_adapter_stays_small() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hallpass-actix/src");
    let counts: Vec<(String, usize)> = fs::read_dir(sources)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(
                path.extension(),
                Some("rs".as_ref()),
                "{path:?}: this test looks into no folder"
            );
            (path.display().to_string(), production_lines(&fs::read_to_string(&path).unwrap()))
        })
        .collect();
    let total: usize = counts.iter().map(|(_, lines)| lines).sum();
    assert!(total > 100, "no sources found: {counts:?}");
    assert!(
        total <= AT_MOST,
        "{total} lines of production code, and at most {AT_MOST} are allowed: {counts:#?}"
    );
}

/// Tests stand at the end of a file.
fn production_lines(source: &str) -> usize {
    let lines = source.lines().map(str::trim).take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn blanks_comments_and_tests_do_not_count() {
    assert_eq!(
        production_lines(
            "//! Doc.\n\nuse a;\n\nfn b() {\n    // why\n}\n#[cfg(test)]\nmod tests;\n"
        ),
        3
    );
}
