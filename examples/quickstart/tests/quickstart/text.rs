//! The README and the crate documentation show the text of the example.

const EXAMPLE: &str = include_str!("../../src/main.rs");
const README: &str = include_str!("../../../../README.md");
const CRATE_DOC: &str = include_str!("../../../../crates/hallpass/src/lib.rs");

/// Returns the first block of Rust code under the heading.
fn block_under(heading: &str, text: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != heading);
    let block = lines.skip_while(|line| !line.starts_with("```rust")).skip(1);
    let block = block.take_while(|line| *line != "```");
    block.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_example_has_at_most_25_lines() {
    assert!(EXAMPLE.lines().count() <= 25);
}

#[test]
fn the_readme_shows_the_example() {
    assert_eq!(block_under("## 25 lines", README), EXAMPLE);
}

#[test]
fn the_crate_documentation_shows_the_example() {
    let doc = CRATE_DOC.lines().map_while(|line| line.strip_prefix("//!"));
    let doc: String =
        doc.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect();
    assert_eq!(block_under("# 25 lines", &doc), EXAMPLE);
}

#[test]
fn the_readme_shows_the_line_of_the_operator_commands() {
    assert!(README.contains(env!("QUICKSTART_COMMANDS").trim()));
}
