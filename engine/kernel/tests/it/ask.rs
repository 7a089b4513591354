//! `ask` reads keys and words into its ports, asks again within its tries, picks neither of two
//! things that were meant at once, and keeps sensitive digits out of the trace.

use serde_json::json;

use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;

use crate::support::{Bench, attribute, heard, path};

const MENU: &str = "
flow: main
locales: [en-US]
attributes: {heard: string, tries: number}
start: menu
nodes:
  menu:
    ask:
      prompt: {en-US: 'Emergency 1, billing 2.'}
      menu: {'1': emergency, '2': billing}
      phrases:
        emergency: {en-US: [outage, production outage]}
        billing: {en-US: [bill]}
      tries: 3
      no_input: [{en-US: 'Are you there?'}, {en-US: 'Hello?'}]
      no_match: [{en-US: 'Please press 1 or 2.'}]
    save: {heard: output.text, tries: output.tries}
    on: {emergency: e, billing: b, no_input: silent, no_match: lost}
  e: {end: {disposition: emergency}}
  b: {end: {disposition: billing}}
  silent: {end: {disposition: silent}}
  lost: {end: {disposition: lost}}
";

#[test]
fn a_key_of_the_menu_leads_by_its_port() {
    let mut bench = Bench::new(MENU);
    assert_eq!(heard(&bench.enter()), (vec!["Emergency 1, billing 2."], "ask"));
    let turn = bench.presses("2");
    assert_eq!(path(&turn), ["menu:billing", "b"]);
    assert_eq!(turn.record.steps[0].why.as_deref(), Some("key 2"));
    assert_eq!(turn.call.status.disposition(), Some("billing"));
}

#[test]
fn a_phrase_is_heard_in_the_callers_own_words() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    let turn = bench.says("We have a PRODUCTION outage, not a bill");
    assert_eq!(path(&turn), ["menu:emergency", "e"]);
    assert_eq!(attribute(&turn, "heard"), json!("We have a PRODUCTION outage, not a bill"));
    let why = turn.record.steps[0].why.as_deref().unwrap();
    assert!(why.contains("“bill” is denied by “not”"), "{why}");
}

#[test]
fn what_the_prompt_offers_can_be_said_and_typed() {
    for said in ["one", "number one please", "option 1", "일번이요", "1번", "①", "１", "1."]
    {
        let mut bench = Bench::new(MENU);
        bench.enter();
        assert_eq!(path(&bench.says(said)), ["menu:emergency", "e"], "{said}");
    }
}

#[test]
fn two_things_at_once_are_asked_about_and_none_is_picked() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    let turn = bench.says("an outage and a bill");
    assert_eq!(heard(&turn), (vec!["Do you mean “outage” or “bill”?"], "ask"));
    assert_eq!(path(&bench.says("the bill")), ["menu:billing", "b"]);

    let mut bench = Bench::new(&MENU.replace(
        "      tries: 3",
        "      tries: 2\n      which: {en-US: 'First ${output.first}, then ${output.second}?'}",
    ));
    bench.enter();
    let turn = bench.says("bill, or outage");
    assert_eq!(heard(&turn), (vec!["First bill, then outage?"], "ask"));
    // It may not ask again.
    assert_eq!(path(&bench.says("outage and bill")), ["menu:no_match", "lost"]);
}

#[test]
fn who_asks_for_time_gets_it_a_few_times_without_losing_a_try() {
    let mut bench = Bench::new(&MENU.replace("tries: 3", "tries: 1"));
    bench.enter();
    for _ in 0..3 {
        let turn = bench.says("hold on a second");
        assert_eq!(heard(&turn), (vec!["Sure, take your time."], "ask"));
        let Then::Ask(accept) = &turn.record.directives.then else { panic!("{turn:?}") };
        assert_eq!(accept.timeout_ms, 30_000);
    }
    assert_eq!(path(&bench.says("one moment")), ["menu:no_match", "lost"]);

    let mut bench = Bench::new(&MENU.replace("tries: 3", "hold: {en-US: 'No hurry.'}"));
    bench.enter();
    assert_eq!(heard(&bench.says("just a sec")), (vec!["No hurry."], "ask"));
    let turn = bench.says("the bill");
    assert_eq!(attribute(&turn, "tries"), json!(1), "waiting is no try");
}

