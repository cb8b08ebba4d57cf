//! Visits to a router, in process.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use tower::ServiceExt;

/// Returns the status of a page for a request with this cookie.
pub(crate) async fn status(pages: &Router, path: &str, cookie: &str) -> u16 {
    let request = Request::get(path)
        .header(header::ACCEPT, "application/json")
        .header(header::COOKIE, cookie);
    let response = pages.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    response.status().as_u16()
}

/// Posts the form and returns the access cookie.
pub(crate) async fn cookie_of(pages: &Router, path: &str, name: &str) -> String {
    let response = pages.clone().oneshot(form(path, name)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path} of {name}");
    let cookies = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap());
    let pairs = cookies.map(|cookie| cookie.split(';').next().unwrap());
    pairs.rev().find(|pair| pair.starts_with("__Host-hallpass=")).unwrap().to_owned()
}

/// Returns the request of the login or the registration form, with the common password of the
/// tests.
pub(crate) fn form(path: &str, name: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "site.example")
        .body(Body::from(format!("username={name}&password=correct+horse+battery+staple")))
        .unwrap()
}

pub(crate) async fn log_out(pages: &Router, cookie: &str) {
    let request = Request::post("/logout")
        .header(header::HOST, "site.example")
        .header(header::COOKIE, cookie);
    let response = pages.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}
