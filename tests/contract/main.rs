//! What must agree: template, document, access, layers, indexes.
