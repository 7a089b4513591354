//! The function itself: settings, one client, and Lambda's loop.

use std::process::ExitCode;
use std::sync::Arc;

use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::function;
use dialgraph_lambda::log;
use dialgraph_lambda::settings::BridgeSettings;

fn main() -> ExitCode {
    function::main(|| {
        let read = |path: &std::path::Path| {
            Ok(dialgraph_files::text(path, dialgraph_files::MAX_SETTINGS)?)
        };
        let settings = BridgeSettings::new(function::variables(), read)
            .map_err(|problems| problems.messages())?;
        for warning in &settings.warnings {
            log::note(log::Level::Warn, warning);
        }
        let bridge = Bridge::new(settings).map_err(|error| vec![error.to_string()])?;
        // Lambda gives an invocation at a time to a process, and seldom more than a part of one
        // processor.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| vec![format!("the system refuses to start: {error}")])?;
        runtime
            .block_on(function::serve(Arc::new(bridge), function::Nothing))
            .map_err(|error| vec![error.to_string()])
    })
}
