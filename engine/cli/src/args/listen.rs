//! `dialgraph listen`.

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use dialgraph_base::phone::Country;
use dialgraph_flow::model::Expects;
use dialgraph_understanding::jiff::civil::Date;

use super::ProjectArgs;

/// Shows how an answer would be understood, and why.
///
/// With a flow, the answer is read as one of its nodes would: by the node's keys, phrases and
/// expected kind of answer. Without a flow, give the kind of answer. With labelled files, such as
/// those in `tests/understanding`, you get the share understood by kind, and each answer that was
/// not.
///
/// Exit codes: 0 everything was understood, in files as labelled; 1 something was not; 2 the
/// command could not try.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph listen \"아니 요금 말고 장애요\" --flow after-hours --node menu\n  dialgraph listen \"next Tuesday\" \"모레요\" --expects date --today 2026-11-20\n  dialgraph listen \"삼만 오천 원\" --expects money --country KR --json\n  dialgraph listen tests/understanding/seen",
    group = clap::ArgGroup::new("by").args(["flow", "expects"])
)]
pub(crate) struct ListenArgs {
    /// What a caller says or types. Without --flow and --expects: files with labelled answers
    /// (`*.yaml`), or folders of them.
    #[arg(required = true, value_name = "TEXT|FILE")]
    pub(crate) what: Vec<String>,
    /// The flow that asks the question, by name or file.
    #[arg(long, value_name = "FLOW", requires = "node")]
    pub(crate) flow: Option<String>,
    /// The node that asks the question.
    #[arg(long, value_name = "NODE", requires = "flow")]
    pub(crate) node: Option<String>,
    /// The language of the call; default: the project's first.
    #[arg(long, value_name = "LOCALE", requires = "flow")]
    pub(crate) locale: Option<String>,
    /// The kind of answer, without a flow.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) expects: Option<Expects>,
    /// The date of the call, for words such as `tomorrow`; default: today, with --flow in the
    /// project's time zone.
    #[arg(long, value_name = "YYYY-MM-DD", requires = "by")]
    pub(crate) today: Option<Date>,
    /// The country of telephone numbers without a country code, and of money without a name;
    /// default: the project's, if there is one.
    #[arg(long, value_name = "CODE", value_parser = country, requires = "by")]
    pub(crate) country: Option<Country>,
    /// Prints what was understood as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = Expects> {
    PossibleValuesParser::new(Expects::WORDS.iter().map(|(word, _)| *word)).try_map(|given| {
        let known = Expects::WORDS.iter().find(|(word, _)| *word == given);
        known.map(|(_, expects)| *expects).ok_or("no such kind of answer")
    })
}

fn country(code: &str) -> Result<Country, String> {
    Country::of(&code.to_ascii_uppercase())
        .ok_or_else(|| format!("`{code}` is no country; write its two letters, such as KR or US"))
}
