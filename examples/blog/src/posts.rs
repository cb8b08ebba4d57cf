//! The blog's posts: one table of its own, in the same database as hallpass's.
//!
//! SQLite and PostgreSQL read the same statements; only the table is made in two ways.

use std::time::Duration;

use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Row};

use crate::{Draft, Slug};

/// The published posts.
#[derive(Clone, Debug)]
pub struct Posts {
    pool: AnyPool,
}

/// One published post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Grows with each post; what pages of posts are cut by.
    pub id: i64,
    /// Its name in the address `/posts/{slug}`.
    pub slug: String,
    /// The headline.
    pub title: String,
    /// The text: paragraphs apart by empty lines.
    pub body: String,
    /// The user name of whoever published it.
    pub author: String,
    /// Seconds since 1970.
    pub published_at: u64,
}

impl Post {
    /// The text's paragraphs, in order.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty())
    }

    /// The opening of the first paragraph, cut between words.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let first = self.paragraphs().next().unwrap_or_default();
        let Some((end, _)) = first.char_indices().nth(EXCERPT_CHARACTERS) else {
            return first.to_owned();
        };
        let cut = &first[..end];
        let words = cut.rfind(char::is_whitespace).map_or(cut, |at| &cut[..at]);
        format!("{}…", words.trim_end_matches([',', ';', ':', ' ', '.']))
    }
}

/// A page of posts, newest first.
#[derive(Clone, Debug)]
pub struct PostPage {
    /// At most twenty.
    pub posts: Vec<Post>,
    /// What to ask [`Posts::page`] for the next, older page; `None` on the last.
    pub older_than: Option<i64>,
}

/// What came of hiding a post.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hide {
    /// It no longer shows. Hiding it again says the same.
    Hidden,
    /// No post has this slug.
    NotFound,
}

impl Posts {
    /// The posts in this database, which is there; makes the table where it is missing.
    ///
    /// On connections of their own: hallpass's store does not lend its.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let pool =
            AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(CONNECTION_WAIT);
        let pool = pool.connect(url).await?;
        let table = if url.starts_with("sqlite:") { SQLITE_TABLE } else { POSTGRES_TABLE };
        sqlx::raw_sql(table).execute(&pool).await?;
        Ok(Self { pool })
    }

    /// Publishes a draft under a slug of its own, whatever other titles say.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish(&self, draft: &Draft, author: &str, at: u64) -> Result<Slug, sqlx::Error> {
        let wish = Slug::of_title(draft.title());
        let mut n = 1;
        loop {
            let slug = wish.choice(n);
            n += 1;
            // The unique index decides, so two writers with one title cannot meet.
            if !slug.is_reserved() && self.insert(&slug, draft, author, at).await? == 1 {
                return Ok(slug);
            }
        }
    }

    async fn insert(
        &self,
        slug: &Slug,
        draft: &Draft,
        author: &str,
        at: u64,
    ) -> Result<u64, sqlx::Error> {
        sqlx::query(
            "INSERT INTO blog_posts (slug, title, body, author, published_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (slug) DO NOTHING",
        )
        .bind(slug.as_str())
        .bind(draft.title())
        .bind(draft.body())
        .bind(author)
        .bind(i64::try_from(at).unwrap_or(i64::MAX))
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
    }

    /// The newest posts that are not hidden; with `older_than`, those before that post.
    ///
    /// # Errors
    /// The database's.
    pub async fn page(&self, older_than: Option<i64>) -> Result<PostPage, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, slug, title, body, author, published_at FROM blog_posts \
             WHERE NOT hidden AND id < $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(older_than.unwrap_or(i64::MAX))
        .bind(PAGE + 1)
        .fetch_all(&self.pool)
        .await?;
        let mut posts = rows.iter().map(post).collect::<Result<Vec<_>, _>>()?;
        let more = posts.len() > PAGE as usize;
        posts.truncate(PAGE as usize);
        let older_than = posts.last().filter(|_| more).map(|post| post.id);
        Ok(PostPage { posts, older_than })
    }

    /// The post of this slug, unless it is hidden.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Post>, sqlx::Error> {
        // PostgreSQL has no text with this character, and refuses to look for one.
        if slug.contains('\0') {
            return Ok(None);
        }
        sqlx::query(
            "SELECT id, slug, title, body, author, published_at FROM blog_posts \
             WHERE NOT hidden AND slug = $1",
        )
        .bind(slug)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(post)
        .transpose()
    }

    /// Hides the post of this slug.
    ///
    /// # Errors
    /// The database's.
    pub async fn hide(&self, slug: &str) -> Result<Hide, sqlx::Error> {
        if slug.contains('\0') {
            return Ok(Hide::NotFound);
        }
        let done = sqlx::query("UPDATE blog_posts SET hidden = TRUE WHERE slug = $1")
            .bind(slug)
            .execute(&self.pool)
            .await?;
        Ok(match done.rows_affected() {
            0 => Hide::NotFound,
            _ => Hide::Hidden,
        })
    }
}

fn post(row: &AnyRow) -> Result<Post, sqlx::Error> {
    Ok(Post {
        id: row.try_get("id")?,
        slug: row.try_get("slug")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        author: row.try_get("author")?,
        published_at: u64::try_from(row.try_get::<i64, _>("published_at")?).unwrap_or(0),
    })
}

const SQLITE_TABLE: &str = "CREATE TABLE IF NOT EXISTS blog_posts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    slug         TEXT    NOT NULL UNIQUE,
    title        TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    published_at INTEGER NOT NULL,
    hidden       INTEGER NOT NULL DEFAULT 0
) STRICT";
/// The lock, because of two servers that start together and make one table, PostgreSQL lets one
/// fail.
const POSTGRES_TABLE: &str = "BEGIN; SELECT pg_advisory_xact_lock(73048230199);
CREATE TABLE IF NOT EXISTS blog_posts (
    id           BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug         TEXT    NOT NULL UNIQUE,
    title        TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    published_at BIGINT  NOT NULL,
    hidden       BOOLEAN NOT NULL DEFAULT FALSE
); COMMIT";
/// Readers of posts at the same moment; one more waits for a few microseconds.
const CONNECTIONS: u32 = 4;
/// A page that cannot be had within this time is refused, so that a person may try again.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// Posts on one page.
const PAGE: i64 = 20;
/// About three lines on the front page.
const EXCERPT_CHARACTERS: usize = 240;

#[cfg(test)]
mod tests;
