//! `dialgraph flow`.

use std::process::ExitCode;

use anyhow::Result;

use dialgraph_flow::graph;

use super::which;
use crate::args::{GraphArgs, GraphFormat};
use crate::workshop::Workshop;

pub(crate) fn graph(args: &GraphArgs) -> Result<ExitCode> {
    let wanted = which::flow(&args.flow, &args.project)?;
    let workshop = Workshop::open(&wanted.project)?;
    let release = workshop.release()?;
    let Some(flow) = release.flows.get(wanted.name.as_str()) else {
        let known = release.flows.keys().map(|name| &**name);
        return Err(which::unknown("flow", &wanted.name, known));
    };
    match args.format {
        GraphFormat::Mermaid => print!("{}", graph::mermaid(flow)),
        GraphFormat::Dot => print!("{}", graph::dot(flow)),
    }
    Ok(ExitCode::SUCCESS)
}
