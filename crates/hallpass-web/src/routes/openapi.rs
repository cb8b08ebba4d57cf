//! The login routes in an OpenAPI document (feature `utoipa`): paths, fields and statuses.
//!
//! A sentence describes the body of a success, and not a schema, because the body depends on the
//! next step of the login.

use hallpass_core::{ApiSecurity, Requirement, Role};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, ObjectBuilder, OpenApi, PathItem, Required, ResponseBuilder, Type,
    path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::SchemaType,
};

use crate::routes::{Routes, table::Endpoint};

impl<R: Role> Routes<R> {
    /// Adds the paths of these routes to a document, under the tag `sign-in`. `security` is that of
    /// the authenticator. Its [`ApiSecurity::describe`] adds the security schemes that the paths
    /// refer to.
    pub fn describe(&self, api: &mut OpenApi, security: &ApiSecurity) {
        for endpoint in Endpoint::ALL.into_iter().filter(|endpoint| self.serves(*endpoint)) {
            let route = endpoint.route();
            for method in route.methods {
                let (method, words, common) = match *method {
                    "GET" => (HttpMethod::Get, endpoint.get(), &[][..]),
                    "POST" => (HttpMethod::Post, endpoint.post(), FORM_FAILURES),
                    _ => continue,
                };
                if let Some(words) = words {
                    let item = PathItem::new(method, words.operation(common, security));
                    api.paths
                        .paths
                        .entry(route.path.to_owned())
                        .or_default()
                        .merge_operations(item);
                }
            }
        }
    }
}

/// The description of an operation.
struct Words {
    summary: &'static str,
    /// The parameters of the query. All are optional.
    query: &'static [&'static str],
    /// The fields of the body. The names of optional fields end in `?`.
    fields: &'static [&'static str],
    success: u16,
    /// Another status of success, and its description.
    other_success: Option<(u16, &'static str)>,
    /// The statuses of rejections that not every operation of its kind has.
    failures: &'static [u16],
    asks: Requirement,
}

impl Words {
    /// Returns the operation. `common` are the statuses that every operation of its method has.
    fn operation(&self, common: &[u16], security: &ApiSecurity) -> Operation {
        let success = match self.success {
            204 => "Success. A browser receives a 303 redirect.",
            _ => {
                "Success. A client that prefers JSON receives JSON. A browser receives a page or a 303 redirect."
            }
        };
        let mut operation = OperationBuilder::new()
            .tag("sign-in")
            .summary(Some(self.summary))
            .request_body(self.body())
            .response(self.success.to_string(), ResponseBuilder::new().description(success));
        if let Some((status, description)) = self.other_success {
            let response = ResponseBuilder::new().description(description);
            operation = operation.response(status.to_string(), response);
        }
        for name in self.query {
            let parameter = ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
            operation = operation.parameter(parameter);
        }
        let of_fields = if self.fields.is_empty() { &[][..] } else { FIELD_FAILURES };
        let of_caller = if self.asks.is_open() { &[][..] } else { CALLER_FAILURES };
        for status in [self.failures, common, of_fields, of_caller].concat() {
            operation =
                operation.response(status.to_string(), ApiSecurity::problem(failure(status)));
        }
        let mut operation = operation.build();
        security.state(&mut operation, &self.asks);
        operation
    }

    fn body(&self) -> Option<RequestBody> {
        if self.fields.is_empty() {
            return None;
        }
        let schema = self.fields.iter().fold(ObjectBuilder::new(), |schema, field| {
            let name = field.trim_end_matches('?');
            let property = ObjectBuilder::new();
            if name == *field {
                schema.property(name, property.schema_type(Type::String)).required(name)
            } else {
                // `null` in JSON counts as absent.
                let kinds = SchemaType::Array(vec![Type::String, Type::Null]);
                schema.property(name, property.schema_type(kinds))
            }
        });
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let kinds = ["application/x-www-form-urlencoded", "application/json"];
        Some(kinds.into_iter().fold(body, |body, kind| body.content(kind, content.clone())).build())
    }
}

impl Endpoint {
    fn get(self) -> Option<Words> {
        let (summary, failures, asks): (_, &[u16], _) = match self {
            Self::Register => ("The registration page", &[], Requirement::public()),
            Self::Login => ("The login page", &[], Requirement::public()),
            Self::Code => ("The page for the code", &[401], Requirement::public()),
            Self::Reset => {
                ("The page of a link that sets a password", &[410, 500, 503], Requirement::public())
            }
            Self::TwoFactor => ("The key for a new second factor", &[], Requirement::login()),
            Self::Password => ("The page for a new password", &[], Requirement::login()),
            Self::Confirm => ("The page that confirms a session", &[], Requirement::login()),
            Self::Sessions => {
                let summary =
                    "A page of the sessions of the account, after `next` of the page before";
                (summary, &[404], Requirement::login())
            }
            Self::Activity => ("The recent activity of the account", &[422], Requirement::login()),
            Self::Jwks => ("The public keys, as a JWK Set", &[], Requirement::public()),
            _ => return None,
        };
        let query: &[_] = match self {
            Self::Sessions => &["after"],
            Self::Reset => &["token"],
            _ => &[],
        };
        Some(Words {
            summary,
            query,
            fields: &[],
            success: 200,
            other_success: None,
            failures,
            asks,
        })
    }

