//! The 25 lines are the same text everywhere, and they work.

mod client;
mod served;
mod text;
