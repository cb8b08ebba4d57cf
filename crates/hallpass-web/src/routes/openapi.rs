//! The sign-in routes in an OpenAPI document (feature `utoipa`): the paths, fields and statuses of
//! the contract on the wire.
//!
//! Bodies of success are told apart by a sentence, not by a schema: which of them comes depends on
//! what the person still has to show.

use hallpass_core::{ApiSecurity, Requirement, Role};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, ObjectBuilder, OpenApi, PathItem, Required, ResponseBuilder, Type,
    path::{Operation, OperationBuilder},
    request_body::{RequestBody, RequestBodyBuilder},
};

use crate::routes::{Routes, table::Endpoint};

impl<R: Role> Routes<R> {
    /// Adds the paths that this sign-in serves to a document, under the tag `sign-in`. `security`
    /// is the authenticator's, which declares what they refer to by [`ApiSecurity::describe`].
    pub fn describe(&self, api: &mut OpenApi, security: &ApiSecurity) {
        for endpoint in Endpoint::ALL.into_iter().filter(|endpoint| self.serves(*endpoint)) {
            let route = endpoint.route();
            for method in route.methods {
                let (method, words) = match *method {
                    "GET" => (HttpMethod::Get, endpoint.get()),
                    "POST" => (HttpMethod::Post, endpoint.post()),
                    _ => continue,
                };
                if let Some(words) = words {
                    let item = PathItem::new(method, words.operation(security));
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

/// What is said of an operation.
struct Words {
    summary: &'static str,
    /// The fields of its body; those that may be left out end in `?`.
    fields: &'static [&'static str],
    success: u16,
    failures: &'static [u16],
    asks: Requirement,
}

impl Words {
    fn operation(&self, security: &ApiSecurity) -> Operation {
        let success = match self.success {
            204 => "Done. A browser is sent on with 303.",
            _ => {
                "Done. A client that prefers JSON is told in JSON; a browser gets a page, or is sent on with 303."
            }
        };
        let mut operation = OperationBuilder::new()
            .tag("sign-in")
            .summary(Some(self.summary))
            .request_body(self.body())
            .response(self.success.to_string(), ResponseBuilder::new().description(success));
        for status in self.failures {
            operation =
                operation.response(status.to_string(), ApiSecurity::problem(failure(*status)));
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
            let schema = schema.property(name, ObjectBuilder::new().schema_type(Type::String));
            if name == *field { schema.required(name) } else { schema }
        });
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let kinds = ["application/x-www-form-urlencoded", "application/json"];
        Some(kinds.into_iter().fold(body, |body, kind| body.content(kind, content.clone())).build())
    }
}

impl Endpoint {
    fn get(self) -> Option<Words> {
        let (summary, asks) = match self {
            Self::Register => ("The registration page", Requirement::public()),
            Self::Login => ("The log-in page", Requirement::public()),
            Self::Code => ("The page for the code", Requirement::public()),
            Self::TwoFactor => ("What a second factor is set up with", Requirement::login()),
            Self::SessionStore => ("The sessions of the account", Requirement::login()),
            Self::Jwks => ("The public keys, as a JWK Set", Requirement::public()),
            _ => return None,
        };
        Some(Words { summary, fields: &[], success: 200, failures: &[], asks })
    }

    fn post(self) -> Option<Words> {
        let words = |summary, fields, success, failures, asks| {
            Some(Words { summary, fields, success, failures, asks })
        };
        let (public, login) = (Requirement::public(), Requirement::login());
        match self {
            Self::Register => words(
                "Registers and signs in",
                &["username", "password"],
                201,
                &[403, 409, 422, 429, 503],
                public,
            ),
            Self::Login => {
                let fields = &["username", "password", "code?", "next?", "remember_device?"];
                words(
                    "Signs in, or says what is still due",
                    fields,
                    200,
                    &[401, 403, 422, 429, 503],
                    public,
                )
            }
            Self::Code => {
                let fields = &["code", "next?", "remember_device?"];
                words(
                    "Completes a sign-in with a code",
                    fields,
                    200,
                    &[401, 403, 422, 429, 503],
                    public,
                )
            }
            Self::Logout => words("Signs out, on every node", &[], 204, &[403, 503], public),
            Self::TwoFactor => words(
                "Turns the second factor on",
                &["code"],
                200,
                &[401, 403, 409, 422, 429, 503],
                login,
            ),
            Self::DisableTwoFactor => {
                let fields = &["password", "code"];
                words(
                    "Turns the second factor off",
                    fields,
                    204,
                    &[401, 403, 409, 422, 429, 503],
                    login,
                )
            }
            Self::RecoveryCodes => words(
                "Makes new recovery codes",
                &["code"],
                200,
                &[401, 403, 409, 422, 429, 503],
                login,
            ),
            Self::Password => {
                let fields = &["current_password", "new_password"];
                words("Changes the password", fields, 204, &[401, 403, 422, 429, 503], login)
            }
            Self::RevokeSession => words(
                "Ends a session, or all `others`",
                &["session"],
                204,
                &[403, 404, 422, 503],
                login,
            ),
            Self::Refresh => words("Renews the session", &[], 204, &[401, 403, 429, 503], public),
            _ => None,
        }
    }
}

fn failure(status: u16) -> &'static str {
    match status {
        401 => "Signed out, or not the right name, password or code; never which.",
        403 => "Another site made the browser send it. Nothing was changed.",
        404 => "There is no such session.",
        409 => "The name is taken, or the second factor is on or off already.",
        422 => "A field is missing, or not as it has to be; the problem's member `field` names it.",
        429 => "Too many attempts. `Retry-After` says how long to wait.",
        _ => "Not available right now. `Retry-After` says when to try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_of_each_route_has_its_words() {
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
