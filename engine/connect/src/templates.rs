//! Questions with buttons, as Amazon Connect's chat shows them: its templates for interactive
//! messages.
//!
//! A client cuts a text that is too long for it; everything else must keep the limits of the
//! [template](https://docs.aws.amazon.com/connect/latest/adminguide/interactive-messages.html), or
//! the message is not sent. Lex, whose code hook sends it, takes 1,024 characters.

use dialgraph_kernel::show::Choice;
use serde_json::{Value, json};

/// Elements of a quick reply.
const QUICK_REPLIES: std::ops::RangeInclusive<usize> = 2..=10;
/// Elements of a panel.
const PANEL: std::ops::RangeInclusive<usize> = 1..=10;
/// Characters of a label for which a quick reply has room in a row; longer ones stand below each
/// other in a panel.
const QUICK_LABEL: usize = 24;
/// Characters of a title that a client shows.
const MAX_TITLE: usize = 400;
/// Characters of a label that a client shows.
const MAX_LABEL: usize = 200;
/// Characters of a message that Lex passes on.
const MAX_MESSAGE: usize = 1_024;

/// A message with buttons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buttons {
    pub(crate) template: String,
    /// It holds the question; otherwise the question is to be said before.
    pub(crate) asks: bool,
}

/// The question with its buttons; none if no template has room for them.
pub(crate) fn buttons(question: &str, choices: &[Choice], locale: &str) -> Option<Buttons> {
    // What is pressed comes back as the words on the button, and nothing else does.
    if choices.iter().any(|choice| choice.label != choice.value) {
        return None;
    }
    let question = question.trim();
    let fits = !question.is_empty() && question.chars().count() <= MAX_TITLE;
    let whole = fits.then(|| template(question, choices)).flatten();
    let asks = whole.is_some();
    let template = whole.or_else(|| template(please_choose(locale), choices))?;
    Some(Buttons { template, asks })
}

fn template(title: &str, choices: &[Choice]) -> Option<String> {
    let longest = choices.iter().map(|choice| choice.label.chars().count()).max()?;
    let is_quick = longest <= QUICK_LABEL && QUICK_REPLIES.contains(&choices.len());
    if longest > MAX_LABEL || !(is_quick || PANEL.contains(&choices.len())) {
        return None;
    }
    let elements: Vec<Value> =
        choices.iter().map(|choice| json!({ "title": choice.label })).collect();
    let message = json!({
        "templateType": if is_quick { "QuickReply" } else { "Panel" },
        "version": "1.0",
        "data": { "content": { "title": title, "elements": elements } },
    })
    .to_string();
    (message.chars().count() <= MAX_MESSAGE).then_some(message)
}

fn please_choose(locale: &str) -> &'static str {
    match locale.split(['-', '_']).next() {
        Some("ko") => "선택해 주세요.",
        Some("en") => "Please choose.",
        // Every template must have a title.
        _ => "…",
    }
}

/// A question whose buttons cannot be shown, with what can be answered below it.
pub(crate) fn listed(question: &str, choices: &[Choice]) -> String {
    let labels = choices.iter().map(|choice| format!("• {}", choice.label));
    let question = Some(question.trim().to_owned()).filter(|question| !question.is_empty());
    question.into_iter().chain(labels).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(labels: &[&str]) -> Vec<Choice> {
        labels.iter().copied().map(Choice::of).collect()
    }

    fn shown(question: &str, labels: &[&str]) -> (Value, bool) {
        let Buttons { template, asks } = buttons(question, &choices(labels), "ko-KR").unwrap();
        assert!(template.chars().count() <= MAX_MESSAGE);
        (serde_json::from_str(&template).unwrap(), asks)
    }

    #[test]
    fn short_answers_are_quick_replies_and_long_or_single_ones_a_panel() {
        let (message, asks) = shown("맞으신가요?", &["예", "아니요"]);
        let wanted = json!({
            "templateType": "QuickReply",
            "version": "1.0",
            "data": {"content": {
                "title": "맞으신가요?",
                "elements": [{"title": "예"}, {"title": "아니요"}],
            }},
        });
        assert_eq!(message, wanted);
        assert!(asks);
        let long = "가".repeat(25);
        for labels in [vec!["예"], vec!["예", &long]] {
            assert_eq!(shown("맞으신가요?", &labels).0["templateType"], "Panel");
        }
    }

    #[test]
    fn a_long_question_is_said_before_its_buttons() {
        let (message, asks) = shown(&"가".repeat(401), &["예", "아니요"]);
        assert_eq!(message["data"]["content"]["title"], "선택해 주세요.");
        assert!(!asks);
        // Ten long labels and a long title do not fit into one message.
        let label = "나".repeat(80);
        let labels: Vec<String> = (0..10).map(|n| format!("{label}{n}")).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert!(!shown(&"가".repeat(300), &labels[..8]).1);
        assert_eq!(buttons("무엇을 도와드릴까요?", &choices(&labels), "ko-KR"), None);
    }

    #[test]
    fn what_no_template_has_room_for_is_listed() {
        let labels: Vec<String> = (1..=11).map(|n| n.to_string()).collect();
        let eleven: Vec<Choice> = labels.into_iter().map(Choice::of).collect();
        assert_eq!(buttons("Which?", &eleven, "en-US"), None);
        assert_eq!(listed("Which?", &eleven[..2]), "Which?\n• 1\n• 2");
        let other = [Choice { label: "Yes".into(), value: "1".into() }, Choice::of("No")];
        assert_eq!(buttons("Sure?", &other, "en-US"), None, "the words on it are what comes back");
        assert_eq!(buttons("Sure?", &[], "en-US"), None);
    }
}
