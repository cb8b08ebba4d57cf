//! Flow steps in the wrong order do not compile, and the compiler error names the reason.
//!
//! The examples in `src/login/password_accepted.rs` also test in every run that they do not
//! compile.

#[test]
#[ignore = "builds the crate afresh and compares the messages of one compiler version; .ci/run runs it"]
fn wrong_order_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile/right_order.rs");
    cases.compile_fail("tests/compile/signed_in_from_nothing.rs");
    cases.compile_fail("tests/compile/signed_in_past_a_due_factor.rs");
    cases.compile_fail("tests/compile/state_used_twice.rs");
}