#[test]
fn silence_and_mismatch_can_be_counted_apart() {
    let apart = MENU.replace("tries: 3", "tries: {no_input: 2, no_match: 3}");
    let mut bench = Bench::new(&apart);
    bench.enter();
    bench.says("bananas");
    bench.turn(Event::Silent);
    bench.says("no idea");
    assert_eq!(path(&bench.turn(Event::Silent)), ["menu:no_input", "silent"]);
    let mut bench = Bench::new(&apart);
    bench.enter();
    bench.turn(Event::Silent);
    bench.says("bananas");
    bench.says("no idea");
    assert_eq!(path(&bench.says("hm?")), ["menu:no_match", "lost"]);
}

/// A flow that asks for one kind of answer and keeps it.
fn asking(expects: &str, ty: &str) -> String {
    format!(
        "
flow: main
locales: [en-US]
attributes: {{value: {ty}}}
start: q
nodes:
  q:
    ask: {{prompt: {{en-US: 'Please tell.'}}, {expects}}}
    save: {{value: output.value}}
    on: {{value: done, no_input: lost, no_match: lost}}
  done: {{end: {{disposition: done}}}}
  lost: {{end: {{disposition: lost}}}}
"
    )
}

#[test]
fn what_is_expected_is_read_into_a_stated_form() {
    let cases = [
        ("expects: number", "number", "two and a half", json!(2.5)),
        ("expects: number", "number", "스물한 개요", json!(21)),
        ("expects: digits, digits: {min: 4, max: 4}", "string", "oh one oh one", json!("0101")),
        ("expects: date", "string", "tomorrow", json!("2027-01-16")),
        ("expects: time", "string", "오후 세 시 반", json!("15:30")),
        ("expects: phone", "string", "202 555 0143", json!("+12025550143")),
        ("expects: number", "number", "two, no wait, three", json!(3)),
        ("expects: number", "number", "hold on, three", json!(3)),
        ("expects: money", "map", "$35.50", json!({"amount": 35.5, "currency": "USD"})),
        ("expects: name", "string", "my name is Jane Doe", json!("Jane Doe")),
    ];
    for (expects, ty, said, value) in cases {
        let mut bench = Bench::in_new_york(&asking(expects, ty));
        bench.enter();
        let turn = bench.says(said);
        assert_eq!(path(&turn), ["q:value", "done"], "{said}");
        assert_eq!(attribute(&turn, "value"), value, "{said}");
    }
}

#[test]
fn what_is_expected_can_be_keyed_in_where_there_are_keys_for_it() {
    for (expects, ty, keys, value) in [
        ("expects: number", "number", "21#", json!(21)),
        ("expects: digits, digits: {min: 4, max: 4}", "string", "0101", json!("0101")),
        ("expects: phone", "string", "2025550143", json!("+12025550143")),
    ] {
        let mut bench = Bench::in_new_york(&asking(expects, ty));
        bench.enter();
        let turn = bench.presses(keys);
        assert_eq!(attribute(&turn, "value"), value, "{keys}");
    }
}

#[test]
fn a_number_that_is_keyed_in_is_held_to_what_one_that_is_said_is() {
    // Without an area code, and with one that there is not.
    for keys in ["5550143", "0125550143"] {
        let flow = asking("expects: phone, tries: 1", "string");
        let mut bench = Bench::in_new_york(&flow);
        bench.enter();
        assert_eq!(path(&bench.presses(keys)), ["q:no_match", "lost"], "{keys}");
    }
    // Abroad, with the exit code of North America.
    let mut bench = Bench::in_new_york(&asking("expects: phone, tries: 1", "string"));
    bench.enter();
    let turn = bench.presses("011821000000101");
    assert_eq!(attribute(&turn, "value"), json!("+821000000101"));
}

