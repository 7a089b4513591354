//! The shipped bot understands sentences that it has not seen and rejects others, training gives
//! the same bits everywhere, and slots that are required are asked for.

use super::*;
use crate::nlu::file::BotFile;

fn shipped(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk/intents");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn shipped_bot() -> LocalNlu {
    let file = BotFile::parse("default.intents.yaml", &shipped("default.intents.yaml")).unwrap();
    LocalNlu::new([file]).unwrap()
}

fn ask(nlu: &LocalNlu, locale: &str, request: &Request) -> Recognition {
    // Friday, 2026-11-20 10:00 in Seoul.
    nlu.recognize_now(locale, Timestamp(1_795_136_400_000), request).unwrap()
}

fn said(text: &str) -> Request {
    Request { text: text.to_owned(), ..Request::default() }
}

#[test]
fn the_shipped_bot_is_measured_on_sentences_that_it_has_not_seen() {
    let held_out = eval::parse("default.heldout.yaml", &shipped("default.heldout.yaml")).unwrap();
    let report = eval::evaluate(&shipped_bot(), DEFAULT_BOT, &held_out).unwrap();
    println!("{report}");
    assert_eq!(report.locales.len(), 2);
    for (locale, result) in &report.locales {
        assert!(result.in_scope.total >= 50, "{locale}: too few sentences to say anything");
        assert!(result.in_scope.share() >= 0.9, "{locale}: {report}");
        assert!(result.out_of_scope.share() >= 0.75, "{locale}: {report}");
        assert!(result.calibration_error <= 0.2, "{locale}: {report}");
    }
}

#[test]
fn sentences_about_quite_other_things_are_mostly_rejected() {
    let held_out =
        eval::parse("off_topic.heldout.yaml", include_str!("tests/off_topic.heldout.yaml"));
    let report = eval::evaluate(&shipped_bot(), DEFAULT_BOT, &held_out.unwrap()).unwrap();
    println!("{report}");
    for (locale, result) in &report.locales {
        assert!(result.out_of_scope.total >= 20, "{locale}: too few sentences to say anything");
        assert!(result.out_of_scope.share() >= 0.75, "{locale}: {report}");
    }
}

#[test]
fn no_held_out_sentence_is_a_sample_utterance() {
    let file = BotFile::parse("f", &shipped("default.intents.yaml")).unwrap();
    let held_out = eval::parse("h", &shipped("default.heldout.yaml")).unwrap();
    for (locale, intents) in &held_out {
        let known: BTreeSet<Vec<String>> = file.locales[locale]
            .intents
            .values()
            .flat_map(|intent| &intent.value.utterances)
            .map(|utterance| text::words(&utterance.value))
            .chain(background::sentences(locale).iter().map(|sentence| text::words(sentence)))
            .collect();
        for sentence in intents.values().flatten() {
            assert!(!known.contains(&text::words(sentence)), "{sentence} is in the training data");
        }
    }
}

