//! Answers are sentences of the passages, with their places; the provider keeps limits and
//! guardrails and says so where no passage fits.

use super::*;

fn passage(id: &str, title: &str, text: &str) -> Passage {
    Passage { id: id.into(), title: title.into(), text: text.into(), source: format!("{id}.md") }
}

fn request(question: &str) -> Request {
    Request {
        messages: vec![Message { role: "user".into(), text: question.into() }],
        passages: vec![
            passage(
                "mfa#1",
                "MFA 초기화",
                "MFA 기기를 잃어버리셨다면 초기화를 신청하실 수 있습니다. 신청서는 지원 포털에 있습니다. 날씨와는 상관이 없습니다.",
            ),
            passage(
                "bill#1",
                "청구 주기",
                "청구서는 다음 달 10일까지 보내 드립니다. 납부 기한은 말일입니다.",
            ),
        ],
        ..Request::default()
    }
}

fn ask(request: &Request) -> Response {
    LocalGenai::default().converse_now("ko-KR", request).unwrap()
}

#[test]
fn the_answer_is_the_sentences_that_fit_with_their_places() {
    let response = ask(&request("청구서는 언제 오나요?"));
    insta::assert_debug_snapshot!(response, @r#"
        Response {
            text: "청구서는 다음 달 10일까지 보내 드립니다. 납부 기한은 말일입니다.",
            stop_reason: "end-turn",
            usage: Usage {
                input_tokens: 98,
                output_tokens: 29,
                total_tokens: 127,
            },
            citations: [
                Citation {
                    passage: "bill#1",
                    start: 0,
                    end: 24,
                },
                Citation {
                    passage: "bill#1",
                    start: 25,
                    end: 38,
                },
            ],
            model: "extractive",
            trace: None,
            extra: [],
        }
        "#);
    let cited: Vec<String> = response
        .citations
        .iter()
        .map(|c| {
            response.text.chars().skip(c.start as usize).take((c.end - c.start) as usize).collect()
        })
        .collect();
    assert_eq!(cited.join(" "), response.text);
}

#[test]
fn what_no_passage_says_is_not_answered() {
    for question in ["강아지 사료 추천해 주세요", "주말 골프장 예약", "네"] {
        let response = ask(&request(question));
        assert_eq!(response.stop_reason, "no-answer", "{question}: {}", response.text);
        assert!(response.text.contains("찾지 못했습니다") && response.citations.is_empty());
    }
    let mut alone = request("청구서");
    alone.passages.clear();
    assert_eq!(ask(&alone).stop_reason, "no-answer");
    let english = LocalGenai::default().converse_now("en-US", &alone).unwrap();
    assert!(english.text.contains("do not know"));
}

#[test]
fn the_sentence_that_says_most_of_the_question_is_the_answer() {
    assert_eq!(ask(&request("청구서 납부 기한이 언제인가요?")).text, "납부 기한은 말일입니다.");
}

#[test]
fn another_form_of_a_verb_does_not_outweigh_the_words_that_fit() {
    let mut alone = request("기기를 바꿔서 MFA 인증이 안 됩니다");
    alone.passages.truncate(1);
    let response = ask(&alone);
    assert!(response.text.starts_with("MFA 기기를 잃어버리셨다면"), "{}", response.text);
}

#[test]
fn steps_below_a_heading_are_told_as_a_whole() {
    let steps =
        "1. Write to us.\n2. Sign, e.g. by 6 p.m. Korean time.\n3. Meet.\n4. Begin.\n\nGood luck.";
    let mut asked = request("what are the onboarding steps");
    asked.passages = vec![passage("new#2", "Onboarding steps", steps)];
    insta::assert_snapshot!(ask(&asked).text, @"1. Write to us. 2. Sign, e.g. by 6 p.m. Korean time. 3. Meet. 4. Begin.");
}

#[test]
fn a_short_question_leans_on_the_one_before() {
    let mut both = request("청구서는 언제 오나요?");
    both.messages.push(Message { role: "assistant".into(), text: "10일까지요.".into() });
    both.messages.push(Message { role: "user".into(), text: "납부는요?".into() });
    let response = ask(&both);
    assert!(response.text.contains("납부 기한은 말일입니다."), "{}", response.text);
}

#[test]
fn a_limit_of_tokens_keeps_whole_sentences_where_it_can() {
    let mut limited = request("청구서는 언제 오나요?");
    let all = ask(&limited);
    limited.inference.max_tokens = Some(all.usage.output_tokens - 1);
    let shorter = ask(&limited);
    assert_eq!(shorter.stop_reason, "max-tokens");
    assert!(all.text.starts_with(&shorter.text) && shorter.text.ends_with('.'));
    limited.inference.max_tokens = Some(3);
    let cut = ask(&limited);
    assert!(cut.usage.output_tokens <= 3 && !cut.text.is_empty());
    assert!(cut.citations.iter().all(|c| c.end <= cut.text.chars().count() as u32));
}

#[test]
fn a_stop_sequence_ends_the_answer() {
    let mut stopped = request("MFA 기기를 잃어버렸어요");
    stopped.inference.stop_sequences = vec!["신청서".into()];
    let response = ask(&stopped);
    assert_eq!(response.stop_reason, "stop-sequence");
    assert!(!response.text.contains("신청서"));
}

#[test]
fn a_guardrail_stops_question_and_answer() {
    let text = "
guardrail: default
denied_topics: {legal: [소송, lawsuit]}
denied_words: [기한]
message: {ko-KR: 그 주제는 상담원이 도와드립니다.}
";
    let genai = LocalGenai::new([Guardrail::parse("g", text).unwrap()]).unwrap();
    let response = genai.converse_now("ko-KR", &request("소송을 하려고 하는데요")).unwrap();
    assert_eq!(response.stop_reason, "guardrail-intervened");
    assert_eq!(response.text, "그 주제는 상담원이 도와드립니다.");
    insta::assert_snapshot!(response.trace.unwrap(), @r#"{"guardrail":"default","on":"input","topic":"legal"}"#);
    let response = genai.converse_now("ko-KR", &request("청구서는 언제 오나요")).unwrap();
    insta::assert_snapshot!(response.trace.unwrap(), @r#"{"guardrail":"default","on":"output","topic":"denied-words"}"#);
    let mut named = request("안녕");
    named.guardrail = Some("strict".into());
    insta::assert_snapshot!(genai.converse_now("ko-KR", &named).unwrap_err(), @"unknown-guardrail: there is no guardrail `strict`; add flows/guardrails/strict.guardrail.yaml");
}

#[test]
fn tokens_are_counted_by_the_documented_rule() {
    assert_eq!(count_tokens("환불은 3일"), 3 + 1 + 1);
    assert_eq!(count_tokens("production, please"), 3 + 1 + 2);
    assert_eq!(count_tokens(""), 0);
}

#[test]
fn a_request_that_breaks_the_rules_is_refused() {
    let genai = LocalGenai::default();
    let refusal = |request: &Request| genai.converse_now("ko-KR", request).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(&Request::default()), @"no-message: the last message must be a text of role `user`");
    insta::assert_snapshot!(refusal(&Request { model: Some("big".into()), ..request("a") }), @"unknown-model: there is no model `big`; the local provider has `extractive` alone");
    let mut long = request("a");
    long.passages[0].text = "가".repeat(30_000);
    insta::assert_snapshot!(refusal(&long), @"too-long: the passages have 90116 bytes; send at most 65536");
}