#[test]
fn who_corrects_digits_with_a_word_that_asks_for_time_has_said_them() {
    let flow = asking("digits: {min: 4, max: 4}, phrases: {agent: {en-US: [agent]}}", "string")
        .replace("save: {value: output.value}", "save: {value: output.digits}")
        .replace("on: {value: done,", "on: {digits: done, agent: done,");
    let mut bench = Bench::in_new_york(&flow);
    bench.enter();
    let turn = bench.says("0101, no wait, 0102");
    assert_eq!(attribute(&turn, "value"), json!("0102"));
    let mut bench = Bench::in_new_york(&flow);
    bench.enter();
    assert_eq!(path(&bench.says("hold on please")), ["q"], "more time");
}

#[test]
fn what_cannot_be_is_not_understood_and_is_no_fault() {
    for (expects, said) in [
        ("expects: date", "on the 31st of February"),
        ("expects: time", "at 27:90"),
        ("expects: phone", "911"),
        ("expects: number", "my colleagues know"),
    ] {
        let ty = if expects.contains("number") { "number" } else { "string" };
        let flow = asking(&format!("{expects}, tries: 1"), ty);
        let mut bench = Bench::in_new_york(&flow);
        bench.enter();
        assert_eq!(path(&bench.says(said)), ["q:no_match", "lost"], "{said}");
    }
}

#[test]
fn who_chooses_something_else_has_said_neither_yes_nor_no() {
    let flow = "
flow: main
locales: [en-US]
attributes: {sure: {type: boolean, default: true}, heard: string, tries: number}
start: q
nodes:
  q:
    ask: {prompt: {en-US: 'Is that right?'}, expects: yes_no, menu: {'0': agent}, phrases: {agent: {en-US: [agent]}}}
    save: {sure: output.value, heard: output.text, tries: output.tries}
    on: {'yes': done, 'no': done, agent: done, no_input: done, no_match: done}
  done: {end: {disposition: done}}
";
    for keyed in [true, false] {
        let mut bench = Bench::new(flow);
        bench.enter();
        let turn = if keyed { bench.presses("0") } else { bench.says("an agent please") };
        assert_eq!(path(&turn), ["q:agent", "done"]);
        assert_eq!(attribute(&turn, "sure"), json!(true), "as it was before");
        assert_eq!(attribute(&turn, "tries"), json!(1), "what needs no value is saved");
    }
}

#[test]
fn a_choice_beside_an_answer_neither_wipes_what_was_saved_nor_fails_what_is_computed_of_it() {
    let flow = "
flow: main
locales: [en-US]
attributes: {at: {type: string, default: '10:00'}, early: {type: boolean, default: true}, told: string}
start: q
nodes:
  q:
    ask: {prompt: {en-US: 'When?'}, expects: time, phrases: {keep: {en-US: [keep it]}}}
    save: {at: output.value, early: 'output.value < \"11:00\"', told: 'default(output.value, \"none\")'}
    on: {value: done, keep: done, no_input: done, no_match: done}
  done: {end: {disposition: done}}
";
    for (said, port, at, early) in
        [("keep it", "keep", "10:00", true), ("at three in the afternoon", "value", "15:00", false)]
    {
        let mut bench = Bench::new(flow);
        bench.enter();
        let turn = bench.says(said);
        assert_eq!(path(&turn), [format!("q:{port}"), "done".to_owned()]);
        let saved = (attribute(&turn, "at"), attribute(&turn, "early"));
        assert_eq!(saved, (json!(at), json!(early)));
        // It says itself what holds where there is none.
        let told = if port == "value" { at } else { "none" };
        assert_eq!(attribute(&turn, "told"), json!(told));
    }
}

#[test]
fn two_numbers_that_are_typed_are_not_one() {
    let mut bench = Bench::in_new_york(&asking("expects: number, tries: 1", "number"));
    bench.enter();
    assert_eq!(path(&bench.says("2 3")), ["q:no_match", "lost"]);
    let mut bench = Bench::in_new_york(&asking("expects: number", "number"));
    bench.enter();
    assert_eq!(attribute(&bench.says(" 12 "), "value"), json!(12));
}

