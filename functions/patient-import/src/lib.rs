//! Imports of patients.
pub mod csv;
pub mod problem;
pub mod header;
pub mod seen;
pub mod rows;
pub mod decide;
