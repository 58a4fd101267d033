//! What the suites share: the description of the whole API, and a world to test in.

pub mod document;