#[test]
fn yes_and_no_are_ports_and_a_filler_is_neither() {
    let flow = "
flow: main
locales: [en-US]
attributes: {sure: boolean}
start: q
nodes:
  q:
    ask: {prompt: {en-US: 'Is that right?'}, expects: yes_no, menu: {'1': 'yes', '2': 'no'}, tries: 1}
    save: {sure: output.value}
    on: {'yes': done, 'no': done, no_input: lost, no_match: lost}
  done: {end: {disposition: done}}
  lost: {end: {disposition: lost}}
";
    for (said, port) in [
        ("yes", "yes"),
        ("네 맞아요", "yes"),
        ("1번이요", "yes"),
        ("No, that's not right", "no"),
        ("아닙니다", "no"),
        ("two", "no"),
        ("어 잘 모르겠는데요", "no_match"),
        ("uh", "no_match"),
    ] {
        let mut bench = Bench::new(flow);
        bench.enter();
        let turn = bench.says(said);
        assert_eq!(path(&turn)[0], format!("q:{port}"), "{said}: {:?}", turn.record.steps);
        if port != "no_match" {
            assert_eq!(attribute(&turn, "sure"), json!(port == "yes"), "{said}");
        }
    }
}

#[test]
fn a_key_typed_as_text_counts_as_pressed() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    assert_eq!(path(&bench.says(" 1 ")), ["menu:emergency", "e"]);
}

#[test]
fn vain_tries_escalate_and_then_leave_by_the_last_kind() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    assert_eq!(heard(&bench.turn(Event::Silent)), (vec!["Are you there?"], "ask"));
    assert_eq!(heard(&bench.presses("9")), (vec!["Please press 1 or 2."], "ask"));
    let turn = bench.turn(Event::Silent);
    assert_eq!(path(&turn), ["menu:no_input", "silent"]);
}

#[test]
fn a_good_answer_after_vain_tries_tells_how_many_it_took() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    bench.turn(Event::Silent);
    bench.turn(Event::Silent);
    assert_eq!(attribute(&bench.presses("1"), "tries"), json!(3));
}

const DIGITS: &str = "
flow: main
locales: [en-US]
attributes: {number: {type: string, sensitive: true}}
start: number
nodes:
  number:
    ask:
      prompt: {en-US: 'Your number, then hash.'}
      digits: {min: 4, max: 6, terminator: '#'}
      tries: 2
      sensitive: true
    save: {number: output.digits}
    on: {digits: bye, no_input: bye, no_match: bye}
  bye: {end: {disposition: resolved}}
";

#[test]
fn digits_are_taken_within_their_bounds_and_kept_out_of_the_trace() {
    let mut bench = Bench::new(DIGITS);
    let Then::Ask(accept) = bench.enter().record.directives.then else { panic!("asks") };
    assert!(accept.sensitive && !accept.speech);
    assert_eq!(path(&bench.presses("123")), ["number"]);
    let turn = bench.presses("12345");
    assert_eq!(path(&turn), ["number:digits", "bye"]);
    assert_eq!(attribute(&turn, "number"), json!("12345"));
    assert!(turn.record.sensitive);
    assert_eq!(turn.record.steps[0].set, [("number".into(), json!(null))]);
    assert_eq!(turn.record.steps[0].why, None);
}

#[test]
fn two_values_at_once_are_asked_about_in_words_and_none_is_picked() {
    for (expects, ty, said, question, then, value) in [
        (
            "expects: number",
            "number",
            "네 명 아니면 다섯 명",
            "Do you mean “4” or “5”?",
            "five",
            json!(5),
        ),
        (
            "expects: date",
            "string",
            "Saturday or Sunday",
            "Do you mean “Saturday, January 16” or “Sunday, January 17”?",
            "Sunday",
            json!("2027-01-17"),
        ),
        (
            "expects: time",
            "string",
            "at three or at four",
            "Do you mean “3 PM” or “4 PM”?",
            "four",
            json!("16:00"),
        ),
    ] {
        let mut bench = Bench::in_new_york(&asking(expects, ty));
        bench.enter();
        assert_eq!(heard(&bench.says(said)), (vec![question], "ask"), "{said}");
        let turn = bench.says(then);
        assert_eq!(path(&turn), ["q:value", "done"], "{said}");
        assert_eq!(attribute(&turn, "value"), value);
    }
}

