//! Cookies of one name that a browser sends twice, after a change of the cookies' `Domain`.
//!
//! A request with two cookies of one name has no caller, because it is not known which of them an
//! attacker has set. Without this module a login would set one of the two, and the person would be
//! sent to the login for ever. So a response that sets or removes a cookie of the site also removes
//! those of the same name with another known `Domain`, and the login page names the reason and
//! removes all of them. Tested with the jar of a browser in `tests/endpoint/duplicate_cookies.rs`.

use hallpass_core::{CookieSettings, cookie_values};

use crate::{request::EndpointRequest, response::EndpointResponse};

/// Returns the names of the cookies that hold tokens.
fn names(cookies: &CookieSettings) -> [&str; 3] {
    [cookies.access_name(), cookies.refresh_name(), cookies.pending_name()]
}

fn sent(request: &EndpointRequest, name: &str) -> usize {
    cookie_values(request.lines("cookie"), name).count()
}

/// Returns whether the request has two cookies of one name.
pub(crate) fn are_in(request: &EndpointRequest, cookies: &CookieSettings) -> bool {
    names(cookies).into_iter().any(|name| sent(request, name) > 1)
}

/// Removes the cookies that the request has twice.
pub(crate) fn remove(
    response: EndpointResponse,
    request: &EndpointRequest,
    cookies: &CookieSettings,
) -> EndpointResponse {
    let twice = names(cookies).into_iter().filter(|name| sent(request, name) > 1);
    twice.fold(response, |response, name| response.with_cookie(cookies.remove_named(name)))
}

/// Adds the removal of the cookies with another `Domain`, for each cookie that the request has and
/// that the response sets or removes. The removals come first.
pub(crate) fn remove_variants(
    mut response: EndpointResponse,
    request: &EndpointRequest,
    cookies: &CookieSettings,
) -> EndpointResponse {
    let is_set =
        |name: &str| response.set_cookies().any(|line| line.split('=').next() == Some(name));
    let removed: Vec<String> = names(cookies)
        .into_iter()
        .filter(|name| sent(request, name) > 0 && is_set(name))
        .flat_map(|name| cookies.remove_variants(name))
        .collect();
    response.headers.splice(..0, removed.into_iter().map(|cookie| ("set-cookie", cookie)));
    response
}
