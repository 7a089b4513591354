//! `dialgraph init`, `completions` and `man`: what one does first.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::Shell;

/// Creates a project with a call script that passes.
///
/// The folder must be new or empty. The README in it explains its files and the next steps.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph init my-desk\n  dialgraph init my-desk --template support-desk\n  dialgraph init my-cafe --template cafe\n  cd my-desk && dialgraph call"
)]
pub(crate) struct InitArgs {
    /// The folder to create.
    #[arg(value_name = "NAME")]
    pub(crate) name: PathBuf,
    /// The template to start from.
    #[arg(long, value_enum, default_value_t = TemplateArg::Menu)]
    pub(crate) template: TemplateArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateArg {
    /// One flow that greets and brings the caller to a person.
    Empty,
    /// A menu of keys and words, an appointment by date and time, a call back.
    Menu,
    /// Opening hours, what the caller wants in their own words, a queue, a call back.
    SupportDesk,
    /// Orders in KakaoTalk and by telephone, points, payment with KakaoPay.
    Cafe,
}

/// Prints a completion script for your shell.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph completions bash > ~/.local/share/bash-completion/completions/dialgraph\n  dialgraph completions zsh > ~/.zfunc/_dialgraph    # a folder of your $fpath\n  dialgraph completions fish > ~/.config/fish/completions/dialgraph.fish"
)]
pub(crate) struct CompletionsArgs {
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Writes a manual page for each command into a folder.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph man ~/.local/share/man/man1 && man dialgraph-check")]
pub(crate) struct ManArgs {
    /// The folder, which is created if it does not exist.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}
