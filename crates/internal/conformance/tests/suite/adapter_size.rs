//! Checks that hallpass-actix has at most 870 lines of production code, without blank lines and
//! comments. A larger adapter probably contains a decision that belongs to another crate.

use std::{fs, path::Path};

/// Maximum number of lines: 650 for the adapter, 50 for manual implementations of `Clone` and
/// `Debug`, 50 for the spelling of a path before actix-web selects a route, 50 for the layer of the
/// security headers, 50 for bodies that do not arrive and for events of rejections, and 20 for the
/// origin check of the outer middleware. Derived implementations would require both traits of the
/// site's role enum.
const AT_MOST: usize = 870;

#[test]
fn actix_adapter_has_at_most_870_lines() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hallpass-actix/src");
    let counts: Vec<(String, usize)> = fs::read_dir(sources)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(
                path.extension(),
                Some("rs".as_ref()),
                "{path:?}: this test reads no subfolders: extend it"
            );
            (path.display().to_string(), production_lines(&fs::read_to_string(&path).unwrap()))
        })
        .collect();
    let total: usize = counts.iter().map(|(_, lines)| lines).sum();
    assert!(total > 100, "no sources found: {counts:?}");
    assert!(
        total <= AT_MOST,
        "{total} lines of production code, at most {AT_MOST} are allowed: {counts:#?}"
    );
}

/// Counts the lines up to the tests, which are at the end of a file.
fn production_lines(source: &str) -> usize {
    let lines = source.lines().map(str::trim).take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn blank_lines_comments_and_tests_are_not_counted() {
    assert_eq!(
        production_lines(
            "//! Doc.\n\nuse a;\n\nfn b() {\n    // why\n}\n#[cfg(test)]\nmod tests;\n"
        ),
        3
    );
}
