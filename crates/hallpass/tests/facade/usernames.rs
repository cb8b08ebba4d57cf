//! E-mail addresses as user names: the responses of the login and of the registration.

use axum::http::header;
use hallpass::store::Usernames;
use hallpass::{Clock, Hallpass, keys::KeyRing};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    hands::Hands,
    site::{SiteRole, pages},
    users::Users,
    visit::{cookie_of, form},
};

/// Returns the status and the body, as JSON and as a page.
async fn answers(pages: &axum::Router, path: &str, name: &str) -> [(u16, String); 2] {
    let mut answers = Vec::new();
    for accept in ["application/json", "text/html"] {
        let mut request = form(path, name);
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        let response = pages.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        answers.push((status, String::from_utf8(body.to_vec()).unwrap()));
    }
    answers.try_into().unwrap()
}

async fn site(users: &Users, usernames: Option<Usernames>) -> axum::Router {
    let clock = Hands::new();
    let builder = Hallpass::<SiteRole>::builder(users.clone())
        .keys(KeyRing::generate_hs256(hallpass_test_support::random::bytes(1), clock.now()))
        .clock(clock)
        .registration();
    let builder = match usernames {
        Some(usernames) => builder.usernames(usernames),
        None => builder,
    };
    pages(&builder.start().await.unwrap())
}

const ADDRESS: &str = "Ada%40Site.example";

/// The response to a login is the same for every cause. The page adds a hint on the kind of name,
/// which depends on the typed text alone.
async fn assert_login_hints(pages: &axum::Router, name: &str, hint: &str) {
    let [(json, problem), (page, body)] = answers(pages, "/login", name).await;
    assert_eq!((json, page), (401, 401), "{problem} {body}");
    let text = "Invalid username, password or code";
    assert!(problem.contains(text) && !problem.contains(hint), "{problem}");
    assert!(body.contains(text) && body.contains(hint), "{body}");
}

#[tokio::test]
async fn an_address_is_rejected_with_its_reason_by_default() {
    let users = Users::default();
    for usernames in [None, Some(Usernames::Name)] {
        let pages = site(&users, usernames).await;
        for (status, body) in answers(&pages, "/register", ADDRESS).await {
            assert_eq!(status, 422, "{body}");
            assert!(body.contains("Enter your user name"), "{body}");
        }
        assert_login_hints(&pages, ADDRESS, "Enter your user name").await;
    }
    assert_eq!(users.calls(), 0, "no account was looked up");
}

#[tokio::test]
async fn an_address_is_a_name_where_the_site_allows_it() {
    let users = Users::default();
    let pages = site(&users, Some(Usernames::Email)).await;
    cookie_of(&pages, "/register", ADDRESS).await;
    cookie_of(&pages, "/login", "ada%40site.EXAMPLE").await;
    for (status, body) in answers(&pages, "/register", "ada").await {
        assert_eq!(status, 422, "{body}");
        assert!(body.contains("Enter your e-mail address"), "{body}");
    }
    assert_login_hints(&pages, "ada", "Enter your e-mail address").await;
    for path in ["/login", "/register"] {
        let [_, (_, page)] = answers(&pages, path, "ada").await;
        assert!(page.contains(">E-mail address</label>"), "{path}: {page}");
    }
    let [(status, body), _] = answers(&pages, "/register", "ada%40site%40example").await;
    assert!(status == 422 && body.contains("not a valid e-mail address"), "{body}");
    // A wrong password and an unknown address cannot be told apart.
    let [(status, body), _] = answers(&pages, "/login", "nobody%40site.example").await;
    assert_eq!(status, 401, "{body}");

    let pages = site(&users, Some(Usernames::NameOrEmail)).await;
    cookie_of(&pages, "/register", "bob").await;
    cookie_of(&pages, "/login", ADDRESS).await;
}
