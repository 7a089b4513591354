//! `dialgraph tickets`.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::ServerArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum TicketsCommand {
    Ls(TicketsLsArgs),
    Show(TicketsShowArgs),
    Assign(TicketsAssignArgs),
    Comment(TicketsCommentArgs),
    Close(TicketsCloseArgs),
    Reopen(TicketsReopenArgs),
}

/// Lists tickets, the newest first.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph tickets ls\n  dialgraph tickets ls --assignee e-101 --status all"
)]
pub(crate) struct TicketsLsArgs {
    #[arg(long, value_enum, default_value_t = StatusArg::Open)]
    pub(crate) status: StatusArg,
    /// Only tickets of which this person is in charge.
    #[arg(long, value_name = "PERSON")]
    pub(crate) assignee: Option<String>,
    /// At most this many.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusArg {
    Open,
    Closed,
    All,
}

/// Shows a ticket and what people did with it.
#[derive(Debug, ClapArgs)]
pub(crate) struct TicketsShowArgs {
    /// Its id, such as T-000001.
    pub(crate) id: String,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Puts somebody in charge of a ticket.
#[derive(Debug, ClapArgs)]
pub(crate) struct TicketsAssignArgs {
    pub(crate) id: String,
    /// Who, such as an engineer's key.
    #[arg(required_unless_present = "nobody")]
    pub(crate) person: Option<String>,
    /// Takes it away from whoever is in charge.
    #[arg(long, conflicts_with = "person")]
    pub(crate) nobody: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Comments on a ticket.
#[derive(Debug, ClapArgs)]
pub(crate) struct TicketsCommentArgs {
    pub(crate) id: String,
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Closes a ticket.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  dialgraph tickets close T-000001 --comment 'The disk was replaced.'"
)]
pub(crate) struct TicketsCloseArgs {
    pub(crate) id: String,
    /// A last word.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Opens a closed ticket again.
#[derive(Debug, ClapArgs)]
pub(crate) struct TicketsReopenArgs {
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
