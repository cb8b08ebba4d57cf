//! Sign in once, pass every route: signed role cookies, two-factor sign-in and instant revocation with zero queries
