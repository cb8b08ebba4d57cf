//! The blog's pages: one frame, and what stands in it.

use askama::Template;
use hallpass::Account;
use hallpass::store::Session;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{DraftErrors, Post, PostPage, Viewer};

/// What stands in the frame: an HTML fragment, and a title for the browser's tab.
pub trait Content: Template {
    /// The page's title, without the blog's name.
    fn title(&self) -> &str;
}

/// The whole document of a page.
#[must_use]
pub fn document(content: &impl Content, viewer: Option<&Viewer>) -> String {
    frame(content.title(), &html(content), viewer)
}

/// A fragment of HTML in the blog's frame.
#[must_use]
pub fn frame(title: &str, main: &str, viewer: Option<&Viewer>) -> String {
    html(&Frame { title, main, viewer })
}

fn html(template: &impl Template) -> String {
    // Writing to a `String` fails only where a value's own `Display` does, and the templates print
    // text and numbers.
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        String::new()
    })
}

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'a> {
    title: &'a str,
    main: &'a str,
    viewer: Option<&'a Viewer>,
}

/// The front page.
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home<'a> {
    /// The posts on it.
    pub page: &'a PostPage,
    /// Whether it is the newest page.
    pub first: bool,
}

/// One post.
#[derive(Template)]
#[template(path = "post.html")]
pub struct PostView<'a> {
    /// The post.
    pub post: &'a Post,
    /// Whether the button that hides it shows.
    pub may_hide: bool,
}

/// The form for a new post; posts `title` and `body` to `/posts`.
#[derive(Template, Default)]
#[template(path = "new_post.html")]
pub struct NewPost<'a> {
    /// As typed before, or empty.
    pub title: &'a str,
    /// As typed before, or empty.
    pub body: &'a str,
    /// What is wrong with what was typed.
    pub errors: DraftErrors,
}

/// The profile of whoever is signed in.
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile {
    /// The account's id.
    pub id: String,
    /// The name as the person wrote it.
    pub username: String,
    /// Names of roles.
    pub roles: Vec<&'static str>,
    /// Whether a code is asked at sign-in.
    pub second_factor: bool,
    /// Where they are signed in.
    pub sessions: Vec<Session>,
    /// The session that asks.
    pub session: Option<String>,
}

/// Everyone with an account; each row posts `role` to `/admin/users/{username}/role`.
#[derive(Template)]
#[template(path = "admin.html")]
pub struct Admin {
    /// One row each.
    pub people: Vec<Person>,
    /// The names of all roles.
    pub roles: Vec<&'static str>,
    /// Whether there are more, after the last one on the page.
    pub more: bool,
}

/// One row of the people's page.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account's id.
    pub id: String,
    /// The name as the person wrote it.
    pub username: String,
    /// Names of roles.
    pub roles: Vec<String>,
    /// Whether a code is asked at sign-in.
    pub second_factor: bool,
    /// Whether the account is barred from signing in.
    pub disabled: bool,
}

impl From<&Account> for Person {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id().as_str().to_owned(),
            username: account.username().to_string(),
            roles: account.roles().to_vec(),
            second_factor: account.second_factor().is_some(),
            disabled: account.disabled(),
        }
    }
}

impl Person {
    /// Whether the list of roles shows this one as chosen.
    fn holds(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// The name as a segment of a path: a name may be of any script.
    fn path_name(&self) -> String {
        utf8_percent_encode(&self.username, NON_ALPHANUMERIC).to_string()
    }
}

impl Content for Home<'_> {
    fn title(&self) -> &str {
        "Notes from the hall"
    }
}

impl Content for PostView<'_> {
    fn title(&self) -> &str {
        &self.post.title
    }
}

impl Content for NewPost<'_> {
    fn title(&self) -> &str {
        "New post"
    }
}

impl Content for Profile {
    fn title(&self) -> &str {
        "Your profile"
    }
}

impl Content for Admin {
    fn title(&self) -> &str {
        "People"
    }
}

#[cfg(test)]
mod tests {
    use hallpass::RoleSet;

    use super::*;
    use crate::BlogRole;

    fn viewer(role: BlogRole) -> Viewer {
        Viewer { username: "<ann>".to_owned(), roles: RoleSet::from(role) }
    }

    fn post(body: &str) -> Post {
        Post {
            id: 1,
            slug: "a-post".to_owned(),
            title: "A <b>post</b>".to_owned(),
            body: body.to_owned(),
            author: "ann".to_owned(),
            published_at: 0,
        }
    }

    #[test]
    fn what_people_typed_is_escaped_wherever_it_shows() {
        let script = "<script>alert(1)</script>";
        let post = post(script);
        let page = PostPage { posts: vec![post.clone()], older_than: None };
        let viewer = viewer(BlogRole::Admin);
        for html in [
            document(&PostView { post: &post, may_hide: true }, Some(&viewer)),
            document(&Home { page: &page, first: true }, Some(&viewer)),
            document(&NewPost { title: script, body: script, ..NewPost::default() }, Some(&viewer)),
        ] {
            assert!(
                !html.contains(script) && !html.contains("<b>") && !html.contains("<ann>"),
                "{html}"
            );
            assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{html}");
        }
    }

    #[test]
    fn the_header_shows_what_a_role_may_use() {
        let page = PostPage { posts: Vec::new(), older_than: None };
        let home = |viewer: Option<&Viewer>| document(&Home { page: &page, first: true }, viewer);
        assert!(home(Some(&viewer(BlogRole::Admin))).contains("New post"));
        for html in [home(Some(&viewer(BlogRole::Moderator))), home(Some(&viewer(BlogRole::Guest)))]
        {
            assert!(
                html.contains("Signed in as")
                    && html.contains("Log out")
                    && !html.contains("New post")
            );
        }
        assert!(home(None).contains("Log in") && !home(None).contains("Log out"));
    }

    #[test]
    fn a_page_needs_neither_script_nor_inline_style() {
        let html = document(&PostView { post: &post("text"), may_hide: true }, None);
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
    }

    #[test]
    fn a_name_of_any_script_stays_one_segment_of_the_path() {
        let person = Person {
            id: "1".to_owned(),
            username: "åsa/../x?y".to_owned(),
            roles: vec!["guest".to_owned()],
            second_factor: false,
            disabled: false,
        };
        let html = document(
            &Admin { people: vec![person], roles: vec!["guest", "admin"], more: false },
            None,
        );
        assert!(html.contains("/admin/users/%C3%A5sa%2F%2E%2E%2Fx%3Fy/role"), "{html}");
        assert!(html.contains("<option selected>guest</option>"), "{html}");
    }
}
