//! Checks that the target of every relative link exists, in the guide, the other documents and the
//! READMEs.

use std::path::{Path, PathBuf};

use crate::{files, guide, read, root};

pub(crate) struct Link {
    pub(crate) target: String,
    heading: Option<String>,
}

/// Returns the links of a page, without links to other sites and without code blocks.
pub(crate) fn links(text: &str) -> Vec<Link> {
    let prose: String = text.split("```").step_by(2).collect();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let here = targets.filter(|target| !target.contains("://") && !target.contains(' '));
    here.map(|target| match target.split_once('#') {
        Some((file, heading)) => {
            Link { target: file.to_owned(), heading: Some(heading.to_owned()) }
        }
        None => Link { target: target.to_owned(), heading: None },
    })
    .collect()
}

/// Returns the anchor that mdBook and GitHub generate for a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars();
    let kept =
        kept.filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
    kept.map(|character| if character == ' ' { '-' } else { character })
        .collect::<String>()
        .to_lowercase()
}

fn pages() -> Vec<PathBuf> {
    let root = root();
    let mut pages = files(&guide());
    for directory in ["docs", ".github", ""] {
        pages.extend(
            files(&root.join(directory))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|kind| kind == "md")),
        );
    }
    for group in ["crates", "examples"] {
        let packages =
            std::fs::read_dir(root.join(group)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(
            packages.map(|package| package.join("README.md")).filter(|readme| readme.exists()),
        );
    }
    pages
}

#[test]
fn every_relative_link_has_an_existing_target() {
    let mut seen = 0;
    for page in pages() {
        for link in links(&read(&page)) {
            let directory = page.parent().unwrap();
            let target =
                if link.target.is_empty() { page.clone() } else { directory.join(&link.target) };
            assert!(target.exists(), "{}: {} does not exist", page.display(), link.target);
            if let Some(heading) = link.heading {
                assert!(
                    has_heading(&target, &heading),
                    "{}: the heading {}#{heading} does not exist",
                    page.display(),
                    link.target
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} links");
}

fn has_heading(page: &Path, heading: &str) -> bool {
    read(page).lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
}

#[test]
fn links_and_headings_are_parsed() {
    let found = links("[a](b.md) [c](https://site.example/d.md) ```\n[e](f.md)\n``` [g](h.md#i-j)");
    let found: Vec<_> = found.into_iter().map(|link| (link.target, link.heading)).collect();
    assert_eq!(found, [("b.md".to_owned(), None), ("h.md".to_owned(), Some("i-j".to_owned()))]);
    assert_eq!(anchor("## Every route, under `every` role"), "every-route-under-every-role");
    assert!(!has_heading(&guide().join("testing.md"), "no-such-heading"));
}
