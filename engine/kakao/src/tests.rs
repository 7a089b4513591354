//! Whatever a flow says, KakaoTalk shows something of it, within its limits.

use dialgraph_kernel::directive::Then;
use dialgraph_kernel::plugin::{Accept, Speech};
use dialgraph_kernel::show::{Card, Choice, Link, Shown};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::SkillResponse;
use crate::testing::check;

fn asks(choices: Vec<Choice>) -> Then {
    Then::Ask(Accept {
        speech: true,
        digits: None,
        timeout_ms: 60_000,
        sensitive: false,
        hints: Vec::new(),
        choices,
    })
}

fn said(text: &str) -> Speech {
    Speech::new(text, false)
}

fn shown(text: &str, shown: Vec<Shown>) -> Speech {
    Speech { shown, ..said(text) }
}

fn link(url: &str, label: &str) -> Link {
    Link { url: url.to_owned(), label: label.to_owned() }
}

/// What Kakao gets, if it takes it.
fn response(say: &[Speech], then: &Then) -> Value {
    let response = serde_json::to_value(SkillResponse::of(say, then, "ko-KR")).unwrap();
    if let Err(why) = check(&response) {
        panic!("{why}: {response:#}");
    }
    response["template"].clone()
}

fn texts(template: &Value) -> Vec<&str> {
    let outputs = template["outputs"].as_array().unwrap();
    outputs.iter().filter_map(|output| output["simpleText"]["text"].as_str()).collect()
}

#[test]
fn a_question_has_a_quick_reply_for_each_choice() {
    let choices =
        vec![Choice::of("아메리카노"), Choice { label: "라떼".into(), value: "카페 라떼".into() }];
    assert_eq!(
        response(&[said("안녕하세요."), said("무엇을 드릴까요?")], &asks(choices)),
        json!({
            "outputs": [
                {"simpleText": {"text": "안녕하세요."}},
                {"simpleText": {"text": "무엇을 드릴까요?"}},
            ],
            "quickReplies": [
                {"label": "아메리카노", "action": "message", "messageText": "아메리카노"},
                {"label": "라떼", "action": "message", "messageText": "카페 라떼"},
            ],
        })
    );
}

#[test]
fn cards_have_pictures_titles_and_buttons_by_kind() {
    let card = |image: Option<&str>| {
        Shown::Card(Card {
            title: "아메리카노".into(),
            text: Some("4,500원".into()),
            image: image.map(str::to_owned),
            buttons: vec![
                link("https://cafe.example/menu", "메뉴 더 보기"),
                link("tel:+8221234567", "매장에 전화"),
            ],
        })
    };
    let buttons = json!([
        {"action": "webLink", "label": "메뉴 더 보기", "webLinkUrl": "https://cafe.example/menu"},
        {"action": "phone", "label": "매장에 전화", "phoneNumber": "+8221234567"},
    ]);
    let picture = Some("https://cafe.example/a.jpg");
    let template = response(&[shown("추천 메뉴입니다.", vec![card(picture)])], &Then::HangUp);
    assert_eq!(
        template["outputs"][1]["basicCard"],
        json!({"title": "아메리카노", "description": "4,500원", "thumbnail": {"imageUrl": "https://cafe.example/a.jpg"}, "buttons": buttons})
    );
    let template = response(&[shown("", vec![card(None)])], &Then::HangUp);
    assert_eq!(
        template["outputs"],
        json!([{"textCard": {"title": "아메리카노", "description": "4,500원", "buttons": buttons}}])
    );
}

#[test]
fn a_link_is_a_button_below_its_words_and_an_e_mail_address_stands_in_them() {
    let order = Shown::Link(link("https://cafe.example/o/1", "주문 보기"));
    let template = response(&[shown("주문되었습니다.", vec![order.clone()])], &Then::HangUp);
    let button = json!({"action": "webLink", "label": "주문 보기", "webLinkUrl": "https://cafe.example/o/1"});
    assert_eq!(
        template["outputs"][0]["textCard"],
        json!({"description": "주문되었습니다.", "buttons": [button]})
    );
    let mail = Shown::Link(link("mailto:help@cafe.example", "문의"));
    let template = response(&[shown("도와드릴까요?", vec![mail])], &Then::HangUp);
    assert_eq!(texts(&template), ["도와드릴까요?\n문의: mailto:help@cafe.example"]);
    // Words that no card holds keep a bubble of their own.
    let long = "가나다라 ".repeat(100);
    let template = response(&[shown(&long, vec![order])], &Then::HangUp);
    assert_eq!(texts(&template), [long.trim()]);
    assert_eq!(template["outputs"][1]["textCard"]["description"], "주문 보기");
}

