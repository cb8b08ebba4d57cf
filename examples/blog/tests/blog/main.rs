//! The black-box walk.
