//! The blog's posts, in a table of the database that hallpass also uses.
//!
//! SQLite and PostgreSQL run the same statements, except the one that creates the table.

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
    /// The id, which grows with each post. Pages of posts are delimited by it.
    pub id: i64,
    /// The name in the address `/posts/{slug}`.
    pub slug: String,
    /// The headline.
    pub title: String,
    /// The text. Empty lines separate its paragraphs.
    pub body: String,
    /// The user name of the author.
    pub author: String,
    /// The time of publication, in seconds since 1970.
    pub published_at: u64,
}

impl Post {
    /// Returns the text's paragraphs, in order.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty())
    }

    /// Returns the start of the first paragraph, cut between words.
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
    /// At most 20 posts.
    pub posts: Vec<Post>,
    /// The argument of [`Posts::page`] for the next, older page. `None` on the last page.
    pub older_than: Option<i64>,
}

/// The result of hiding a post.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hide {
    /// The post is hidden, also if it was hidden before.
    Hidden,
    /// No post has this slug.
    NotFound,
}

impl Posts {
    /// Opens the posts in an existing database, and creates the table if it does not exist.
    ///
    /// The posts have their own connections, because hallpass's store does not share its
    /// connections.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let pool =
            AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(CONNECTION_WAIT);
        let pool = pool.connect(url).await?;
        let table = if url.starts_with("sqlite:") { SQLITE_TABLE } else { POSTGRES_TABLE };
        sqlx::raw_sql(table).execute(&pool).await?;
        Ok(Self { pool })
    }

    /// Publishes a draft and returns its slug, which no other post has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn publish(&self, draft: &Draft, author: &str, at: u64) -> Result<Slug, sqlx::Error> {
        let wish = Slug::of_title(draft.title());
        let mut n = 1;
        loop {
            let slug = wish.choice(n);
            n += 1;
            // The unique index prevents that two concurrent writers get the same slug.
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

    /// Returns the newest posts that are not hidden. With `older_than`, returns the posts before
    /// the post with this id.
    ///
    /// # Errors
    /// If the database fails.
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

    /// Returns the post with this slug, unless the post is hidden.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Post>, sqlx::Error> {
        // PostgreSQL does not allow this character in text, and returns an error for it.
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

    /// Hides the post with this slug.
    ///
    /// # Errors
    /// If the database fails.
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
/// Takes a lock first: if two servers create the table at the same time, PostgreSQL returns an
/// error to one of them.
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
/// Maximum number of connections. A query that finds no free connection waits for one.
const CONNECTIONS: u32 = 4;
/// Maximum time that a query waits for a connection. After it the request fails with 503.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// Posts per page.
const PAGE: i64 = 20;
/// Maximum length of an excerpt, in characters: about three lines on the front page.
const EXCERPT_CHARACTERS: usize = 240;

#[cfg(test)]
mod tests;
