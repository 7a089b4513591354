//! Releases in a real store with real components, and calls that go on meanwhile.

mod back;
mod calls;
mod canaries;
mod folders;
mod grants;
mod people;
mod processes;
mod pushes;
mod shop;
