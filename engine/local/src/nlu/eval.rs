//! Measures a bot on utterances that it was not trained on.

use std::collections::BTreeMap;
use std::fmt;

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::nlu::Request;

use super::LocalNlu;
use super::file::FALLBACK;
use crate::error::{LocalError, parse_yaml};

/// Locale to intent (`none` for what belongs to no intent) to utterances.
pub type HeldOut = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Reads a `*.heldout.yaml`; `file` is its name for messages.
///
/// # Errors
/// [`LocalError::Invalid`] if it is not that shape.
pub fn parse(file: &str, text: &str) -> Result<HeldOut, LocalError> {
    parse_yaml(file, text)
}

/// How good a bot is in each locale.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvalReport {
    /// By locale.
    pub locales: BTreeMap<String, LocaleReport>,
}

/// How good a bot is in one locale.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LocaleReport {
    /// Utterances of an intent, and how many of them were given that intent.
    pub in_scope: Score,
    /// Utterances of no intent, and how many of them were given `FallbackIntent`.
    pub out_of_scope: Score,
    /// In-scope utterances whose intent was ranked first, whatever the threshold.
    pub first_ranked: Score,
    /// Expected calibration error: the mean distance between confidence and share of right answers,
    /// over ten equal ranges of confidence, weighted by their number of utterances. 0 is perfect.
    pub calibration_error: f64,
    /// Each miss: utterance, right intent, intent given, confidence of the best intent.
    pub misses: Vec<(String, String, String, f64)>,
}

/// A count out of a total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// How many were right.
    pub right: u32,
    /// Of how many.
    pub total: u32,
}

impl Score {
    fn add(&mut self, right: bool) {
        self.right += u32::from(right);
        self.total += 1;
    }

    /// 0 to 1; 1 when there was nothing to get wrong.
    pub fn share(self) -> f64 {
        if self.total == 0 { 1.0 } else { f64::from(self.right) / f64::from(self.total) }
    }
}

/// Asks `bot` for every utterance.
///
/// # Errors
/// What [`dialgraph_kernel::provider::Nlu::recognize`] gives, such as an unknown locale.
pub fn evaluate(nlu: &LocalNlu, bot: &str, held_out: &HeldOut) -> Result<EvalReport, HostError> {
    let mut report = EvalReport::default();
    for (locale, intents) in held_out {
        let mut result = LocaleReport::default();
        let mut bins = [(0.0, 0.0, 0_u32); 10];
        for (intent, utterances) in intents {
            for utterance in utterances {
                let request = Request {
                    text: utterance.clone(),
                    bot: Some(bot.to_owned()),
                    ..Request::default()
                };
                let answer = nlu.recognize_now(locale, Timestamp::default(), &request)?;
                let given = &answer.interpretations[0].intent.name;
                let ranked = answer.interpretations.iter().find(|i| i.confidence.is_some());
                let (best, confidence) = ranked
                    .map_or((FALLBACK, 0.0), |i| (&i.intent.name, i.confidence.unwrap_or(0.0)));
                let right = if intent == "none" {
                    result.out_of_scope.add(given == FALLBACK);
                    given == FALLBACK
                } else {
                    result.first_ranked.add(best == intent);
                    result.in_scope.add(given == intent);
                    given == intent
                };
                let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
                bin.0 += confidence;
                bin.1 += f64::from(u8::from(best == intent));
                bin.2 += 1;
                if !right {
                    result.misses.push((
                        utterance.clone(),
                        intent.clone(),
                        given.clone(),
                        confidence,
                    ));
                }
            }
        }
        let total = f64::from(bins.iter().map(|bin| bin.2).sum::<u32>().max(1));
        result.calibration_error =
            bins.iter().map(|(confidence, right, _)| (confidence - right).abs() / total).sum();
        report.locales.insert(locale.clone(), result);
    }
    Ok(report)
}

impl fmt::Display for EvalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (locale, report) in &self.locales {
            let percent = |score: Score| {
                format!("{:.1} % ({}/{})", score.share() * 100.0, score.right, score.total)
            };
            writeln!(f, "{locale}")?;
            writeln!(f, "  right intent         {}", percent(report.in_scope))?;
            writeln!(f, "  ranked first         {}", percent(report.first_ranked))?;
            writeln!(f, "  rejected rightly     {}", percent(report.out_of_scope))?;
            writeln!(f, "  calibration error    {:.3}", report.calibration_error)?;
            for (utterance, right, given, confidence) in &report.misses {
                writeln!(f, "  miss: {utterance} — {right}, given {given} ({confidence:.2})")?;
            }
        }
        Ok(())
    }
}
