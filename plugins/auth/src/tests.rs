//! An account number is keyed or spoken, confirmed and looked up; nothing is claimed that records
//! do not show, a person is always in reach, and no digit is logged.

use dialgraph_plugin::HostError;
use dialgraph_plugin::testing::{TestCall, check, check_holds, check_schemas};
use serde_json::{Value, json};

use crate::Auth;

const NUMBER: &str = "111122223333";

/// A call from a number that nobody has, with one customer.
fn call() -> TestCall<Auth> {
    with(json!({}))
}

fn with(mut config: Value) -> TestCall<Auth> {
    config["collection"] = json!("customers");
    let call = TestCall::new(config).caller(Some("+821000000999"));
    call.host().record(
        "customers",
        "c-001",
        json!({"aws_account_id": NUMBER, "contact_info": {"phone": "+82-10-0000-0101"}}),
    );
    call
}

fn down() -> HostError {
    HostError::unavailable("down", "the records are being serviced")
}

#[test]
fn the_schemas_are_those_of_the_types() {
    check_schemas::<Auth>();
}

#[test]
fn a_number_that_is_keyed_and_confirmed_is_verified() {
    let mut call = call();
    let ask = call.enter();
    assert!(ask.heard().contains("12자리"), "{}", ask.heard());
    assert!(ask.asked().speech && !ask.asked().sensitive);
    let digits = ask.asked().digits.unwrap();
    assert_eq!((digits.min, digits.max, digits.terminator), (1, 12, Some('#')));

    let confirm = call.press(NUMBER);
    assert!(
        confirm.heard().contains("일 일 일 일, 이 이 이 이, 삼 삼 삼 삼"),
        "{}",
        confirm.heard()
    );
    let done = call.press("1");
    assert_eq!(done.port(), "verified");
    assert_eq!(
        *done.output(),
        json!({
            "account_id": NUMBER, "verified": true, "checked": true, "cached": false,
            "method": "keys", "customer": "c-001", "failures": 0
        })
    );
}

#[test]
fn a_number_can_be_spoken_in_korean_and_in_english() {
    for (locale, number, yes) in [
        ("ko-KR", "일일일일 이이이이 삼삼삼삼이요", "네 맞아요"),
        ("en-US", "triple one one, double two double two, three three double three", "yes"),
    ] {
        let mut call = call().locale(locale);
        call.enter();
        let confirm = call.say(number);
        let read = if locale == "ko-KR" { "삼 삼 삼 삼" } else { "three three three three" };
        assert!(confirm.heard().contains(read), "{}", confirm.heard());
        let done = call.say(yes);
        assert_eq!(done.port(), "verified");
        assert_eq!(done.output()["method"], "speech");
    }
}

#[test]
fn a_number_that_was_misheard_is_asked_again() {
    let mut call = call();
    call.enter();
    call.say("일일일일 이이이이 사사사사");
    let again = call.say("아니요");
    assert!(again.heard().starts_with("네, 다시 확인하겠습니다."), "{}", again.heard());
    call.press(NUMBER);
    assert_eq!(call.press("1").output()["failures"], 1);
}

#[test]
fn a_correction_in_the_answer_is_the_next_number() {
    let mut call = call();
    call.enter();
    call.press("444455556666");
    let confirm = call.say("아니요, 1111 2222 3333이에요");
    assert!(confirm.heard().contains("일 일 일 일"), "{}", confirm.heard());
    assert_eq!(call.say("네").output()["account_id"], NUMBER);
}

#[test]
fn three_vain_tries_by_speech_change_to_keys_and_three_more_fail() {
    let mut call = call();
    call.enter();
    let first = call.say("여보세요");
    assert!(first.heard().contains("알아듣지 못했습니다"), "{}", first.heard());
    let second = call.silence();
    assert!(second.heard().contains("여전히 들리지 않습니다"), "{}", second.heard());
    let keys = call.say("일이삼");
    assert!(keys.heard().contains("전화기 버튼"), "{}", keys.heard());
    assert!(!keys.asked().speech, "keys only");

    let short = call.press("123");
    assert!(short.heard().contains("3자리로"), "{}", short.heard());
    call.silence();
    let done = call.silence();
    assert_eq!(done.port(), "failed");
    assert_eq!(done.output()["account_id"], Value::Null);
    assert_eq!(done.output()["failures"], 6);
}

#[test]
fn keys_still_work_after_the_change() {
    let mut call = with(json!({"tries": 1}));
    call.enter();
    call.silence();
    call.press(NUMBER);
    assert_eq!(call.press("1").port(), "verified");
}

