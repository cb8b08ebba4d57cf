//! Steps of a login in the wrong order do not compile, and the compile error names the reason.
//!
//! The `compile_fail` example in `src/login/password_accepted.rs` tests the same in every run,
//! without the messages.

#[test]
#[ignore = "builds the crate and compares the messages of one compiler version; run by .ci/run"]
fn login_steps_in_the_wrong_order_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile/right_order.rs");
    cases.compile_fail("tests/compile/signed_in_from_nothing.rs");
    cases.compile_fail("tests/compile/signed_in_past_a_due_factor.rs");
    cases.compile_fail("tests/compile/state_used_twice.rs");
}
