//! The 25-line example with a public origin, as a process: a site below the path `/app`.
//!
//! `examples/blog/browser --prefix` starts [`serve`] behind nginx and visits its pages in Chromium.

use hallpass_test_support::{
    http::client::Client,
    process::{Process, await_listener, free_address, this_test},
    scratch::Scratch,
};

mod quickstart {
    include!(concat!(env!("OUT_DIR"), "/below.rs"));

    pub(super) fn run() {
        main().unwrap();
    }
}

#[test]
fn the_example_below_a_path_leads_to_its_own_pages() {
    let (scratch, address) = (Scratch::new(), free_address());
    let mut command = this_test("below::serve");
    command
        .current_dir(scratch.directory())
        .env("QUICKSTART_ADDRESS", address.to_string())
        .env("QUICKSTART_ORIGIN", format!("http://localhost:{}/app", address.port()));
    let _process = Process::start(&mut command);
    await_listener(address);
    let mut alice = Client::browser(address);
    for path in ["/profile", "/app/profile"] {
        let refused = alice.get(path);
        let place = (refused.status, refused.header("location"));
        assert_eq!(place, (303, Some("/app/login?next=%2Fapp%2Fprofile")), "{path}");
    }
    let form = "username=alice&password=correct+horse+battery+staple";
    let registered = alice.post_body("/app/register", form);
    assert_eq!((registered.status, registered.header("location")), (303, Some("/app/profile")));
    for path in ["/profile", "/app/profile"] {
        assert_eq!(alice.get(path).text(), "alice may {guest}", "{path}");
    }
}

#[test]
#[ignore = "the other test and the browser tests run it as a process"]
fn serve() {
    quickstart::run();
}