#[test]
fn without_speech_only_keys_are_taken_on_the_phone_and_words_in_a_chat() {
    let mut phone = with(json!({"speech": false}));
    assert!(!phone.enter().asked().speech);
    let mut chat = with(json!({"speech": false})).channel("chat");
    assert!(chat.enter().asked().speech);
    assert_eq!(chat.enter().asked().hints, ["상담원 연결"]);
    let confirm = chat.say("1111-2222-3333");
    assert_eq!(confirm.asked().hints, ["네", "아니요"]);
    assert!(confirm.heard().contains("1111 2222 3333"), "{}", confirm.heard());
    assert_eq!(chat.say("네").port(), "verified");
}

#[test]
fn a_person_is_one_word_or_one_key_away_at_every_step() {
    for answer in ["0", "상담원 연결해 주세요"] {
        let give = |call: &mut TestCall<Auth>| match answer {
            "0" => call.press("0"),
            words => call.say(words),
        };
        let mut collecting = call();
        collecting.enter();
        assert_eq!(give(&mut collecting).port(), "agent");
        let mut confirming = call();
        confirming.enter();
        confirming.press(NUMBER);
        assert_eq!(give(&mut confirming).port(), "agent");
        let mut recognized = call().caller(Some("+821000000101"));
        recognized.enter();
        assert_eq!(give(&mut recognized).port(), "agent");
    }
}

#[test]
fn an_unclear_confirmation_is_asked_once_more_and_then_counts_as_vain() {
    let mut call = call();
    call.enter();
    call.press(NUMBER);
    let again = call.silence();
    assert!(again.heard().contains("일 일 일 일"), "{}", again.heard());
    let collect = call.say("음");
    assert!(collect.heard().contains("12자리"), "{}", collect.heard());
}

#[test]
fn a_number_that_nobody_has_is_unverified_or_asked_again_as_configured() {
    let mut once = call();
    once.enter();
    once.press("999988887777");
    let done = once.press("1");
    assert_eq!(done.port(), "unverified");
    assert_eq!(done.output()["account_id"], "999988887777");
    assert_eq!(
        (&done.output()["verified"], &done.output()["checked"]),
        (&json!(false), &json!(true))
    );

    let mut twice = with(json!({"retry_unknown": 1, "confirm": "never"}));
    twice.enter();
    let again = twice.press("999988887777");
    assert!(again.heard().contains("찾지 못했습니다"), "{}", again.heard());
    assert_eq!(twice.press("999988887777").port(), "unverified");
}

#[test]
fn a_number_stored_in_groups_is_found_too() {
    let mut call = with(json!({"confirm": "never"}));
    call.host().record("customers", "c-002", json!({"aws_account_id": "4444-5555-6666"}));
    call.enter();
    assert_eq!(call.press("444455556666").output()["customer"], "c-002");
}

#[test]
fn confirmation_can_be_left_out_for_keys() {
    let mut call = with(json!({"confirm": "speech"}));
    call.enter();
    assert_eq!(call.press(NUMBER).port(), "verified");
    call.enter();
    assert!(call.say(NUMBER).heard().contains("일 일 일 일"));
}

#[test]
fn a_caller_known_by_the_number_only_says_yes() {
    let mut call = call().caller(Some("+821000000101"));
    let offer = call.enter();
    assert!(offer.heard().contains("삼 삼 삼 삼"), "{}", offer.heard());
    assert!(!offer.heard().contains("일 일"), "the rest is not read out: {}", offer.heard());
    let done = call.say("네");
    assert_eq!(done.port(), "verified");
    assert_eq!(done.output()["method"], "caller");
    assert_eq!(done.output()["account_id"], NUMBER);
}

#[test]
fn a_known_caller_may_mean_another_account() {
    let mut call = call().caller(Some("+821000000101"));
    call.host().record("customers", "c-002", json!({"aws_account_id": "444455556666"}));
    call.enter();
    let ask = call.press("2");
    assert!(ask.heard().contains("12자리"), "{}", ask.heard());
    call.press("444455556666");
    assert_eq!(call.press("1").output()["customer"], "c-002");

    call.enter();
    let confirm = call.say("사사사사 오오오오 육육육육");
    assert!(confirm.heard().contains("사 사 사 사"), "{}", confirm.heard());
}

