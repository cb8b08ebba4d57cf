//! The part of an OpenAPI document that describes hallpass: the place of the token, and the
//! requirement of each route (feature `utoipa`).
//!
//! The schemes come from the settings of the authenticator, and the requirements from the same
//! [`RouteTable`] that the guards fill. Roles are in the place that OpenAPI 3.1 defines for them
//! ("Security Requirement Object": for a scheme other than OAuth 2.0 the list may name the required
//! roles). All roles of one alternative are required, and one alternative is sufficient. OpenAPI
//! has no field for a second factor and for a recent login. They are the extensions
//! `x-required-second-factor` and `x-required-sign-in-within-seconds`, and a sentence at the 403
//! response.

use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, ObjectBuilder, OpenApi, Ref, Response, ResponseBuilder,
    Type,
    extensions::ExtensionsBuilder,
    path::{Operation, PathItem},
    security::{
        ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
    },
};

use crate::{
    access::{requirement::Requirement, route_table::RouteTable},
    request::{authenticator::RequestAuthenticator, cookie_settings::CookieSettings},
    token::role::Role,
};

/// The security part of the OpenAPI document of an API.
///
/// ```
/// use hallpass_core::{ApiSecurity, CookieSettings, Requirement, Role, RouteTable};
/// use utoipa::openapi::{
///     HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, PathsBuilder, path::OperationBuilder,
/// };
///
/// #[derive(Role)]
/// enum SiteRole {
///     Guest,
///     Admin,
/// }
///
/// let reports = PathItem::new(HttpMethod::Get, OperationBuilder::new());
/// let info = InfoBuilder::new().title("Reports").version("1").build();
/// let mut api = OpenApiBuilder::new()
///     .info(info)
///     .paths(PathsBuilder::new().path("/reports/{id}", reports))
///     .build();
///
/// let mut table = RouteTable::new();
/// table.state("/reports/{id}", Requirement::all_of([SiteRole::Admin]));
/// ApiSecurity::new(&CookieSettings::default()).describe(&mut api, &table);
///
/// let json = api.to_json()?;
/// assert!(
///     json.contains(r#""type":"apiKey","in":"cookie","name":"__Host-hallpass""#),
///     "{json}"
/// );
/// assert!(json.contains(r#""security":[{"hallpass":["admin"]}]"#), "{json}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiSecurity {
    access_name: String,
    bearer: bool,
}

impl ApiSecurity {
    /// Creates the description for a site whose token is in the cookie of these settings.
    pub fn new(cookies: &CookieSettings) -> Self {
        Self { access_name: cookies.access_name().to_owned(), bearer: false }
    }

    /// Adds `Authorization: Bearer` as a second place of the token. Defaults to the cookie alone.
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.bearer = true;
        self
    }

    /// Writes the security schemes into the document, and applies [`state`](Self::state) to each
    /// route of the table that the document has.
    pub fn describe(&self, api: &mut OpenApi, table: &RouteTable) {
        self.declare(api);
        for (route, asks) in table.rows() {
            if let Some(item) = api.paths.paths.get_mut(&template(route)) {
                operations(item).for_each(|operation| self.state(operation, asks));
            }
        }
    }

    /// Writes the requirement of one operation: its security, and the responses to a rejected
    /// request as problem+json. A response that the operation already has is kept.
    pub fn state(&self, operation: &mut Operation, asks: &Requirement) {
        let alternatives = if asks.is_open() { Vec::new() } else { asks.enough() };
        let with = |scheme: &'static str| {
            alternatives
                .iter()
                .map(move |roles| SecurityRequirement::new(scheme, roles.iter().copied()))
        };
        operation.security =
            Some(with(COOKIE).chain(with(BEARER).filter(|_| self.bearer)).collect());
        if asks.is_open() {
            return;
        }
        let answers = &mut operation.responses.responses;
        answers
            .entry("401".to_owned())
            .or_insert_with(|| Ref::from_response_name(SIGNED_OUT).into());
        if !asks.is_login() {
            answers.entry("403".to_owned()).or_insert_with(|| {
                Self::problem(&format!("The caller does not meet the requirement: {asks}.")).into()
            });
        }
        let mut extensions = ExtensionsBuilder::new();
        if asks.asks_second_factor() {
            extensions = extensions.add("x-required-second-factor", true);
        }
        if let Some(within) = asks.asks_recent() {
            extensions = extensions.add("x-required-sign-in-within-seconds", within.as_secs());
        }
        operation.extensions.get_or_insert_default().merge(extensions.build());
    }

    /// Returns a response in the form of a rejection (RFC 9457), for a rejection by the site
    /// itself. [`describe`](Self::describe) writes its schema.
    pub fn problem(description: &str) -> Response {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build()
    }

    fn declare(&self, api: &mut OpenApi) {
        let mut components =
            api.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
        let cookie = ApiKeyValue::with_description(
            self.access_name.as_str(),
            "The cookie that the login sets.",
        );
        components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        if self.bearer {
            let bearer =
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
            components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        }
        let signed_out = Self::problem(
            "Not logged in. A browser that navigates is redirected to the login page with 303 instead.",
        );
        components.responses.insert(SIGNED_OUT.to_owned(), signed_out.into());
        let member =
            |kind, says: &str| ObjectBuilder::new().schema_type(kind).description(Some(says));
        let schema = ObjectBuilder::new()
            .property(
                "type",
                member(Type::String, "urn:hallpass:problem: and the kind of the rejection"),
            )
            .property("title", member(Type::String, "a heading"))
            .property("status", member(Type::Integer, "the status"))
            .property("detail", member(Type::String, "what to do about it"));
        let schema =
            ["type", "title", "status", "detail"].into_iter().fold(schema, ObjectBuilder::required);
        components.schemas.insert(PROBLEM.to_owned(), schema.into());
        api.components = Some(components);
    }
}

impl<R: Role> RequestAuthenticator<R> {
    /// Returns the security of the API behind this authenticator, for its OpenAPI document.
    pub fn api_security(&self) -> ApiSecurity {
        ApiSecurity { access_name: self.access_name().to_owned(), bearer: self.accepts_bearer() }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        options,
        head,
        patch,
        trace,
        query,
        additional_operations,
        ..
    } = item;
    let named = [get, put, post, delete, options, head, patch, trace, query];
    named.into_iter().filter_map(Option::as_mut).chain(additional_operations.values_mut())
}

/// Returns a route in the form of OpenAPI: without the star of axum's wildcards and the patterns of
/// actix-web's parameters.
fn template(route: &str) -> String {
    let (mut path, mut depth, mut in_pattern) = (String::new(), 0, false);
    for character in route.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        in_pattern = depth > 0 && (in_pattern || (depth == 1 && character == ':'));
        let is_star = character == '*' && depth == 1 && path.ends_with('{');
        if !in_pattern && !is_star {
            path.push(character);
        }
    }
    path
}

const COOKIE: &str = "hallpass";
const BEARER: &str = "hallpass-bearer";
const PROBLEM: &str = "HallpassProblem";
const SIGNED_OUT: &str = "HallpassSignedOut";

#[cfg(test)]
mod tests;
