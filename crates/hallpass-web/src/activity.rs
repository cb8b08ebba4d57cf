//! `/account/activity`: the recent logins, failed logins and changes of the account, in pages.

pub(crate) mod page;

use hallpass_accounts::Activity;
use hallpass_core::{FieldFault, Rejection, Role};
use serde_json::{Value, json};

use crate::{
    activity::page::{ActivityLine, ActivityPage},
    exchange::Exchange,
    pages::Page,
    response::EndpointResponse,
};

pub(crate) async fn show<R: Role>(
    exchange: &Exchange<'_, R>,
) -> Result<EndpointResponse, Rejection> {
    let who = exchange.member()?;
    let after = after(exchange.query().optional("after")?)?;
    // An account has 100 rows at most, so a page is a part of one read.
    let rows = exchange.accounts.activity(&who, Activity::MAX_PER_ACCOUNT).await?;
    let page: Vec<&Activity> = rows.iter().skip(after).take(PAGE).collect();
    let next = (rows.len() > after + PAGE).then_some(after + PAGE);
    if exchange.wants_json() {
        let lines: Vec<_> = page.into_iter().map(as_json).collect();
        let next = next.map(|next| next.to_string());
        return Ok(EndpointResponse::json(200, &json!({ "activity": lines, "next": next })));
    }
    let now = exchange.accounts.now();
    let lines = page.into_iter().map(|row| ActivityLine {
        kind: row.kind,
        at: row.at.as_secs(),
        ago: now.since(row.at),
        address: row.address,
        browser: row.browser.as_str(),
    });
    let next = next.map(|next| format!("{}?after={next}", exchange.place(PATH).as_str()));
    let page = ActivityPage { lines: lines.collect(), next: next.as_deref() };
    Ok(exchange.page(200, &Page::Activity(page)))
}

/// Parses the number of rows before the page.
fn after(text: Option<&str>) -> Result<usize, Rejection> {
    match text {
        None => Ok(0),
        Some(text) => text
            .parse()
            .ok()
            .filter(|after| *after <= Activity::MAX_PER_ACCOUNT as usize)
            .ok_or_else(|| Rejection::of_field("after", FieldFault::NotText)),
    }
}

/// Times are Unix seconds.
fn as_json(row: &Activity) -> Value {
    json!({
        "at": row.at.as_secs(),
        "kind": row.kind.as_str(),
        "address": row.address.map(|address| address.to_string()),
        "browser": row.browser.as_str(),
        "methods": row.methods.names().collect::<Vec<_>>(),
    })
}

const PATH: &str = "/account/activity";
/// Rows per page.
const PAGE: usize = 20;
