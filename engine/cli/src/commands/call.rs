//! `dialgraph call`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use jiff::tz::TimeZone;

use dialgraph_kernel::call::{CallId, Channel};
use dialgraph_kernel::ports::Timestamp;
use dialgraph_simulator::script::{e164, parse_time};
use dialgraph_simulator::session::{Session, Setup};

use crate::args::{CallArgs, ChannelArg};
use crate::repl::Repl;
use crate::workshop::Workshop;

pub(crate) fn run(args: CallArgs) -> Result<ExitCode> {
    let (at, zone) = match &args.at {
        Some(at) => parse_time(at).map_err(anyhow::Error::msg)?,
        // Whole seconds, so that a script of this call can begin at the same time.
        None => (Timestamp(super::now().0 / 1000 * 1000), TimeZone::system()),
    };
    let workshop = Workshop::open(&args.project.project)?;
    let lab = workshop.lab()?;
    if let Some(flow) = &args.flow
        && !lab.release.flows.contains_key(flow.as_str())
    {
        let names: Vec<&str> = lab.release.flows.keys().map(|name| &**name).collect();
        if let Some(near) = dialgraph_flow::nearest(flow, names.iter().copied()) {
            bail!("there is no flow `{flow}`; did you mean `{near}`?");
        }
        bail!("there is no flow `{flow}`; there are {}", names.join(", "));
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
        from: args.from.as_deref().map(e164),
        to: None,
        flow: args.flow.as_deref().map(Into::into),
        seed: at.0,
        attributes: Default::default(),
        mocks: Vec::new(),
    };
    let session = Session::new(&lab, setup);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Repl::new(session, &lab.release, zone, args.trace).hold(terminal)
}
