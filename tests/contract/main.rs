//! What must agree, though it stands in several places: template, document, access, layers,
//! environment, events, papers. Nothing here needs a server.

mod access;
mod document;
mod environment;
mod events;
mod files;
mod gate;
mod layers;
mod papers;
mod template;