#[test]
fn asking_which_of_two_values_is_a_try_has_words_of_its_own_and_is_never_aloud_in_private() {
    let mut bench = Bench::in_new_york(&asking("expects: number, tries: 2", "number"));
    bench.enter();
    bench.says("four or five");
    assert_eq!(path(&bench.says("four or five")), ["q:no_match", "lost"]);

    let own = "expects: date, which: {en-US: 'So ${output.first}, or ${output.second}?'}";
    let mut bench = Bench::in_new_york(&asking(own, "string"));
    bench.enter();
    let turn = bench.says("today or tomorrow");
    assert_eq!(heard(&turn).0, ["So Friday, January 15, or Saturday, January 16?"]);

    let private = "expects: digits, digits: {min: 4, max: 4}, sensitive: true";
    let mut bench = Bench::in_new_york(&asking(private, "string"));
    bench.enter();
    assert_eq!(heard(&bench.says("1234 or 1235")), (vec!["Please tell."], "ask"));
}

#[test]
fn which_of_the_two_is_also_told_by_its_place() {
    for (expects, ty, said, then, value) in [
        ("expects: date", "string", "Saturday or Sunday", "the second one", json!("2027-01-17")),
        ("expects: date", "string", "Saturday or Sunday", "첫 번째요", json!("2027-01-16")),
        ("expects: date", "string", "Saturday or Sunday", "the former", json!("2027-01-16")),
        // Whoever names one of the two, or another value, has told it.
        ("expects: date", "string", "May 2 or May 3", "on the second", json!("2027-05-02")),
        ("expects: date", "string", "May 2 or May 3", "the second of June", json!("2027-06-02")),
        ("expects: date", "string", "Saturday or Sunday", "no, on Monday", json!("2027-01-18")),
        ("expects: time", "string", "at six or half past six", "the latter", json!("18:30")),
        ("expects: time", "string", "at six or half past six", "두 번째 걸로요", json!("18:30")),
        ("expects: number", "number", "네 명 아니면 다섯 명", "후자요", json!(5)),
    ] {
        let mut bench = Bench::in_new_york(&asking(expects, ty));
        bench.enter();
        bench.says(said);
        let turn = bench.says(then);
        assert_eq!(path(&turn), ["q:value", "done"], "{said}: {then}");
        assert_eq!(attribute(&turn, "value"), value, "{said}: {then}");
    }
    // The place is one among the two, not among the keys of the menu, unless a key is typed.
    for (then, port) in [("the first one", "billing"), ("두 번째요", "emergency"), ("2", "billing")]
    {
        let mut bench = Bench::new(MENU);
        bench.enter();
        bench.says("bill, or outage");
        assert!(path(&bench.says(then))[0].ends_with(port), "{then}");
    }
}

#[test]
fn no_place_is_read_out_of_words_that_say_something_else() {
    for (expects, ty, said, then, value) in [
        ("expects: number", "number", "네 명 아니면 다섯 명", "아니 둘이요", json!(2)),
        ("expects: number", "number", "네 명 아니면 다섯 명", "하나요", json!(1)),
        ("expects: number", "number", "four or five", "2", json!(2)),
        ("expects: time", "string", "at three or at four", "second thoughts, noon", json!("12:00")),
    ] {
        let mut bench = Bench::in_new_york(&asking(expects, ty));
        bench.enter();
        bench.says(said);
        assert_eq!(attribute(&bench.says(then), "value"), value, "{then}");
    }
    for then in ["둘 다요", "둘 다 주세요", "both", "either one", "later", "give me thirty seconds"]
    {
        let mut bench = Bench::in_new_york(&asking("expects: date", "string"));
        bench.enter();
        bench.says("Saturday or Sunday");
        assert_eq!(path(&bench.says(then)), ["q"], "{then}");
    }
    let mut bench = Bench::new(MENU);
    bench.enter();
    bench.says("bill, or outage");
    assert_eq!(path(&bench.says("billing first, then the outage")), ["menu"]);
}

