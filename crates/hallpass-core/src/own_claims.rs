//! An application's own claims on their way into a token.

use serde::Serialize;
use serde_json::Value;

use crate::{claim_writer::RESERVED, issue_error::IssueError};

/// The members of `claims` in JSON, without the braces, ready to stand behind ours.
pub(crate) fn members<X: Serialize>(claims: &X) -> Result<String, IssueError> {
    let Ok(Value::Object(members)) = serde_json::to_value(claims) else {
        return Err(IssueError::OwnClaimsNotAnObject);
    };
    if let Some(taken) = RESERVED.into_iter().find(|name| members.contains_key(*name)) {
        return Err(IssueError::ReservedClaim(taken));
    }
    let json = Value::Object(members).to_string();
    let inside = json.strip_prefix('{').and_then(|json| json.strip_suffix('}'));
    Ok(inside.unwrap_or_default().to_owned())
}
