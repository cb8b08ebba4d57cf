//! What verification costs, measured.