    fn post(self) -> Option<Words> {
        let words = |summary, fields, success, failures, asks| {
            Some(Words {
                summary,
                query: &[],
                fields,
                success,
                other_success: None,
                failures,
                asks,
            })
        };
        let (public, login) = (Requirement::public(), Requirement::login());
        match self {
            Self::Register => words(
                "Registers an account and logs in",
                &["username", "password", "challenge?"],
                201,
                &[409, 429],
                public,
            ),
            Self::Login => words(
                "Logs in, or returns the next step",
                &["username", "password", "code?", "next?", "remember_device?", "challenge?"],
                200,
                &[401, 429],
                public,
            ),
            Self::Code => words(
                "Completes a login with a code",
                &["code", "next?", "remember_device?"],
                200,
                &[401, 429],
                public,
            ),
            Self::Reset => words(
                "Sets a password with a link, and logs in if a code was shown",
                &["token", "new_password", "code?"],
                200,
                &[401, 410, 429],
                public,
            )
            .map(|words| Words { other_success: Some((204, WITHOUT_CODE)), ..words }),
            Self::Logout => words("Logs out, on every node", &[], 204, &[429], public),
            Self::TwoFactor => {
                let fields = &["code", "password?"];
                words("Turns the second factor on", fields, 200, &[401, 409, 429], login)
            }
            Self::DisableTwoFactor => words(
                "Turns the second factor off",
                &["password", "code"],
                204,
                &[401, 409, 429],
                login,
            ),
            Self::RecoveryCodes => {
                let fields = &["password?", "code?"];
                words("Makes new recovery codes", fields, 200, &[401, 409, 429], login)
            }
            Self::Password => words(
                "Changes the password",
                &["current_password?", "code?", "new_password"],
                204,
                &[401, 429],
                login,
            ),
            Self::RevokeSession => {
                let fields = &["session", "password?", "code?"];
                words("Ends a session, or all `others`", fields, 204, &[401, 404, 429], login)
            }
            Self::Confirm => words(
                "Confirms the session: a new `auth_time`",
                &["password", "code?", "next?"],
                200,
                &[401, 429],
                login,
            ),
            Self::Refresh => words("Renews the session", &[], 204, &[401, 429], public),
            _ => None,
        }
    }
}

const WITHOUT_CODE: &str = "Success without a code: nobody is logged in. A browser receives a 303 redirect to the login page.";

/// The failures of every form: a body that cannot be read, a request of another site, a fault of
/// this site, a store that is not available.
const FORM_FAILURES: &[u16] = &[400, 403, 408, 413, 500, 503];
/// The failures of every form with fields.
const FIELD_FAILURES: &[u16] = &[415, 422];
/// The failures of every route that requires a login, in addition to the 401 of that requirement.
const CALLER_FAILURES: &[u16] = &[500, 503];

fn failure(status: u16) -> &'static str {
    match status {
        400 => "The body is incomplete, or not in the format that its `Content-Type` names.",
        401 => "Not logged in, or a wrong user name, password or code. It does not reveal which.",
        403 => {
            "The request came from another site, the session was not confirmed recently, or a challenge must be solved. Nothing was changed."
        }
        404 => "The session or the page does not exist.",
        408 => "The body did not arrive in time. Nothing was changed.",
        409 => "The name is taken, or the second factor is already on or off.",
        410 => "The link was used, was replaced or has expired.",
        413 => "The body is larger than 8 KiB.",
        415 => "The body is neither a form nor JSON.",
        422 => "A field is missing or not valid. The member `field` of the problem names it.",
        429 => "Too many attempts. `Retry-After` is the time to wait, in seconds.",
        500 => "A fault of this site. To try again does not help.",
        _ => "Temporarily unavailable. `Retry-After` is the time to wait, in seconds.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_of_each_route_has_a_description() {
        for endpoint in Endpoint::ALL {
            let is_file = matches!(endpoint, Endpoint::StyleSheet | Endpoint::Script);
            let methods = endpoint.route().methods;
            assert_eq!(
                endpoint.get().is_some(),
                methods.contains(&"GET") && !is_file,
                "{endpoint:?}"
            );
            assert_eq!(endpoint.post().is_some(), methods.contains(&"POST"), "{endpoint:?}");
        }
    }
}
