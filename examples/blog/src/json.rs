//! The data of the blog's pages as JSON, for clients that prefer JSON.

use serde_json::{Value, json};

use crate::{Admin, Content, Home, Post, PostView, Profile, rfc3339};

/// A page whose data is also available as JSON.
pub trait Data: Content {
    /// Returns the data of the page. `prefix` is the path below which the blog is reached.
    fn json(&self, prefix: &str) -> Value;
}

impl Data for Home<'_> {
    fn json(&self, prefix: &str) -> Value {
        json!({
            "posts": self.page.posts.iter().map(summary).collect::<Vec<_>>(),
            "older": self.page.older_than.map(|id| format!("{prefix}/?before={id}")),
        })
    }
}

impl Data for PostView<'_> {
    fn json(&self, _: &str) -> Value {
        let mut json = summary(self.post);
        json["body"] = self.post.body.clone().into();
        json
    }
}

impl Data for Profile {
    fn json(&self, _: &str) -> Value {
        let sessions = self.sessions.iter().map(|session| {
            json!({
                "id": session.id.to_string(),
                "device": session.device,
                "created_at": session.created.as_secs(),
                "renewed_at": session.refreshed.as_secs(),
                "current": self.session.as_ref() == Some(&session.id.to_string()),
            })
        });
        json!({
            "id": self.id,
            "username": self.username,
            "roles": self.roles,
            "second_factor": self.second_factor,
            "sessions": sessions.collect::<Vec<_>>(),
        })
    }
}

impl Data for Admin {
    fn json(&self, _: &str) -> Value {
        let users = self.people.iter().map(|person| {
            json!({
                "id": person.id,
                "username": person.username,
                "roles": person.roles,
                "second_factor": person.second_factor,
                "disabled": person.disabled,
            })
        });
        json!({"users": users.collect::<Vec<_>>()})
    }
}

fn summary(post: &Post) -> Value {
    json!({
        "slug": post.slug,
        "title": post.title,
        "author": post.author,
        "published_at": rfc3339(post.published_at),
    })
}
