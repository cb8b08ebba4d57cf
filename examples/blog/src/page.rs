//! The blog's pages: the frame, and the content of each page.

use std::any::Any;

use askama::Template;
use hallpass::Account;
use hallpass::store::Session;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{DraftErrors, Post, PostPage, Viewer, filters};

/// The content of a page: an HTML fragment, and a title for the browser's tab.
pub trait Content: Template {
    /// Returns the page's title, without the blog's name.
    fn title(&self) -> &str;
}

/// Renders the whole document of a page. `prefix` is the path below which the blog is reached.
#[must_use]
pub fn document(content: &impl Content, viewer: Option<&Viewer>, prefix: &str) -> String {
    frame(content.title(), &html(content, prefix), viewer, prefix)
}

/// Renders a fragment of HTML in the blog's frame.
#[must_use]
pub fn frame(title: &str, main: &str, viewer: Option<&Viewer>, prefix: &str) -> String {
    html(&Frame { title, main, viewer }, prefix)
}

fn html(template: &impl Template, prefix: &str) -> String {
    // Writing to a `String` fails only if the `Display` of a value fails, and the templates print
    // only text and numbers. The filter `here` reads this value.
    let prefix = prefix.to_owned();
    let values = (filters::PREFIX, &prefix as &dyn Any);
    template.render_with_values(&values).unwrap_or_else(|error| {
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
    /// The posts of the page.
    pub page: &'a PostPage,
    /// Whether the page has the newest posts.
    pub first: bool,
}

/// One post.
#[derive(Template)]
#[template(path = "post.html")]
pub struct PostView<'a> {
    /// The post.
    pub post: &'a Post,
    /// Whether the page shows the button that hides the post.
    pub may_hide: bool,
}

/// The form for a new post. It sends `title` and `body` to `POST /posts`.
#[derive(Template, Default)]
#[template(path = "new_post.html")]
pub struct NewPost<'a> {
    /// The title that was entered before, or an empty text.
    pub title: &'a str,
    /// The body that was entered before, or an empty text.
    pub body: &'a str,
    /// The faults of the title and the body.
    pub errors: DraftErrors,
}

/// The profile of the person who is logged in.
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile {
    /// The account's id.
    pub id: String,
    /// The user name as the person entered it.
    pub username: String,
    /// The names of the account's roles.
    pub roles: Vec<&'static str>,
    /// Whether a login requires a code.
    pub second_factor: bool,
    /// The account's sessions.
    pub sessions: Vec<Session>,
    /// The id of the session of this request.
    pub session: Option<String>,
}

/// The people page. The form of each row sends `role` to `POST /admin/users/{username}/role`.
#[derive(Template)]
#[template(path = "admin.html")]
pub struct Admin {
    /// The accounts, one per row.
    pub people: Vec<Person>,
    /// The names of all roles.
    pub roles: Vec<&'static str>,
    /// Whether there are more accounts after the last account of the page.
    pub more: bool,
}

/// One row of the people page.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account's id.
    pub id: String,
    /// The user name as the person entered it.
    pub username: String,
    /// The names of the account's roles.
    pub roles: Vec<String>,
    /// Whether a login requires a code.
    pub second_factor: bool,
    /// Whether the account is disabled.
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
    /// Whether the account has this role, which the form then shows as selected.
    fn holds(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// Returns the percent-encoded name, as a segment of a path. A name may have letters of any
    /// script.
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
    fn pages_escape_user_input() {
        let script = "<script>alert(1)</script>";
        let post = post(script);
        let page = PostPage { posts: vec![post.clone()], older_than: None };
        let viewer = viewer(BlogRole::Admin);
        for html in [
            document(&PostView { post: &post, may_hide: true }, Some(&viewer), ""),
            document(&Home { page: &page, first: true }, Some(&viewer), ""),
            document(
                &NewPost { title: script, body: script, ..NewPost::default() },
                Some(&viewer),
                "",
            ),
        ] {
            assert!(
                !html.contains(script) && !html.contains("<b>") && !html.contains("<ann>"),
                "{html}"
            );
            assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{html}");
        }
    }

    #[test]
    fn every_link_and_form_has_the_prefix() {
        let viewer = viewer(BlogRole::Admin);
        let one = post("text");
        let page = PostPage { posts: vec![one.clone()], older_than: Some(7) };
        let admin = Admin { people: vec![person()], roles: vec!["guest"], more: true };
        let profile = Profile {
            id: "1".to_owned(),
            username: "ann".to_owned(),
            roles: vec!["guest"],
            second_factor: false,
            sessions: Vec::new(),
            session: None,
        };
        let mut links = 0;
        for viewer in [None, Some(&viewer)] {
            for html in [
                document(&Home { page: &page, first: true }, viewer, "/app"),
                document(&PostView { post: &one, may_hide: true }, viewer, "/app"),
                document(&NewPost::default(), viewer, "/app"),
                document(&admin, viewer, "/app"),
                document(&profile, viewer, "/app"),
                document(&crate::Notice::not_found(), viewer, "/app"),
            ] {
                for attribute in [" href=\"", " src=\"", " action=\""] {
                    for link in html.split(attribute).skip(1) {
                        links += 1;
                        let own = link.starts_with("/app/") || link.starts_with("#main\"");
                        assert!(own, "{}", &link[..link.len().min(40)]);
                    }
                }
            }
        }
        assert!(links > 60, "{links} links");
    }

    fn person() -> Person {
        Person {
            id: "1".to_owned(),
            username: "åsa/../x?y".to_owned(),
            roles: vec!["guest".to_owned()],
            second_factor: false,
            disabled: false,
        }
    }

    #[test]
    fn the_header_shows_the_links_of_a_role() {
        let page = PostPage { posts: Vec::new(), older_than: None };
        let home =
            |viewer: Option<&Viewer>| document(&Home { page: &page, first: true }, viewer, "");
        assert!(home(Some(&viewer(BlogRole::Admin))).contains("New post"));
        for html in [home(Some(&viewer(BlogRole::Moderator))), home(Some(&viewer(BlogRole::Guest)))]
        {
            assert!(
                html.contains("Logged in as")
                    && html.contains("Log out")
                    && !html.contains("New post")
            );
        }
        assert!(home(None).contains("Log in") && !home(None).contains("Log out"));
    }

    #[test]
    fn pages_have_no_inline_script_or_style() {
        let html = document(&PostView { post: &post("text"), may_hide: true }, None, "");
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"));
    }

    #[test]
    fn a_user_name_is_percent_encoded_as_one_path_segment() {
        let html = document(
            &Admin { people: vec![person()], roles: vec!["guest", "admin"], more: false },
            None,
            "/app",
        );
        assert!(html.contains("=\"/app/admin/users/%C3%A5sa%2F%2E%2E%2Fx%3Fy/role\""), "{html}");
        assert!(html.contains("<option selected>guest</option>"), "{html}");
    }
}