#[test]
fn nobody_is_recognized_when_two_have_the_number_or_it_is_withheld() {
    let mut shared = call().caller(Some("+821000000101"));
    shared.host().record(
        "customers",
        "c-002",
        json!({"aws_account_id": "444455556666", "contact_info": {"phone": "+82-10-0000-0101"}}),
    );
    assert!(shared.enter().heard().contains("12자리"));
    let mut withheld = call().caller(None);
    assert!(withheld.enter().heard().contains("12자리"));
    let mut off = with(json!({"recognize_caller": false})).caller(Some("+821000000101"));
    assert!(off.enter().heard().contains("12자리"));
    let mut given = call().input(json!({"caller": "010-0000-0101"}));
    assert!(given.enter().heard().contains("끝자리"));
}

#[test]
fn when_records_are_down_the_last_known_ones_verify_and_else_nothing_is_claimed() {
    let mut known = with(json!({"confirm": "never"}));
    known.host().fail_records(down());
    known.enter();
    let done = known.press(NUMBER);
    assert_eq!((done.port(), &done.output()["cached"]), ("verified", &json!(true)));

    known.enter();
    let done = known.press("999988887777");
    assert_eq!(done.port(), "unchecked");
    assert_eq!(done.output()["checked"], false);
    assert_eq!(done.output()["account_id"], "999988887777");

    known.host().fail_last_known(down());
    known.enter();
    assert_eq!(known.press(NUMBER).port(), "unchecked");
}

#[test]
fn a_refusal_by_the_records_is_an_error_that_names_its_cause() {
    let mut call = with(json!({"confirm": "never"}));
    call.host()
        .fail_records(HostError::denied("not-granted", "collection `customers` is not granted"));
    let error = call.enter();
    assert_eq!(error.error().info().code, "not-granted");
}

#[test]
fn no_digit_is_logged() {
    let mut call = call();
    call.enter();
    call.press(NUMBER);
    call.press("1");
    let logs = call.host().logs();
    assert!(!logs.is_empty());
    assert!(!format!("{logs:?}").contains("1111"), "{logs:?}");
}

#[test]
fn a_sensitive_number_is_kept_out_of_transcripts() {
    let mut call = with(json!({"sensitive": true}));
    assert!(call.enter().asked().sensitive);
    assert!(call.press(NUMBER).asked().sensitive);
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds = [
        json!({"collection": "customers"}),
        json!({"collection": "customers", "speech": false, "retry_unknown": 2, "confirm": "never"}),
    ];
    check_holds::<Auth>(&seeds, |call| {
        call.host().collection("customers");
        call
    });
}

#[test]
fn a_language_is_spoken_once_all_that_can_be_said_is_written_in_it() {
    let config = json!({"collection": "customers"});
    assert_eq!(check::<Auth>(&config, &["ko-KR", "en-GB"]), []);
    let found = check::<Auth>(&config, &["ja-JP"]);
    assert!(found.len() == 1 && found[0].message.contains("no words in ja-JP"), "{found:?}");
    let ja = json!({"ja-JP": "はい {length}"});
    let prompts = json!({
        "ask": ja, "ask_keys": ja, "to_keys": ja, "recognized": ja, "confirm": ja, "no_input": [ja],
        "no_match": [ja], "wrong_length": ja, "denied": ja,
    });
    let config = json!({"collection": "customers", "prompts": prompts});
    assert_eq!(check::<Auth>(&config, &["ja-JP"]), []);
}

#[test]
fn who_looks_for_the_number_is_waited_for_and_loses_no_try() {
    let mut call = with(json!({"tries": 1}));
    call.enter();
    for said in ["잠깐만요", "hold on", "let me check"] {
        let reply = call.say(said);
        assert_eq!(
            (reply.heard().as_str(), reply.asked().timeout_ms),
            ("네, 기다리겠습니다.", 30_000)
        );
    }
    assert!(call.say(NUMBER).heard().contains("일 일 일 일"));
    assert_eq!(call.say("일번이요").port(), "verified", "the keys can be said");
}

#[test]
fn a_filler_confirms_nothing() {
    for filler in ["어 잘 모르겠는데요", "음", "uh well"] {
        let mut call = call();
        call.enter();
        call.press(NUMBER);
        assert!(call.say(filler).heard().contains("일 일 일 일"), "{filler}: it asks again");
    }
}

#[test]
fn who_is_angry_is_given_to_a_person() {
    let mut call = call();
    call.enter();
    assert_eq!(call.say("장난해요? 책임자 바꿔요").port(), "agent");
}
