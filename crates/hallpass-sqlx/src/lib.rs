//! SQLite and PostgreSQL stores for the sign-in of hallpass
