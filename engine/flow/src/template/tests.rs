//! Prompts put values into words of the locale and stay well-formed SSML whatever the values hold;
//! mistakes are pointed at, and null is never spoken.

use super::*;
use crate::expr::tests::{Fixture, fixture, types};
use proptest::prelude::*;
use serde_json::json;

fn compile(text: &str) -> Result<Prompt, Vec<(Locale, TemplateDiagnostic)>> {
    Prompt::compile(BTreeMap::from([("ko-KR".into(), text)]), &types())
}

fn render(text: &str) -> Result<Rendered, ExprError> {
    compile(text).unwrap_or_else(|found| panic!("{text}: {found:?}")).render(&fixture())
}

fn said(text: &str) -> String {
    render(text).unwrap_or_else(|error| panic!("{error}")).text
}

/// The only mistake in `text`, with the part that it points at.
fn mistake(text: &str) -> (TemplateProblem, String, String) {
    let mut found = compile(text).expect_err(text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    let (_, found) = found.remove(0);
    (found.problem, text[found.span].to_owned(), found.message)
}

#[test]
fn values_take_the_place_of_their_expressions() {
    assert_eq!(
        said("${josa(company, '은/는')} 지금까지 ${tries}번 전화하셨습니다."),
        "한빛은 지금까지 2번 전화하셨습니다."
    );
    assert_eq!(said("${company}"), "한빛");
    assert_eq!(said("아무 값도 없습니다."), "아무 값도 없습니다.");
    assert_eq!(said(""), "");
}

#[test]
fn an_expression_ends_at_its_own_brace() {
    assert_eq!(said("${ {'a': '}'}['a'] }!"), "}!");
    assert_eq!(said("${\"}\" + '{'}"), "}{");
}

#[test]
fn doubled_dollars_are_the_signs_themselves() {
    assert_eq!(said("$${tries} = ${tries}"), "${tries} = 2");
    assert_eq!(said("$5, $$, $"), "$5, $$, $");
}

#[test]
fn values_are_put_into_words_of_the_language() {
    assert_eq!(said("${customer.seats} ${1.50} ${open} ${queues}"), "3 1.5 예 general, billing");
    let texts = BTreeMap::from([("ko-KR".into(), "${open}"), ("en-US".into(), "${open} ${!open}")]);
    let prompt = Prompt::compile(texts, &types()).unwrap();
    let english = Fixture { locale: "en-US", ..fixture() };
    assert_eq!(prompt.render(&english).unwrap().text, "yes no");
    assert_eq!(prompt.render(&fixture()).unwrap().text, "예");
}

#[test]
fn null_is_not_spoken_without_a_default() {
    assert_eq!(
        render("${customer.phone}").unwrap_err().to_string(),
        "`customer.phone`: null cannot be spoken; `default(…, …)` gives words for that case"
    );
    assert_eq!(said("${default(customer.phone, '없음')}"), "없음");
    assert!(render("${customer[\"plan\"]} ").is_err());
    assert!(render("${[null]}").is_err());
}

#[test]
fn the_nearest_locale_is_spoken_and_named() {
    let texts = BTreeMap::from([
        ("en-US".into(), "Hello ${digits('1')}"),
        ("ko-KR".into(), "안녕 ${digits('1')}"),
    ]);
    let prompt = Prompt::compile(texts, &types()).unwrap();
    for (wanted, locale, text) in [
        ("ko-KR", "ko-KR", "안녕 일"),
        ("ko", "ko-KR", "안녕 일"),
        ("en-GB", "en-US", "Hello one"),
        ("ja-JP", "en-US", "Hello one"),
    ] {
        let scope = Fixture { locale: wanted, ..fixture() };
        let rendered = prompt.render(&scope).unwrap();
        assert_eq!((&*rendered.locale, rendered.text.as_str()), (locale, text));
    }
    let locales: Vec<&str> = prompt.locales().map(|locale| &**locale).collect();
    assert_eq!(locales, ["en-US", "ko-KR"]);
}

#[test]
fn values_in_ssml_are_escaped_and_texts_are_not() {
    let scope = Fixture { variables: json!({"company": "<A&B> \"'\u{7}"}), locale: "ko-KR" };
    let text =
        "\n<speak>R&amp;D <sub alias=\"${company}\">${company}</sub><break time=\"1s\"/></speak>\n";
    let rendered = compile(text).unwrap().render(&scope).unwrap();
    assert!(rendered.ssml);
    let value = "&lt;A&amp;B&gt; &quot;&apos;";
    assert_eq!(
        rendered.text,
        format!("<speak>R&amp;D <sub alias=\"{value}\">{value}</sub><break time=\"1s\"/></speak>")
    );
    let plain = compile("${company}").unwrap().render(&scope).unwrap();
    assert_eq!((plain.text.as_str(), plain.ssml), ("<A&B> \"'\u{7}", false));
}

#[test]
fn elements_of_polly_are_known() {
    let text = "<speak><amazon:effect name=\"whispered\">쉿</amazon:effect><lang xml:lang=\"en-US\">hi</lang>\
        <prosody rate=\"slow\"><p><s>느리게</s></p></prosody><say-as interpret-as=\"digits\">${account_id}</say-as></speak>";
    assert!(render(text).unwrap().ssml);
}

#[test]
fn ssml_that_is_not_well_formed_is_pointed_at() {
    for (text, place) in [
        ("<speak>한글 <p>열림</speak>", "<"),
        ("<speak>R&D</speak>", "&"),
        ("<speak>a &nbsp; b</speak>", "&"),
        ("<speak><break time=1s/></speak>", "1"),
        ("<speak>끝", "<"),
        ("<speak>a</speak> b", "b"),
        ("<speak><![CDATA[a]]></speak>", "<!"),
        ("<speak><!-- ${company} --></speak>", "<!"),
    ] {
        let (problem, at, message) = mistake(text);
        assert_eq!(problem, TemplateProblem::Ssml, "{text}");
        assert_eq!(at, place, "{text}: {message}");
    }
}

#[test]
fn values_may_not_make_names_of_elements_or_attributes() {
    for text in [
        "<speak><${company}>a</${company}></speak>",
        "<speak><break ${company}=\"1s\"/></speak>",
        "<speak><break time=${company}/></speak>",
    ] {
        assert_eq!(mistake(text).0, TemplateProblem::Ssml, "{text}");
    }
}

#[test]
fn unknown_elements_are_pointed_at_with_the_nearest() {
    let found = compile("<speak>한글 <brake time=\"1s\"/> ${company} <blink>a</blink></speak>")
        .unwrap_err();
    let found: Vec<&TemplateDiagnostic> = found.iter().map(|(_, one)| one).collect();
    assert_eq!(found[0].problem, TemplateProblem::UnknownTag);
    assert_eq!(found[0].suggestion.as_deref(), Some("break"));
    assert_eq!(found[0].span, 15..20);
    assert_eq!(found[1].message, "speech engines know no element `<blink>`");
}

#[test]
fn ssml_in_a_plain_text_would_be_heard_as_it_stands() {
    let (problem, at, _) = mistake("잠시만요 <break time=\"1s\"/> 네");
    assert_eq!((problem, at.as_str()), (TemplateProblem::Ssml, "<break time=\"1s\"/>"));
    assert_eq!(said("a < b, p > q, <3"), "a < b, p > q, <3");
}

#[test]
fn mistakes_in_expressions_are_pointed_at_within_the_text() {
    let (problem, at, message) = mistake("안녕하세요 ${compny} 고객님");
    assert_eq!(problem, TemplateProblem::Expr(ExprProblem::UnknownVariable));
    assert_eq!((at.as_str(), message.as_str()), ("compny", "there is no variable `compny` here"));
    assert_eq!(mistake("안녕 ${}").0, TemplateProblem::Expr(ExprProblem::Syntax));
    let (problem, at, message) = mistake("회사: ${customer}");
    assert_eq!(problem, TemplateProblem::Expr(ExprProblem::TypeMismatch));
    assert_eq!(
        (at.as_str(), message.as_str()),
        ("customer", "`customer` is a map, which cannot be spoken")
    );
    assert_eq!(mistake("${null}").1, "null");
}

#[test]
fn an_open_brace_is_pointed_at() {
    assert_eq!(mistake("안녕 ${company").1, "${");
    assert_eq!(mistake("안녕 ${\"company}").1, "${");
}

#[test]
fn a_text_has_a_greatest_length_in_characters() {
    assert!(compile(&"가".repeat(MAX_TEMPLATE)).is_ok());
    let (problem, at, _) = mistake(&"가".repeat(MAX_TEMPLATE + 2));
    assert_eq!((problem, at.as_str()), (TemplateProblem::TooLong, "가가"));
}

#[test]
fn mistakes_of_all_locales_are_told_at_once() {
    let texts = BTreeMap::from([("en-US".into(), "${a} ${b}"), ("ko-KR".into(), "${c}")]);
    let found = Prompt::compile(texts, &types()).unwrap_err();
    let locales: Vec<&str> = found.iter().map(|(locale, _)| &**locale).collect();
    assert_eq!(locales, ["en-US", "en-US", "ko-KR"]);
}

#[test]
fn ssml_is_shown_as_its_words() {
    let text = "<speak>Hello<break time='1s'/>there,\n <sub alias='A W S'>AWS</sub> &amp; \
                <amazon:effect name='whispered'>you</amazon:effect></speak>";
    assert_eq!(ssml_as_text(text), "Hello there, AWS & you");
    assert_eq!(ssml_as_text("<speak>left open"), "<speak>left open");
}

#[test]
fn ssml_is_read_with_its_elements_places_and_spoken_characters() {
    let text = "<speak>R&amp;D <prosody amazon:max-duration=\"2s\" rate='slow'>빨리</prosody>\n\
                <amazon:effect name=\"drc\">amazon:</amazon:effect></speak>";
    let Ssml { elements, characters } = read_ssml(text).unwrap();
    let names: Vec<&str> = elements.iter().map(|element| &text[element.span.clone()]).collect();
    assert_eq!(names, ["speak", "prosody", "amazon:effect"]);
    assert!(elements.iter().all(|element| text[element.span.clone()] == *element.name));
    let duration = ("amazon:max-duration".to_owned(), "2s".to_owned());
    assert_eq!(elements[1].attributes, [duration, ("rate".to_owned(), "slow".to_owned())]);
    assert_eq!(characters, "R&D 빨리\namazon:".chars().count());
    assert_eq!(ssml_as_text(text), "R&D 빨리 amazon:");
    assert!(render(text).unwrap().ssml, "the checker takes attributes of Amazon's, too");
}

#[test]
fn a_prompt_is_fixed_if_no_value_is_inserted() {
    let texts =
        BTreeMap::from([("en-US".into(), "Hello, ${company}"), ("ko-KR".into(), "안녕 $${")]);
    let prompt = Prompt::compile(texts, &types()).unwrap();
    assert_eq!(prompt.fixed("ko-KR").unwrap().text, "안녕 ${");
    assert_eq!(prompt.fixed("en-US"), None);
    assert_eq!(prompt.fixed("ko"), None, "another locale's words are not this one's");
}

#[test]
fn a_value_in_an_address_stays_the_part_that_its_place_says() {
    for (address, value, expected) in [
        (
            "https://shop.example.com/orders/${company}",
            json!("A-7_~."),
            "https://shop.example.com/orders/A-7_~.",
        ),
        (
            "https://shop.example.com/o/${company}?x=1",
            json!("a/../?b=#c&d %"),
            "https://shop.example.com/o/a%2F..%2F%3Fb%3D%23c%26d%20%25?x=1",
        ),
        (
            "https://shop.example.com/?q=${company}",
            json!("푸른"),
            "https://shop.example.com/?q=%ED%91%B8%EB%A5%B8",
        ),
        ("https://shop.example.com/${company}", json!(4500), "https://shop.example.com/4500"),
        (
            "${company}/menu?a=${company}",
            json!("https://shop.example.com:8443/a?b=c"),
            "https://shop.example.com:8443/a?b=c/menu?a=https%3A%2F%2Fshop.example.com%3A8443%2Fa%3Fb%3Dc",
        ),
        ("tel:${company}", json!("+821000000000"), "tel:+821000000000"),
        (
            "mailto:${company}?subject=${company}",
            json!("a b@shop.example"),
            "mailto:a%20b@shop.example?subject=a%20b@shop.example",
        ),
    ] {
        let scope = Fixture { variables: json!({"company": value}), locale: "ko-KR" };
        let texts = BTreeMap::from([("und".into(), address)]);
        let prompt = Prompt::compile(texts, &types()).unwrap();
        assert_eq!(prompt.render_address(&scope).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_with_a_place_or_compiled(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("${"), Just("}"), Just("$"), Just("{"), Just("<speak>"), Just("</speak>"), Just("<p>"),
                Just("</p>"), Just("<"), Just("&"), Just("&amp;"), Just("company"), Just("'"), Just("한글"),
                Just(" "), Just("\n"), Just("amazon:"), Just("<break/>"), Just("/>"), Just("]]>"),
            ],
            0..20,
        ),
        speak in any::<bool>(),
    ) {
        let text = if speak { format!("<speak>{}</speak>", pieces.concat()) } else { pieces.concat() };
        if let Err(found) = compile(&text) {
            prop_assert!(!found.is_empty());
            for (_, one) in found {
                prop_assert!(text.get(one.span.clone()).is_some(), "{text:?}: {one:?}");
            }
        }
    }

    /// Whatever a caller or a plugin puts into an attribute, the SSML around it stays well-formed.
    #[test]
    fn no_value_breaks_ssml(value in any::<String>()) {
        let scope = Fixture { variables: json!({"company": value}), locale: "ko-KR" };
        let text = "<speak><sub alias='${company}'>${company}</sub></speak>";
        let rendered = compile(text).unwrap().render(&scope).unwrap();
        prop_assert!(roxmltree::Document::parse(&rendered.text).is_ok(), "{}", rendered.text);
    }
}
