//! `dialgraph flow`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use dialgraph_flow::graph;

use crate::args::{GraphArgs, GraphFormat};
use crate::workshop::Workshop;

pub(crate) fn graph(args: &GraphArgs) -> Result<ExitCode> {
    let workshop = Workshop::open(&args.project.project)?;
    let release = workshop.release()?;
    let Some(flow) = release.flows.get(args.flow.as_str()) else {
        let names: Vec<&str> = release.flows.keys().map(|name| &**name).collect();
        bail!("there is no flow `{}`; there are {}", args.flow, names.join(", "));
    };
    match args.format {
        GraphFormat::Mermaid => print!("{}", graph::mermaid(flow)),
        GraphFormat::Dot => print!("{}", graph::dot(flow)),
    }
    Ok(ExitCode::SUCCESS)
}
