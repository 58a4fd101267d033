//! The real binaries under the local Lambda.