#[test]
fn more_choices_than_ten_are_listed_in_words_and_so_are_those_that_look_the_same() {
    let many: Vec<_> = (1..=12).map(|n| Choice::of(format!("{n}번 메뉴"))).collect();
    let template = response(&[said("고르세요.")], &asks(many));
    assert_eq!(template["quickReplies"].as_array().unwrap().len(), 10);
    assert!(texts(&template)[1].ends_with("- 11번 메뉴\n- 12번 메뉴"));
    let alike = ["아주 따뜻한 아메리카노 큰 컵", "아주 따뜻한 아메리카노 작은 컵"].map(Choice::of);
    let template = response(&[said("고르세요.")], &asks(alike.to_vec()));
    assert_eq!(template["quickReplies"][0]["messageText"], "아주 따뜻한 아메리카노 큰 컵");
    assert!(texts(&template)[1].contains("작은 컵"));
}

#[test]
fn four_bubbles_become_three_and_nothing_of_them_is_lost() {
    let four = ["하나.", "둘.", "셋.", "넷?"].map(said);
    assert_eq!(texts(&response(&four, &asks(vec![]))), ["하나.\n\n둘.\n\n셋.\n\n넷?"]);
    let card = |title: &str| {
        let buttons = vec![link("https://x.example", "보기")];
        shown("", vec![Shown::Card(Card { title: title.into(), text: None, image: None, buttons })])
    };
    let say = [said("처음."), card("하나"), card("둘"), card("셋"), said("끝?")];
    let template = response(&say, &asks(vec![]));
    assert_eq!(template["outputs"].as_array().unwrap().len(), 3);
    assert_eq!(
        texts(&template),
        ["처음.\n\n하나\n보기: https://x.example\n\n둘\n보기: https://x.example", "끝?"]
    );
}

#[test]
fn of_too_many_words_the_beginning_and_the_question_are_kept() {
    let long = "이 문장은 길이를 재기 위해 되풀이됩니다. ".repeat(200);
    let template = response(&[said(&long), said("맞으신가요?")], &asks(vec![]));
    let texts = texts(&template);
    assert_eq!(texts.len(), 3);
    assert!(texts[1].ends_with('…'), "{}", texts[1]);
    assert!(texts[2].ends_with("맞으신가요?"));
}

#[test]
fn whoever_waits_or_is_queued_sees_what_to_press() {
    let template = response(&[said("확인하고 있습니다.")], &Then::Wait { ms: 2_000 });
    assert_eq!(template["quickReplies"][0]["messageText"], "계속하기");
    let then = Then::Transfer { number: "+8221234567".into(), within_ms: None };
    let template = response(&[said("연결합니다.")], &then);
    assert_eq!(template["outputs"][1]["textCard"]["buttons"][0]["phoneNumber"], "+8221234567");
    assert_eq!(texts(&response(&[], &Then::HangUp)), ["네, 확인했습니다."]);
    check(&serde_json::to_value(SkillResponse::sorry("ko-KR")).unwrap()).unwrap();
}

fn text() -> impl Strategy<Value = String> {
    ("[ a가.\n<&😀]{0,40}", 1_usize..60).prop_map(|(text, times)| text.repeat(times))
}

fn links() -> impl Strategy<Value = Link> {
    let url = prop_oneof![
        "https://[a-z]{1,9}\\.example",
        Just("tel:+8221234567".to_owned()),
        Just("mailto:a@b.example".to_owned())
    ];
    // A label has words: `check` sees to that.
    (url, "[a-z가]{1,30}").prop_map(|(url, label)| Link { url, label })
}

fn cards() -> impl Strategy<Value = Card> {
    let image = proptest::option::of(prop_oneof![
        Just("https://x.example/a.jpg".to_owned()),
        Just("tel:1".to_owned())
    ]);
    let title = ("[a가]", text()).prop_map(|(first, rest)| first + &rest);
    (title, proptest::option::of(text()), image, proptest::collection::vec(links(), 0..5))
        .prop_map(|(title, text, image, buttons)| Card { title, text, image, buttons })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn kakao_takes_whatever_is_said(
        say in proptest::collection::vec(
            (text(), any::<bool>(), proptest::collection::vec(prop_oneof![links().prop_map(Shown::Link), cards().prop_map(Shown::Card)], 0..4)),
            0..7,
        ),
        choices in proptest::collection::vec("[a-z가 ]{0,20}[a가]", 0..15),
        wait in any::<bool>(),
    ) {
        let say: Vec<_> = say.into_iter().map(|(text, ssml, shown)| Speech { shown, ..Speech::new(text, ssml) }).collect();
        let then = if wait { Then::Wait { ms: 1 } } else { asks(choices.into_iter().map(Choice::of).collect()) };
        for locale in ["ko-KR", "en-US"] {
            let response = serde_json::to_value(SkillResponse::of(&say, &then, locale)).unwrap();
            prop_assert_eq!(check(&response), Ok(()), "{:#}", response);
        }
    }
}
