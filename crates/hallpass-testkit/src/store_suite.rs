//! Checks that every store must pass, on any database. [`test_store!`](crate::test_store) generates
//! the tests of one store.
//!
//! Each check takes an empty store, and requires only the traits that it needs. A check of
//! concurrent calls takes several stores on the same data, as in several processes. These checks
//! are in [`races`] and in the modules of their capabilities; [`test_store!`](crate::test_store)
//! does not generate their tests. A check panics if the store fails it.
//!
//! The suite cannot check two properties, which the store's own tests must check: an acknowledged
//! change survives a crash, and a dropped future leaves the state before or the state after the
//! change.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a check panics if the store fails it"
)]
#![allow(missing_docs, reason = "the name of a check describes it")]

pub mod account;
pub mod activity;
pub mod browser;
pub mod consumed;
pub mod fixture;
pub mod outcome;
pub mod password;
pub mod races;
pub mod rate_limit;
pub mod revocation;
pub mod session;
pub mod site;
pub mod two_factor;

/// Generates the tests of the [store suite](crate::store_suite) for one store and the named parts:
/// one test for each check that takes one store.
///
/// It takes the attributes of a test, the path of an async function that creates an empty store,
/// and the names of the parts. Name the parts whose traits the store implements. The function may
/// return any type that derefs to the store, such as a box, or a guard that removes a file.
///
/// ```
/// # use hallpass_accounts::MemoryRateLimits;
/// async fn empty() -> Box<MemoryRateLimits> {
///     Box::default()
/// }
///
/// hallpass_testkit::test_store! { #[tokio::test] empty: rate_limit }
///
/// // The parts of a store with every trait:
/// // test_store! { #[tokio::test] empty: account administration own_change password reset_link rate_limit refresh_token revocation session site step_up two_factor }
/// // For a revocation log apart from the store of the accounts, such as a message broker:
/// // test_store! { #[tokio::test] empty: publication }
/// // The parts of the traits that no flow uses yet:
/// // test_store! { #[tokio::test] empty: activity browser browser_change consumed outcome }
/// ```
#[macro_export]
macro_rules! test_store {
    ($(#[$attribute:meta])+ $empty:path: $($part:ident)+) => {
        $crate::test_store!(@parts [$(#[$attribute])+] $empty: $($part)+);
    };
    (@parts $attributes:tt $empty:path: $($part:ident)+) => {
        $($crate::test_store!(@part $part $attributes $empty);)+
    };
    (@part account $attributes:tt $empty:path) => {
        $crate::test_store!(@checks account [account] $attributes $empty:
            a_new_account_is_found_by_either_key
            an_unknown_account_is_none_and_no_error
            a_name_is_taken_once_in_any_spelling
            a_name_with_a_turkish_i_is_found_in_any_spelling
            names_and_roles_are_returned_unchanged
        );
    };
    (@part administration $attributes:tt $empty:path) => {
        $crate::test_store!(@checks administration [account] $attributes $empty:
            new_roles_make_earlier_tokens_stale
            a_disabled_account_has_no_session_left
            accounts_are_listed_by_key_in_pages
            the_last_account_of_a_kept_role_stays
        );
    };
    (@part publication $attributes:tt $empty:path) => {
        $crate::test_store!(@checks publication [revocation] $attributes $empty:
            published_revocations_are_read_in_order
            purging_publications_leaves_cursors_valid
        );
    };
    (@part rate_limit $attributes:tt $empty:path) => {
        $crate::test_store!(@checks rate_limit [rate_limit] $attributes $empty:
            attempts_are_counted_for_each_key
            an_attempt_given_back_was_never_made
            time_gives_attempts_back
            an_attempt_counts_on_all_keys_or_on_none
            an_attempt_is_settled_on_each_key
        );
    };
    (@part revocation $attributes:tt $empty:path) => {
        $crate::test_store!(@checks revocation [revocation] $attributes $empty:
            the_log_is_read_in_order_over_many_calls
            an_empty_log_has_been_read_to_its_end
            purging_leaves_cursors_valid
            the_log_is_pruned_in_pieces
        );
    };
    (@part own_change $attributes:tt $empty:path) => {
        $crate::test_store!(@checks own_change [account::own_change] $attributes $empty:
            an_own_change_after_a_command_writes_nothing
            an_own_change_needs_a_session_of_the_account
            a_code_is_not_consumed_on_an_account_that_changed
            a_command_by_somebody_who_lost_the_right_writes_nothing
        );
    };
    (@part password $attributes:tt $empty:path) => {
        $crate::test_store!(@checks password [password] $attributes $empty:
            an_upgrade_replaces_only_the_expected_hash
            a_password_change_ends_what_was_before
        );
    };
    (@part reset_link $attributes:tt $empty:path) => {
        $crate::test_store!(@checks reset_link [password::reset] $attributes $empty:
            a_link_is_consumed_with_its_change
            a_link_after_a_command_changes_nothing
        );
    };
    (@part refresh_token $attributes:tt $empty:path) => {
        $crate::test_store!(@checks refresh_token [session::refresh_token] $attributes $empty:
            a_refresh_returns_the_current_account
            a_consumed_token_is_accepted_within_the_grace_period_only
            a_lost_token_is_replaced_and_not_accepted
            a_session_past_a_limit_ends
            a_clock_set_back_shortens_what_is_left
            sessions_that_cannot_be_refreshed_are_rejected
            a_kept_session_begins_a_new_chain
            a_kept_session_without_a_new_token_is_not_refreshed
        );
    };
    (@part two_factor $attributes:tt $empty:path) => {
        $crate::test_store!(@checks two_factor [two_factor] $attributes $empty:
            enabling_a_factor_is_one_change
            a_factor_is_refused_to_an_account_that_changed
            only_a_later_step_is_accepted
            a_drift_is_kept_with_the_step_that_showed_it
            a_recovery_code_works_once
            disabling_a_factor_is_one_change
            resetting_a_factor_is_one_change
            a_new_encryption_keeps_the_consumed_step
            stored_secrets_are_listed_in_pages
        );
    };
    (@part site $attributes:tt $empty:path) => {
        $crate::test_store!(@checks site [site] $attributes $empty:
            a_raised_epoch_ends_every_session
            an_epoch_is_raised_past_the_old_one_and_the_time
            a_change_of_an_older_epoch_writes_nothing
            a_lost_revocation_is_written_again
            an_incarnation_is_recorded_once
            key_checks_are_kept_until_forgotten
        );
    };
    (@part step_up $attributes:tt $empty:path) => {
        $crate::test_store!(@checks step_up [session::step_up] $attributes $empty:
            a_recent_confirmation_counts_with_its_refresh_token_only
            a_predecessor_counts_within_the_grace_period
            a_session_is_ended_with_a_proof_only
            a_confirmation_changes_the_session_and_revokes_nothing
            a_confirmation_needs_a_live_session
            a_change_writes_the_time_of_its_proof
        );
    };
    (@part session $attributes:tt $empty:path) => {
        $crate::test_store!(@checks session [session] $attributes $empty:
            sessions_are_listed_newest_first_until_they_expire
            no_session_opens_on_an_account_that_changed
            sessions_above_the_limit_end_by_idle_time
            a_session_is_ended_by_its_own_account_alone
            log_out_everywhere_raises_the_generation
        );
    };
    (@part activity $attributes:tt $empty:path) => {
        $crate::test_store!(@checks activity [activity] $attributes $empty:
            recent_activity_is_listed_last_first
            an_account_keeps_its_last_hundred_rows
            activity_before_a_time_is_pruned_in_pieces
            activity_of_an_unknown_account_is_not_kept
        );
    };
    (@part browser_change $attributes:tt $empty:path) => {
        $crate::test_store!(@checks browser_change [browser] $attributes $empty:
            a_change_keeps_its_own_browser_known
        );
    };
    (@part browser $attributes:tt $empty:path) => {
        $crate::test_store!(@checks browser [browser] $attributes $empty:
            a_login_makes_its_browser_known
            a_later_login_updates_the_row
            a_login_in_a_known_browser_updates_the_row
            other_credentials_make_a_browser_unknown
            a_logout_ends_trust_and_not_knowledge
            an_account_keeps_its_last_used_browsers
            a_browser_keeps_its_last_used_accounts
            a_clock_set_back_does_not_drop_the_new_row
            a_replaced_cookie_moves_its_rows
            a_browser_is_forgotten_by_its_own_account_alone
            a_browser_of_an_unknown_account_is_not_kept
            unused_browsers_are_pruned_in_pieces
            a_trusted_browser_is_pruned_after_its_trust
        );
    };
    (@part consumed $attributes:tt $empty:path) => {
        $crate::test_store!(@checks consumed [consumed] $attributes $empty:
            a_value_is_consumed_once_per_purpose
            expired_values_are_pruned_in_pieces
        );
    };
    (@part outcome $attributes:tt $empty:path) => {
        $crate::test_store!(@checks outcome [outcome] $attributes $empty:
            an_outcome_comes_back_whole
            an_outcome_is_found_until_its_end
            a_second_outcome_returns_the_first
            an_outcome_that_is_over_is_replaced
            only_the_outcome_that_was_read_is_deleted
            outcomes_that_are_over_are_pruned_in_pieces
        );
    };
    (@checks $part:ident $module:tt $attributes:tt $empty:path: $($check:ident)+) => {
        mod $part {
            use super::*;
            $($crate::test_store!(@check $module $check $attributes $empty);)+
        }
    };
    (@check [$($module:ident)::+] $check:ident [$($attributes:tt)+] $empty:path) => {
        $($attributes)+
        async fn $check() {
            let store = $empty().await;
            $crate::store_suite::$($module)::+::$check(::std::ops::Deref::deref(&store)).await;
        }
    };
}
