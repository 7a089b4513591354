//! How large a project may be, all in one place; `docs/flows.md` tells designers the same.
//!
//! What is larger is told like any other mistake
//! ([`Code::TooLarge`](crate::diagnostic::Code::TooLarge)) and is not read on. Behind each bound,
//! checking takes time that grows no faster than the files do: whatever somebody pushes costs the
//! engine so much and no more. The bounds of expressions are in [`expr`](crate::expr), those of
//! prompts in [`template`](crate::template), those of calls in [`Limits`](crate::model::Limits).

/// Bytes of a text file.
pub const MAX_FILE_BYTES: usize = 4 << 20;
/// Text files of a project.
pub const MAX_FILES: usize = 5_000;
/// Bytes of all text files of a project together.
pub const MAX_PROJECT_BYTES: usize = 64 << 20;
/// Folders within folders.
pub const MAX_FOLDERS: usize = 8;
/// Values of one file, keys and those repeated by aliases included.
pub const MAX_VALUES: usize = 250_000;
/// Values of all files of a project together.
pub const MAX_PROJECT_VALUES: usize = 2_000_000;
/// Lists and maps within one another.
pub const MAX_NESTING: usize = 64;
/// Nodes of a flow.
pub const MAX_NODES: usize = 20_000;
/// Names that one thing may declare: inputs and returns of a flow, values of a return, ports of a
/// question.
pub const MAX_DECLARED: usize = 100;
/// Locales of a project.
pub const MAX_LOCALES: usize = 100;

/// Findings of one kind in one file that are told; the others are counted.
pub const MAX_OF_A_KIND: usize = 100;
/// Findings that are told of a whole project.
pub const MAX_TOLD: usize = 1_000;
/// Bytes of one sentence of a finding.
pub(crate) const MAX_MESSAGE: usize = 2_000;
