//! Generates the service without a `.proto` file, so that the build does not need `protoc`:
//! `service Report { rpc Read(StringValue) returns (StringValue); }`

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let read = Method::builder()
        .name("read")
        .route_name("Read")
        .input_type("String")
        .output_type("String")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    Builder::new().build_client(false).compile(&[Service::builder()
        .package("site")
        .name("Report")
        .method(read)
        .build()]);
}
