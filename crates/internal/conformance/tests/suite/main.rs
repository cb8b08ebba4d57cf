//! Runs the table on every adapter, in process and over sockets.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod accounts;
mod actix_stack;
mod adapter_size;
mod attacks;
mod axum_stack;
mod deadline;
mod headers;
mod negotiation;
mod next;
mod origin_check;
mod prefix;
mod report;
mod reports;
mod rotation;
mod routes;
mod runs;
mod sockets;
mod stale;
mod stolen;
mod tonic_stack;
mod tower_stack;
mod zero_queries;

use std::{future::Future, net::SocketAddr};

use hallpass_conformance::{Received, Row, Sent, grpc_rows, rows};
use report::Report;
use sockets::Http2;

#[test]
fn table_has_at_least_360_rows_and_few_differences() {
    assert!(
        rows().len() + grpc_rows().len() >= 360,
        "{} and {} rows",
        rows().len(),
        grpc_rows().len()
    );
    let differences: Vec<String> = rows()
        .iter()
        .flat_map(|row| {
            row.differences()
                .map(|(stack, why)| format!("{}: {stack}: {why}", row.place))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(differences.len() <= 8, "too many differences between stacks: {differences:#?}");
}

/// A stack: its name in the table, and its doors. A door is a name in the table, such as `admin`,
/// for the paths of the stack with one guard.
#[derive(Clone, Copy)]
struct Stack {
    name: &'static str,
    doors: fn(&str) -> Vec<&'static str>,
}

/// Sends the requests of every row through `send` and compares the responses.
async fn run<F>(stack: Stack, over: &str, rows: Vec<Row>, mut send: impl FnMut(Sent) -> F)
where
    F: Future<Output = Received>,
{
    let mut report = Report::new(stack.name, over);
    for row in rows {
        for sent in row.requests(stack.doors) {
            let received = send(sent.clone()).await;
            report.compare(&row, &sent, row.expected(stack.name), &received);
        }
    }
    report.finish();
}

async fn run_over_http1(stack: Stack, rows: Vec<Row>, server: SocketAddr, runs: runs::Runs) {
    run(stack, "HTTP/1.1", rows, |sent| {
        let runs = runs.clone();
        async move { runs.counted(sockets::http1(server, &sent)).await }
    })
    .await;
}

async fn run_over_http2(stack: Stack, rows: Vec<Row>, server: SocketAddr, runs: runs::Runs) {
    let client = Http2::connect(server).await;
    // An HTTP/2 request cannot request an upgrade or have a `connection` header (RFC 9113 section
    // 8.2.2).
    let rows = rows.into_iter().filter(|row| !row.name.contains("web socket")).collect();
    run(stack, "HTTP/2", rows, |sent| {
        let (runs, client) = (runs.clone(), client.clone());
        async move { runs.counted(client.send(sent)).await }
    })
    .await;
}
