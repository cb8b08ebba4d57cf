use std::path::PathBuf;

use super::*;

/// Opens posts in a SQLite file that no other test uses.
async fn posts(name: &str) -> (Posts, PathBuf) {
    let file = std::env::temp_dir().join(format!("blog-posts-{name}-{}.db", std::process::id()));
    let url = format!("sqlite://{}?mode=rwc", file.display());
    (Posts::open(&url).await.unwrap(), file)
}

fn draft(title: &str) -> Draft {
    Draft::parse(title, "One.\n\nTwo.").unwrap()
}

#[tokio::test]
async fn a_post_is_found_by_its_slug_until_it_is_hidden() {
    let (posts, file) = posts("hide").await;
    let slug = posts.publish(&draft("First words"), "ann", 7).await.unwrap();
    let post = posts.by_slug(slug.as_str()).await.unwrap().unwrap();
    assert_eq!((post.author.as_str(), post.published_at), ("ann", 7));
    assert_eq!(post.paragraphs().collect::<Vec<_>>(), ["One.", "Two."]);

    assert_eq!(posts.hide("no-such").await.unwrap(), Hide::NotFound);
    assert_eq!(posts.hide(slug.as_str()).await.unwrap(), Hide::Hidden);
    assert_eq!(posts.hide(slug.as_str()).await.unwrap(), Hide::Hidden);
    assert_eq!(posts.by_slug(slug.as_str()).await.unwrap(), None);
    assert!(posts.page(None).await.unwrap().posts.is_empty());
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn concurrent_writers_get_unique_slugs() {
    let (posts, file) = posts("unique").await;
    let writers: Vec<_> = (0..16)
        .map(|n| {
            let posts = posts.clone();
            tokio::spawn(async move { posts.publish(&draft("New"), "ann", n).await.unwrap() })
        })
        .collect();
    let mut slugs = Vec::new();
    for writer in writers {
        slugs.push(writer.await.unwrap().to_string());
    }
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 16);
    assert!(!slugs.contains(&"new".to_owned()), "`/posts/new` is the form");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn pages_have_20_posts_and_link_to_older_posts() {
    let (posts, file) = posts("pages").await;
    for n in 0..41 {
        posts.publish(&draft(&format!("Post {n}")), "ann", n).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut older_than = None;
    loop {
        let page = posts.page(older_than).await.unwrap();
        seen.extend(page.posts.iter().map(|post| post.published_at));
        older_than = page.older_than;
        if older_than.is_none() {
            break;
        }
        assert_eq!(page.posts.len(), 20);
    }
    assert_eq!(seen, (0..41).rev().collect::<Vec<_>>());
    std::fs::remove_file(file).unwrap();
}

#[test]
fn an_excerpt_ends_between_words() {
    let post = |body: &str| Post {
        id: 1,
        slug: String::new(),
        title: String::new(),
        body: body.to_owned(),
        author: String::new(),
        published_at: 0,
    };
    assert_eq!(post("Short.\n\nSecond.").excerpt(), "Short.");
    let long = post(&"wörd ".repeat(100)).excerpt();
    assert!(long.ends_with("wörd…") && long.chars().count() <= 241, "{long}");
    assert_eq!(post(&"x".repeat(500)).excerpt().chars().count(), 241);
}
