//! Imports of patients.
pub mod csv;
pub mod problem;
