//! A name that is only similar is confirmed or chosen by the caller; what is denied or stays
//! unclear is left to a person.

use dialgraph_plugin::HostError;
use serde_json::{Value, json};

use super::call;

#[test]
fn a_similar_name_is_confirmed_by_word_or_by_key() {
    for yes in ["네", "네 맞아요", "yes"] {
        let mut call = call(json!({}), json!({"company": "푸른별상자"}));
        let asked = call.enter();
        assert_eq!(
            asked.heard(),
            "(주)푸른별상사 고객님이 맞으십니까? 맞으시면 네 또는 1번, 아니시면 아니요 또는 2번을 눌러 주세요."
        );
        assert_eq!(asked.asked().hints, ["네", "아니요"]);
        let reply = call.say(yes);
        assert_eq!((reply.port(), &reply.output()["confirmed"]), ("msp", &json!(true)));
        assert_eq!(reply.output()["matched_by"], "company");
    }
    let mut call = call(json!({}), json!({"company": "푸른별상자"})).locale("en-US");
    assert!(call.enter().heard().starts_with("Are you calling from (주)푸른별상사?"));
    assert_eq!(call.press("1").port(), "msp");
}

#[test]
fn a_name_that_is_denied_is_for_a_person_to_sort_out() {
    for no in ["아니요", "no", "상담원 바꿔 주세요"] {
        let mut call = call(json!({}), json!({"company": "푸른별상자"}));
        call.enter();
        let reply = call.say(no);
        assert_eq!(
            (reply.port(), &reply.output()["customer_id"]),
            ("ambiguous", &Value::Null),
            "{no}"
        );
    }
    let mut call = call(json!({}), json!({"company": "푸른별상자"}));
    call.enter();
    assert_eq!(call.press("2").port(), "ambiguous");
}

#[test]
fn what_is_not_understood_is_asked_again_and_then_left_to_a_person() {
    let mut call = call(json!({}), json!({"company": "푸른별상자"}));
    let first = call.enter().heard();
    assert_eq!(call.say("글쎄요 뭐였더라").heard(), first);
    assert_eq!(call.silence().port(), "ambiguous");

    let mut patient = super::call(json!({"tries": 3}), json!({"company": "푸른별상자"}));
    patient.enter();
    patient.silence().asked();
    patient.press("7").asked();
    assert_eq!(patient.press("7").port(), "ambiguous");
}

#[test]
fn a_number_of_another_customer_than_was_named_is_confirmed() {
    let mut call = call(json!({}), json!({"company": "없는회사", "phone": "+821000000101"}));
    assert!(call.enter().heard().contains("푸른별상사"));
    let reply = call.press("1");
    assert_eq!((reply.port(), &reply.output()["matched_by"]), ("msp", &json!("phone")));
}

#[test]
fn of_a_few_similar_names_the_caller_chooses() {
    let enter = || {
        let mut call = call(json!({}), json!({"company": "한빛"}));
        let heard = call.enter().heard();
        assert_eq!(
            heard,
            "비슷한 이름의 고객사가 2곳 있습니다. 한빛전자, 1번. 한빛전기, 2번. 모두 아니시면 0번을 눌러 주세요."
        );
        call
    };
    assert_eq!(enter().press("2").output()["company_name"], "한빛전기");
    assert_eq!(enter().say("일번이요").output()["company_name"], "한빛전자");
    assert_eq!(enter().say("두 번째요").output()["company_name"], "한빛전기");
    assert_eq!(enter().say("the first one").output()["company_name"], "한빛전자");
    assert_eq!(enter().say("1").output()["company_name"], "한빛전자");
    assert_eq!(enter().say("한빛 전기요").output()["company_name"], "한빛전기");
    assert_eq!(enter().press("0").port(), "ambiguous");
    assert_eq!(enter().say("아니요 둘 다 아니에요").port(), "ambiguous");
    assert_eq!(enter().say("none of them").port(), "ambiguous");
    assert_eq!(enter().say("아니 한빛전기라고요").output()["company_name"], "한빛전기");
    assert_eq!(enter().say("상담원").port(), "ambiguous");
    // What fits both, or neither, is no choice.
    enter().say("한빛").asked();
    enter().press("3").asked();
}

#[test]
fn in_a_chat_the_names_are_buttons() {
    let mut call = call(json!({}), json!({"company": "한빛"})).channel("chat").locale("en-US");
    let reply = call.enter();
    assert_eq!(reply.asked().hints, ["한빛전자", "한빛전기"]);
    assert!(reply.heard().contains("한빛전자."), "{}", reply.heard());
    assert!(!reply.heard().contains("press"), "{}", reply.heard());
    assert_eq!(call.say("한빛전자").port(), "msp");
}

#[test]
fn more_similar_names_than_can_be_read_out_are_for_a_person() {
    let mut call = call(json!({}), json!({"company": "한빛"}));
    for n in 0..2 {
        let id = format!("c-02{n}");
        let company = format!("한빛전{}", ["력", "산"][n]);
        call.host().record("customers", &id, super::customer(&id, &company, "0", "General", ""));
    }
    assert_eq!(call.enter().port(), "ambiguous");
}

#[test]
fn the_designers_words_are_used() {
    let config = json!({"confirm": {"ko-KR": "{company}이신가요?", "en-US": "{company}?"}});
    assert_eq!(
        call(config, json!({"company": "푸른별상자"})).enter().heard(),
        "(주)푸른별상사이신가요?"
    );
}

#[test]
fn a_customer_who_is_gone_by_the_answer_is_for_a_person() {
    let mut call = call(json!({}), json!({"company": "푸른별상자"}));
    call.enter();
    call.host().record("customers", "c-001", json!({"company_name": 1}));
    assert_eq!(call.press("1").port(), "ambiguous");
}

#[test]
fn an_answer_that_rests_on_old_data_says_so_even_when_records_are_back() {
    let mut call = call(json!({}), json!({"company": "푸른별상자"}));
    call.host().fail_records(HostError::unavailable("down", "the store does not answer"));
    assert_eq!(call.enter().asked().state["stale"], true);
    let reply = call.press("1");
    assert_eq!((reply.port(), &reply.output()["stale"]), ("msp", &json!(true)));
    assert_eq!(reply.output()["as_of"], "2026-11-20T01:00:00Z");
}

#[test]
fn who_asks_for_time_is_waited_for_and_loses_no_try() {
    let mut call = call(json!({"tries": 1}), json!({"company": "푸른별상자"}));
    call.enter();
    for _ in 0..3 {
        let reply = call.say("잠시만요");
        assert_eq!(
            (reply.heard().as_str(), reply.asked().timeout_ms),
            ("네, 기다리겠습니다.", 30_000)
        );
    }
    assert_eq!(call.say("잠시만요").port(), "ambiguous");
}

#[test]
fn the_keys_of_the_question_can_be_said() {
    for said in ["일번이요", "1번", "number one"] {
        let mut call = call(json!({}), json!({"company": "푸른별상자"}));
        call.enter();
        assert_eq!(call.say(said).port(), "msp", "{said}");
    }
}
