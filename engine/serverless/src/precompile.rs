//! Machine code for the archive, so that a cold start compiles nothing.

use std::path::Path;

use dialgraph_config::{Backend, Config};

/// Compiles the plugins of the project in `project` into `cache`, for any machine of this
/// architecture.
///
/// # Errors
/// If the project is not as it must be, or the folder cannot be written.
pub async fn precompile(project: &Path, cache: &Path) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    if !project.is_dir() {
        return Err(format!("there is no project in {}", project.display()));
    }
    // The release that is made here is thrown away; what stays is the code that was compiled for
    // it.
    let scratch = tempfile::tempdir().map_err(|error| words(&error))?;
    let mut config = Config::default();
    config.project.folder = project.to_owned();
    config.store.backend = Backend::Sled;
    config.store.folder = scratch.path().to_owned();
    config.plugins.cache = Some(cache.to_owned());
    config.plugins.portable = true;
    let host = dialgraph_wiring::host(&config, None).map_err(|e| words(&e))?;
    let store = dialgraph_wiring::open_embedded(&config, None).await.map_err(|e| words(&e))?;
    let deploy = dialgraph_wiring::deploy(&config, host, &store, |_| {}).await;
    let deploy = deploy.map_err(|e| words(&e))?;
    let source = dialgraph_wiring::source(&config).await.map_err(|e| words(&e))?;
    deploy.start(source.as_ref()).await.map_err(|e| words(&e))?;
    Ok(())
}
