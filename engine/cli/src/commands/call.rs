//! `dialgraph call`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use jiff::tz::TimeZone;

use dialgraph_kernel::call::{CallId, Channel};
use dialgraph_kernel::ports::Timestamp;
use dialgraph_simulator::script::{parse_number, parse_time};
use dialgraph_simulator::session::{Session, Setup};

use super::which;
use crate::args::{CallArgs, ChannelArg};
use crate::repl::Repl;
use crate::workshop::Workshop;

pub(crate) fn run(args: CallArgs) -> Result<ExitCode> {
    let (at, zone) = match &args.at {
        Some(at) => parse_time(at).map_err(anyhow::Error::msg)?,
        // Whole seconds, so that a script of this call can begin at the same time.
        None => (Timestamp(super::now().0 / 1000 * 1000), TimeZone::system()),
    };
    let from = args.from.as_deref().map(parse_number).transpose();
    let from = from.map_err(|error| anyhow::anyhow!("--from: {error}"))?;
    let (folder, flow) = match &args.flow {
        Some(flow) => {
            let wanted = which::flow(flow, &args.project)?;
            (wanted.project, Some(wanted.name))
        }
        None => (args.project.folder()?, None),
    };
    let workshop = Workshop::open(&folder)?;
    let lab = workshop.lab()?;
    if let Some(flow) = &flow
        && !lab.release.flows.contains_key(flow.as_str())
    {
        let known = lab.release.flows.keys().map(|name| &**name);
        return Err(which::unknown("flow", flow, known));
    }
    if let Some(locale) = &args.locale
        && !lab.release.locales.iter().any(|known| &**known == locale.as_str())
    {
        bail!("no flow speaks `{locale}`; there are {}", lab.release.locales.join(", "));
    }
    let locale =
        args.locale.as_deref().map(Into::into).or_else(|| lab.release.locales.first().cloned());
    let setup = Setup {
        id: CallId(format!("call-{}", at.0).into()),
        at,
        channel: match args.channel {
            ChannelArg::Voice => Channel::Voice,
            ChannelArg::Chat => Channel::Chat,
        },
        locale,
        from,
        to: None,
        flow: flow.as_deref().map(Into::into),
        seed: at.0,
        attributes: Default::default(),
        mocks: Vec::new(),
    };
    let session = Session::new(&lab, setup);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Repl::new(session, &lab.release, zone, args.trace).hold(terminal)
}
