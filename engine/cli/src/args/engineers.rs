//! `dialgraph engineers`.

use clap::{Args as ClapArgs, Subcommand};

use super::ServerArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum EngineersCommand {
    Ls(EngineersLsArgs),
    Show(EngineersShowArgs),
    Available(EngineersAvailableArgs),
    Away(EngineersAwayArgs),
    Duty(EngineersDutyArgs),
}

/// Lists engineers: who takes calls, and how much they have to do.
#[derive(Debug, ClapArgs)]
pub(crate) struct EngineersLsArgs {
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows an engineer and what they work on.
#[derive(Debug, ClapArgs)]
pub(crate) struct EngineersShowArgs {
    /// The key of their record.
    pub(crate) engineer: String,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Says that an engineer takes calls, from the next one on.
///
/// With the role agent, you say it of yourself.
#[derive(Debug, ClapArgs)]
pub(crate) struct EngineersAvailableArgs {
    /// The key of their record.
    pub(crate) engineer: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Says that an engineer takes no calls, from the next one on.
///
/// With the role agent, you say it of yourself.
#[derive(Debug, ClapArgs)]
pub(crate) struct EngineersAwayArgs {
    /// The key of their record.
    pub(crate) engineer: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Lists who is on duty, or changes a day.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph engineers duty\n  dialgraph engineers duty 2026-12-25 e-101\n  dialgraph engineers duty 2026-12-25 --remove"
)]
pub(crate) struct EngineersDutyArgs {
    /// A date such as 2026-12-25, or a weekday such as friday, which holds where no date does.
    pub(crate) day: Option<String>,
    /// Who is on duty.
    pub(crate) engineer: Option<String>,
    /// Takes the day out of the plan.
    #[arg(long, conflicts_with = "engineer", requires = "day")]
    pub(crate) remove: bool,
    #[arg(long, conflicts_with = "day")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
