//! A gRPC service that only verifies access tokens. The site signs the tokens; this service has the
//! key (`SITE_KEYS`) and needs no call to the site and no database.
//!
//! `SITE_KEYS=$(cat site-keys.json) cargo run -p tonic-quickstart`, then call `site.Report/Read`
//! with the metadata `authorization: Bearer TOKEN`. A call without a token returns UNAUTHENTICATED
//! (16), and a call with a guest's token returns PERMISSION_DENIED (7).

use hallpass_core::{Authentication, KeyRing, RequestAuthenticator, Role, Verifier};
use hallpass_tower::{AuthLayer, require_roles};
use report::report_server::{Report, ReportServer};
use tonic::{Request, Response, Status, body::Body, service::LayerExt, transport::Server};

#[allow(unreachable_pub, missing_docs, reason = "generated")]
mod report {
    tonic::include_proto!("site.Report");
}

#[derive(Role)]
enum SiteRole {
    Guest,
    Admin,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier =
        Verifier::<SiteRole>::new(KeyRing::from_env("SITE_KEYS")?, "https://site.example", "site");
    // An empty variable counts as unset.
    let address = std::env::var("SITE_ADDR").ok().filter(|address| !address.is_empty());
    let address = address.as_deref().unwrap_or("127.0.0.1:50051").parse()?;
    Server::builder()
        .layer(AuthLayer::new(RequestAuthenticator::new(verifier).bearer()).body_with(Body::new))
        .add_service(require_roles([SiteRole::Admin]).named_layer(ReportServer::new(Reports)))
        .serve(address)
        .await?;
    Ok(())
}

struct Reports;

#[tonic::async_trait]
impl Report for Reports {
    async fn read(&self, request: Request<String>) -> Result<Response<String>, Status> {
        let who = request.extensions().get().and_then(Authentication::username).unwrap_or("nobody");
        Ok(Response::new(format!("{} for {who}", request.get_ref())))
    }
}
