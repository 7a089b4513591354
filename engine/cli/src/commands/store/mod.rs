//! `dialgraph store`: one file for each of its commands.

pub(crate) mod new_key;
