//! What calls can reach, for each release its own: grants, articles and bots change with a release.

use std::sync::Arc;

use futures::future::BoxFuture;

use dialgraph_flow::Project;
use dialgraph_runtime::World;

/// Makes the world of a release.
///
/// A program that has other providers than the local ones brings its own.
pub trait WorldFactory: Send + Sync {
    /// Makes what calls of `project` can reach. Called before a release goes live, off the path of
    /// calls; it writes nothing.
    ///
    /// # Errors
    /// What is wrong with the project's data, in words: the release is then refused.
    fn make(&self, project: &Project) -> Result<Arc<dyn World>, String>;

    /// Whether the records that are in the store, and those that `project` brings along, fit what
    /// it declares of them. Called before a release goes live; it writes nothing.
    ///
    /// # Errors
    /// What does not fit, or cannot be read, in words: the release is then refused.
    fn check_records(&self, project: &Project) -> BoxFuture<'static, Result<(), String>>;

    /// Puts into the store what `project` brings along, such as the records of its collections.
    /// Called when a release has gone live, and again when the engine starts: doing it twice must
    /// change nothing. Gives what cannot be done until somebody changes records or the project: a
    /// release that was accepted is served without.
    ///
    /// # Errors
    /// Why something could not be written, which may pass.
    fn seed(&self, project: &Project) -> BoxFuture<'static, Result<Vec<String>, String>>;
}
