//! What the checker says of what a channel shows: links, cards, labels, words that are read.

use dialgraph_flow::check;
use dialgraph_flow::testing::{self, Plugins};

/// A flow in English with these nodes: `name line:column` of each finding,
/// without what it declares in vain.
fn mistakes(nodes: &str) -> Vec<String> {
    let text = format!(
        "flow: main\nlocales: [en-US]\nattributes: {{n: number}}\nstart: a\nnodes:\n{nodes}"
    );
    let report = check(&testing::project(&[("main", &text)]), &Plugins::default()).report;
    let shown = report.diagnostics().iter().map(|d| {
        let at = report.sources().position(d.primary.span);
        format!("{} {}:{}", d.code.name(), at.line, at.column)
    });
    shown.filter(|one| !one.starts_with("unused-attribute")).collect()
}

#[test]
fn what_is_shown_leads_somewhere_and_says_what_it_is() {
    let said = |beside: &str| {
        mistakes(&format!(
            "  a:\n    say: {{en-US: Here.}}\n    {beside}\n    next: b\n  b: {{end: {{disposition: done}}}}\n"
        ))
    };
    let label = "label: {en-US: More}";
    assert_eq!(said(&format!("link: {{url: 'https://x.example/${{1 + 1}}', {label}}}")), [""; 0]);
    assert_eq!(said(&format!("link: {{url: 'tel:+8221234567', {label}}}")), [""; 0]);
    for url in ["x.example", "javascript:alert(1)", "/orders", "HTTPS://x.example"] {
        let told = said(&format!("link: {{url: '{url}', {label}}}"));
        assert_eq!(told, ["wrong-shape 8:17"], "{url}");
    }
    assert_eq!(said("link: {url: 'https://x.example'}"), ["missing-key 8:12"]);
    assert_eq!(
        said("card: {title: {ko-KR: 커피}, image: coffee.jpg}"),
        ["missing-locale 8:12", "unknown-locale 8:20", "wrong-shape 8:39"].map(str::to_owned)
    );
    let four = ["{url: 'https://x.example', label: {en-US: More}}"; 4].join(", ");
    let told = said(&format!("card: {{title: {{en-US: Coffee}}, buttons: [{four}]}}"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("too-large 8:"), "{told:?}");
}

#[test]
fn words_may_differ_by_medium_and_what_is_read_has_no_markup() {
    let said = |text: &str| {
        mistakes(&format!(
            "  a:\n    say: {{en-US: {text}}}\n    next: b\n  b: {{end: {{disposition: done}}}}\n"
        ))
    };
    assert_eq!(said("{voice: '<speak>Press 1.</speak>', text: Choose.}"), [""; 0]);
    assert_eq!(said("{voice: 'Press ${n}.', text: Choose.}"), [""; 0]);
    assert_eq!(said("{voice: Press 1., text: 'Choose ${n}.'}"), [""; 0]);
    assert_eq!(said("{voice: Press 1.}"), ["missing-key 7:19"]);
    assert_eq!(said("{voice: Press 1., text: '<speak>Choose.</speak>'}"), ["bad-prompt 7:42"]);
    assert_eq!(said("{voice: Press 1., text: 'Choose ${m}.'}"), ["unknown-variable 7:52"]);
    assert_eq!(said("{voice: Press 1., text: Choose., fax: Send.}"), ["unknown-key 7:51"]);
}

#[test]
fn labels_are_those_of_what_can_be_chosen_each_for_one_port() {
    let asked = |choices: &str| {
        mistakes(&format!(
            "  a:\n    ask:\n      prompt: {{en-US: Which?}}\n      expects: yes_no\n      menu: {{1: one}}\n      phrases: {{two: {{en-US: [number two]}}}}\n      choices: {{{choices}}}\n    on: {{one: b, two: b, yes: b, no: b, no_input: b, no_match: b}}\n  b: {{end: {{disposition: done}}}}\n"
        ))
    };
    let all =
        "one: {en-US: First}, two: {en-US: Second}, yes: {en-US: Pay}, no: {en-US: Do not pay}";
    assert_eq!(asked(all), [""; 0]);
    assert_eq!(asked("no_input: {en-US: Silent}"), ["unknown-port 12:17"]);
    assert_eq!(asked("on: {en-US: First}"), ["unknown-port 12:17"]);
    assert_eq!(asked("one: {ko-KR: 하나}"), ["missing-locale 12:17", "unknown-locale 12:23"]);
    assert_eq!(asked("one: {en-US: ' '}"), ["wrong-shape 12:30"]);
    for two in [" it", "It!", "I-T"] {
        let told = asked(&format!("one: {{en-US: It}}, two: {{en-US: '{two}'}}"));
        assert_eq!(told, ["ambiguous-phrase 12:48"], "{two}");
    }
    assert_eq!(asked("one: {en-US: 👍}, two: {en-US: 👎}"), [""; 0]);
    // The phrase and the key of another port.
    for one in ["Number two", "number, two!"] {
        assert_eq!(asked(&format!("one: {{en-US: '{one}'}}")), ["ambiguous-phrase 12:30"], "{one}");
    }
    assert_eq!(asked("two: {en-US: number two}, yes: {en-US: 1}"), ["ambiguous-phrase 12:56"]);
    assert_eq!(asked(&format!("one: {{en-US: {}}}", "가".repeat(80))), [""; 0]);
    assert_eq!(asked(&format!("one: {{en-US: {}}}", "가".repeat(81))), ["too-large 12:30"]);
}
