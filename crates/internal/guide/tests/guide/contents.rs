//! Checks that the table of contents lists every page and no other, and that each page has one
//! title.

use std::collections::BTreeSet;

use crate::{files, guide, links::links, read};

#[test]
fn table_of_contents_lists_every_page_and_no_other() {
    let summary = guide().join("SUMMARY.md");
    let named: BTreeSet<String> =
        links(&read(&summary)).into_iter().map(|link| link.target).collect();
    let pages = files(&guide()).into_iter().filter(|path| *path != summary);
    let there: BTreeSet<String> =
        pages.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(there.len() > 10, "{there:?}");
    assert_eq!(named, there);
}

#[test]
fn every_page_begins_with_its_only_title() {
    for page in files(&guide()) {
        let text = read(&page);
        assert!(text.starts_with("# "), "{}", page.display());
        let fenced = text.split("```").enumerate().filter(|(place, _)| place % 2 == 0);
        let titles =
            fenced.flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with("# ")).count();
        assert!(titles == 1 || page.ends_with("SUMMARY.md"), "{}: {titles} titles", page.display());
    }
}
