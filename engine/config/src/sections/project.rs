//! Where the flows are.

use std::path::PathBuf;

section! {
    /// The flows.
    pub struct ProjectSection {
        /// The folder that holds `dialgraph.yaml`.
        folder: PathBuf = "flows".into();
    }
}
