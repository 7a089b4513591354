//! `dialgraph say`.

#[cfg(feature = "aws")]
mod flow;
#[cfg(feature = "aws")]
mod speaker;
#[cfg(feature = "aws")]
mod text;
#[cfg(feature = "aws")]
mod voices;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::SayArgs;

#[cfg(feature = "aws")]
pub(crate) fn run(args: &SayArgs) -> Result<ExitCode> {
    use anyhow::Context as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start threads on this machine")?;
    match &args.flow {
        Some(flow) => flow::run(args, flow, &runtime),
        None => text::run(args, &runtime),
    }
}

#[cfg(not(feature = "aws"))]
pub(crate) fn run(_args: &SayArgs) -> Result<ExitCode> {
    anyhow::bail!(
        "`dialgraph say` asks Amazon Polly, which is not in this build; take a release build, or build with `--features aws`"
    )
}