#[test]
fn who_did_not_hear_which_of_the_two_is_asked_that_again() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    let asked = "Do you mean “bill” or “outage”?";
    assert_eq!(heard(&bench.says("bill, or outage")).0, [asked]);
    assert_eq!(heard(&bench.says("pardon?")).0, [asked]);
    assert_eq!(path(&bench.says("the second one")), ["menu:emergency", "e"]);
}

#[test]
fn the_places_of_the_two_outlast_a_wish_for_time_and_end_with_another_question() {
    let mut bench = Bench::in_new_york(&asking("expects: date", "string"));
    bench.enter();
    bench.says("Saturday or Sunday");
    bench.says("hold on");
    assert_eq!(attribute(&bench.says("the second one"), "value"), json!("2027-01-17"));

    let mut bench = Bench::new(MENU);
    bench.enter();
    bench.says("bill, or outage");
    bench.says("no idea");
    assert_eq!(path(&bench.says("the first one")), ["menu:emergency", "e"]);
}

#[test]
fn who_did_not_hear_the_question_hears_it_again_without_losing_a_try() {
    let mut bench = Bench::new(&MENU.replace("tries: 3", "tries: 1"));
    bench.enter();
    for said in ["sorry, could you say that again?", "뭐라고요?", "pardon?"] {
        let turn = bench.says(said);
        assert_eq!(heard(&turn), (vec!["Emergency 1, billing 2."], "ask"), "{said}");
    }
    let turn = bench.says("hold on");
    assert_eq!(heard(&turn), (vec!["Sure, take your time."], "ask"), "time is counted for itself");
    assert_eq!(path(&bench.says("what?")), ["menu:no_match", "lost"], "three times at most");

    let mut bench = Bench::new(MENU);
    bench.enter();
    bench.says("I didn't catch that");
    assert_eq!(attribute(&bench.says("the bill"), "tries"), json!(1));

    // An answer beside it is an answer.
    let mut bench = Bench::new(MENU);
    bench.enter();
    assert_eq!(path(&bench.says("sorry, what? the bill")), ["menu:billing", "b"]);
}

#[test]
fn words_after_a_mismatch_can_tell_why_there_was_one() {
    let own = "expects: date, no_match: [{en-US: '${output.reason == \"impossible\" ? \"No such day.\" : \"A day, please.\"} \
               That was try ${output.tries}.'}]";
    let mut bench = Bench::in_new_york(&asking(own, "string"));
    bench.enter();
    assert_eq!(heard(&bench.says("on the 31st of November")).0, ["No such day. That was try 1."]);
    assert_eq!(heard(&bench.says("my colleagues know")).0, ["A day, please. That was try 2."]);
}

#[test]
fn a_flow_learns_why_the_last_answer_fits_nothing() {
    let why = |expects: &str, said: &str| {
        let flow = asking(&format!("{expects}, tries: 1"), "any")
            .replace("attributes: {", "attributes: {why: {type: string, default: none}, ")
            .replace("save: {", "save: {why: output.reason, ");
        let mut bench = Bench::in_new_york(&flow);
        bench.enter();
        let turn = if said.is_empty() { bench.turn(Event::Silent) } else { bench.says(said) };
        attribute(&turn, "why")
    };
    for (expects, said, reason) in [
        ("expects: date", "on the 31st of November", "impossible"),
        ("expects: date", "11월 31일이요", "impossible"),
        ("expects: time", "스물다섯 시요", "impossible"),
        ("expects: time", "at 25:00", "impossible"),
        ("expects: date", "my colleagues know", "not_understood"),
        ("expects: time", "at three or at four", "several"),
        ("expects: number", "no idea", "not_understood"),
        ("expects: date", "tomorrow", "none"),
        ("expects: date", "", "none"),
    ] {
        assert_eq!(why(expects, said), json!(reason), "{said}");
    }
}