const SMALL: &str = "
bot: shop
none_threshold: 0.05
time_zone: Asia/Seoul
locales:
  ko-KR:
    slot_types:
      Drink: {values: [{value: coffee, synonyms: [커피, 아메리카노]}, {value: tea, synonyms: [차, 홍차]}]}
    intents:
      Order:
        utterances: [\"{Drink} 주세요\", \"{Drink} {Count} 주문할게요\", 주문하고 싶어요, 마실 것 좀 주세요]
        slots:
          Count: {type: number, required: true, prompt: 몇 잔 드릴까요?}
          Drink: {type: Drink, required: true, multiple: true, prompt: 무엇을 드릴까요?}
      Hours:
        utterances: [언제 열어요, 몇 시에 닫아요, 영업시간 알려 주세요, \"{Day} 열어요\"]
        slots: {Day: date}
";

fn small() -> LocalNlu {
    LocalNlu::new([BotFile::parse("shop.intents.yaml", SMALL).unwrap()]).unwrap()
}

#[test]
fn training_gives_the_same_bits_everywhere() {
    let request = Request { bot: Some("shop".into()), ..said("홍차 두 잔 주문이요") };
    let first = ask(&small(), "ko-KR", &request);
    assert_eq!(first, ask(&small(), "ko-KR", &request));
    let bits: Vec<String> = first
        .interpretations
        .iter()
        .map(|i| format!("{} {:x}", i.intent.name, i.confidence.unwrap_or(0.0).to_bits()))
        .collect();
    insta::assert_snapshot!(bits.join(", "), @"Order 3fb33bf353509bd1, Hours 3f8fd9c86b914abd");
}

#[test]
fn an_answer_has_slots_resolved_and_asks_for_the_required_one() {
    let request =
        Request { bot: Some("shop".into()), ..said("아메리카노랑 홍차 주세요") };
    let answer = ask(&small(), "ko-KR", &request);
    insta::assert_snapshot!(serde_json::to_string_pretty(&(&answer.interpretations[0].intent, &answer.session.action, &answer.session.slot_to_elicit, &answer.messages)).unwrap(), @r#"
        [
          {
            "name": "Order",
            "state": "in-progress",
            "confirmation": "none",
            "slots": [
              {
                "path": "Count",
                "shape": "scalar",
                "value": null
              },
              {
                "path": "Drink",
                "shape": "list",
                "value": null
              },
              {
                "path": "Drink[0]",
                "shape": "scalar",
                "value": {
                  "original": "아메리카노",
                  "interpreted": "coffee",
                  "resolved": [
                    "coffee"
                  ]
                }
              },
              {
                "path": "Drink[1]",
                "shape": "scalar",
                "value": {
                  "original": "홍차",
                  "interpreted": "tea",
                  "resolved": [
                    "tea"
                  ]
                }
              }
            ]
          },
          "elicit-slot",
          "Count",
          [
            {
              "content_type": "plain-text",
              "content": "몇 잔 드릴까요?"
            }
          ]
        ]
        "#);

    let next = Request {
        session: Some(answer.session),
        ..Request { bot: Some("shop".into()), ..said("3잔이요") }
    };
    let answer = ask(&small(), "ko-KR", &next);
    let intent = &answer.interpretations[0].intent;
    assert_eq!((intent.name.as_str(), intent.state.as_str()), ("Order", "ready-for-fulfillment"));
    let filled: Vec<&str> =
        intent.slots.iter().filter_map(|s| Some(s.value.as_ref()?.interpreted.as_str())).collect();
    assert_eq!(filled, ["3", "coffee", "tea"]);
    assert_eq!(answer.session.action.as_deref(), Some("close"));
}

#[test]
fn a_date_is_understood_in_the_zone_of_the_bot() {
    let request = Request { bot: Some("shop".into()), ..said("내일 열어요?") };
    let answer = ask(&small(), "ko-KR", &request);
    let slot = &answer.interpretations[0].intent.slots[0];
    assert_eq!(slot.value.as_ref().unwrap().interpreted, "2026-11-21");
}

#[test]
fn what_fits_no_intent_gets_the_fallback_without_confidence() {
    let answer = ask(&shipped_bot(), "ko-KR", &said("할머니 댁에 김장하러 가요"));
    assert_eq!(answer.interpretations[0].intent.name, FALLBACK);
    assert_eq!(answer.interpretations[0].confidence, None);
    assert!(answer.interpretations[1].confidence.unwrap() < DEFAULT_NONE_THRESHOLD);
}

#[test]
fn a_bot_understands_its_language_however_the_locale_is_spelled() {
    let nlu = small();
    let request = Request { bot: Some("shop".into()), ..said("안녕") };
    let answer = |locale| nlu.recognize_now(locale, Timestamp(0), &request);
    for spelling in ["ko_KR", "KO-kr", "ko", "ko-KP"] {
        assert_eq!(answer(spelling), answer("ko-KR"), "{spelling}");
    }
    assert!(answer("en-US").is_err());
}

#[test]
fn wrong_requests_are_refused_with_a_way_out() {
    let nlu = small();
    let refusal = |locale, request: &Request| {
        nlu.recognize_now(locale, Timestamp(0), request).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal("ko-KR", &said("안녕")), @"unknown-bot: there is no bot `default`; known: shop; add flows/intents/default.intents.yaml");
    let to_shop = |text: &str| Request { bot: Some("shop".into()), ..said(text) };
    insta::assert_snapshot!(refusal("en-US", &to_shop("hello")), @"unknown-locale: bot `shop` has no locale `en-US`; it has ko-KR");
    insta::assert_snapshot!(refusal("ko-KR", &to_shop("  ")), @"bad-text: the text has 2 characters; send 1 to 1024");
    insta::assert_snapshot!(refusal("ko-KR", &to_shop(&"가".repeat(1025))), @"bad-text: the text has 1025 characters; send 1 to 1024");
}
