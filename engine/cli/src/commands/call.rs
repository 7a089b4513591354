//! `dialgraph call`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use jiff::tz::TimeZone;

use dialgraph_base::{CallId, Timestamp};
use dialgraph_simulator::script::{parse_number, parse_time};
use dialgraph_simulator::session::{CallSetup, Session};

use super::which;
use crate::args::CallArgs;
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
    let fixture = workshop.fixture()?;
    if let Some(flow) = &flow
        && !fixture.release.flows.contains_key(flow.as_str())
    {
        let known = fixture.release.flows.keys().map(|name| &**name);
        return Err(which::unknown("flow", flow, known));
    }
    if let Some(locale) = &args.locale
        && !fixture.release.locales.iter().any(|known| &**known == locale.as_str())
    {
        bail!("no flow speaks `{locale}`; there are {}", fixture.release.locales.join(", "));
    }
    let locale =
        args.locale.as_deref().map(Into::into).or_else(|| fixture.release.locales.first().cloned());
    let setup = CallSetup {
        id: CallId(format!("call-{}", at.0).into()),
        at,
        channel: args.channel.into(),
        locale,
        from,
        to: None,
        flow: flow.as_deref().map(Into::into),
        seed: at.0,
        attributes: Default::default(),
        mocks: Vec::new(),
    };
    let session = Session::new(&fixture, setup);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Repl::new(session, &fixture.release, zone, args.trace).hold(terminal)
}
