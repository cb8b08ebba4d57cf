//! Visits to a router, in process.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
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

/// The cookies of a browser, by name.
#[derive(Default)]
pub(crate) struct Jar(BTreeMap<String, String>);

impl Jar {
    pub(crate) fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Deletes the cookies of the session. The browser is known as before.
    pub(crate) fn end_session(&mut self) {
        self.0.remove("__Host-hallpass");
        self.0.remove("__Host-hallpass_refresh");
    }

    pub(crate) fn keep<'s>(&mut self, set: impl Iterator<Item = &'s str>) {
        for cookie in set {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Posts the form, or requests the page without a form, as a JSON client. Returns the status and
/// the body.
pub(crate) async fn send(
    site: &Router,
    jar: &mut Jar,
    path: &str,
    form: Option<&str>,
) -> (u16, String) {
    let request = if form.is_some() { Request::post(path) } else { Request::get(path) }
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "site.example")
        .header(header::COOKIE, jar.header());
    let request = request.body(Body::from(form.unwrap_or_default().to_owned())).unwrap();
    let response = site.clone().oneshot(request).await.unwrap();
    jar.keep(
        response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|cookie| cookie.to_str().unwrap()),
    );
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}
