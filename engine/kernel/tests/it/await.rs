//! `hook` and `await`: a call makes an address, and waits for what arrives there.

use dialgraph_base::{Channel, Medium};
use dialgraph_kernel::call::Status;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::outside::{Arrival, OpenHook};
use dialgraph_kernel::turn::Finished;
use serde_json::{Value, json};

use crate::support::{Bench, Closures, attribute, heard, path};

const PROJECT: &str = "
entry: main
fallback: {queue: general}
locales: [en-US]
hooks:
  payment: {expires: 10m}
  secret: {sensitive: true}
";

const MAIN: &str = "
flow: main
locales: [en-US]
attributes: {url: string, paid: any}
start: address
nodes:
  address: {hook: payment, save: {url: output.url}, next: wait}
  wait:
    await:
      hook: payment
      within: 1m
      say: {en-US: 'Please pay.'}
      meanwhile: {en-US: 'I am waiting.'}
    save: {paid: output.value.amount}
    on: {arrived: thanks, timeout: late, error: sorry}
  thanks: {end: {disposition: paid, say: {en-US: 'Thank you.'}}}
  late: {end: {disposition: unpaid}}
  sorry: {end: {disposition: sorry}}
";

fn bench(main: &str) -> Bench {
    Bench::with(&[("main", main), ("dialgraph.yaml", PROJECT)], Closures::default())
}

/// Somebody pays.
fn pay(bench: &mut Bench, value: Value) {
    tell(bench, "payment", value);
}

fn tell(bench: &mut Bench, hook: &str, value: Value) {
    let visit = bench.call.hooks[hook].visit;
    let (at, hook) = (bench.now, hook.into());
    bench.arrived.push(Arrival { hook, visit, at, value, sensitive: false });
}

fn resumed_after(bench: &mut Bench, seconds: u64) -> Finished {
    bench.now = bench.now.after_ms(seconds * 1000);
    bench.turn(Event::Resumed)
}

fn waits(finished: &Finished) -> u32 {
    match finished.record.directives.then {
        Then::Wait { ms } => ms,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn the_call_makes_an_address_and_goes_on_when_something_has_arrived_there() {
    let mut bench = bench(MAIN);
    let entered = bench.enter();
    assert_eq!(heard(&entered), (vec!["Please pay."], "wait"));
    assert_eq!(waits(&entered), 10_000);
    let url = attribute(&entered, "url");
    assert!(url.as_str().unwrap().starts_with("https://desk.example/v1/hooks/payment/"), "{url}");
    let again = resumed_after(&mut bench, 10);
    assert_eq!(heard(&again), (vec!["I am waiting."], "wait"));
    pay(&mut bench, json!({ "amount": 12_000 }));
    let paid = resumed_after(&mut bench, 10);
    assert_eq!(path(&paid), ["wait:arrived", "thanks"]);
    assert_eq!(attribute(&paid, "paid"), 12_000);
    assert_eq!(paid.record.arrived.len(), 1);
    assert!(paid.call.hooks.is_empty());
    assert!(paid.closed.is_empty());
}

#[test]
fn a_turn_that_is_made_again_makes_the_same_address_and_another_visit_another() {
    let twice = MAIN
        .replace(
            "next: wait}",
            "next: second}\n  second: {hook: payment, save: {paid: output.url}, next: wait}",
        )
        .replace("paid: output.value.amount", "paid: output.value");
    let (mut bench, mut again) = (bench(&twice), bench(&twice));
    again.now = again.now.after_ms(5_000);
    let (first, second) = (bench.enter(), again.enter());
    assert_eq!(attribute(&first, "url"), attribute(&second, "url"));
    assert_ne!(attribute(&first, "url"), attribute(&first, "paid"));
    // The second took the place of the first, which no turn that is stored has made.
    assert_eq!(first.call.hooks.len(), 1);
    assert_eq!(first.call.hooks["payment"].visit, 2);
    assert!(first.closed.is_empty());
}

#[test]
fn what_arrived_before_the_wait_is_there_at_once() {
    let asks = MAIN.replace("next: wait}", "next: ready}\n  ready: {ask: {prompt: {en-US: 'Ready?'}, menu: {1: yes}}, on: {yes: wait, no_input: wait, no_match: wait}}");
    let mut bench = bench(&asks);
    assert_eq!(heard(&bench.enter()), (vec!["Ready?"], "ask"));
    pay(&mut bench, json!({ "amount": 5 }));
    let paid = bench.presses("1");
    assert_eq!(path(&paid), ["ready:yes", "wait:arrived", "thanks"]);
    assert_eq!(heard(&paid).0, ["Thank you."]);
}

#[test]
fn nothing_arrives_in_time_and_the_address_takes_nothing_more() {
    let mut bench = bench(MAIN);
    bench.enter();
    let mut last = resumed_after(&mut bench, 55);
    // No longer than the time that is left.
    assert_eq!(waits(&last), 5_000);
    last = resumed_after(&mut bench, 5);
    assert_eq!(path(&last), ["wait:timeout", "late"]);
    assert_eq!(last.closed, [1]);
    assert!(last.call.hooks.is_empty());
}

#[test]
fn what_arrived_before_a_late_look_counts() {
    let mut bench = bench(MAIN);
    bench.enter();
    pay(&mut bench, json!({ "amount": 1 }));
    assert_eq!(path(&resumed_after(&mut bench, 600)), ["wait:arrived", "thanks"]);
}

#[test]
fn an_address_that_expires_ends_the_wait() {
    let mut bench = bench(&MAIN.replace("within: 1m", "within: 30m"));
    let entered = bench.enter();
    // A long wait looks less often: 100 times at most.
    assert_eq!(waits(&entered), 18_000);
    assert_eq!(path(&resumed_after(&mut bench, 600)), ["wait:timeout", "late"]);
}

#[test]
fn in_a_chat_the_next_message_carries_the_news_and_nothing_is_written_unasked() {
    let mut bench = bench(MAIN);
    bench.call.medium = Medium::Chat;
    bench.enter();
    assert_eq!(heard(&resumed_after(&mut bench, 10)), (vec![], "wait"));
    assert_eq!(heard(&bench.says("hello?")), (vec!["I am waiting."], "wait"));
    pay(&mut bench, json!({ "amount": 1 }));
    assert_eq!(path(&bench.says("and now?")), ["wait:arrived", "thanks"]);
}

#[test]
fn the_caller_breaks_off_by_key_or_words_and_the_address_stays_good() {
    let stops = MAIN
        .replace("within: 1m\n", "within: 1m\n      every: 5s\n      stop: {key: '0', phrases: {en-US: [stop waiting]}}\n")
        .replace("error: sorry}\n", "error: sorry, stopped: agent}\n")
        + "  agent: {ask: {prompt: {en-US: 'Shall we go on?'}, menu: {1: yes}}, on: {yes: wait, no_input: sorry, no_match: sorry}}\n";
    for says in [true, false] {
        let mut bench = bench(&stops);
        let entered = bench.enter();
        let Then::Ask(accept) = &entered.record.directives.then else { panic!() };
        assert_eq!((accept.speech, accept.timeout_ms), (true, 5_000));
        assert_eq!(accept.hints, ["stop waiting"]);
        assert_eq!(heard(&bench.says("the weather is fine")), (vec!["I am waiting."], "ask"));
        assert_eq!(heard(&bench.turn(Event::Silent)), (vec!["I am waiting."], "ask"));
        let stopped = if says { bench.says("please stop waiting") } else { bench.presses("0") };
        assert_eq!(path(&stopped), ["wait:stopped", "agent"]);
        pay(&mut bench, json!({ "amount": 1 }));
        assert_eq!(path(&bench.presses("1")), ["agent:yes", "wait:arrived", "thanks"]);
    }
}

#[test]
fn a_chat_whose_customer_may_break_off_is_asked_every_two_minutes() {
    let stops = MAIN
        .replace("within: 1m", "within: 5m\n      stop: {key: '0'}")
        .replace("error: sorry}", "error: sorry, stopped: sorry}");
    let mut bench = bench(&stops);
    bench.call.medium = Medium::Chat;
    let timeout = |finished: &Finished| match &finished.record.directives.then {
        Then::Ask(accept) => accept.timeout_ms,
        other => panic!("{other:?}"),
    };
    assert_eq!(timeout(&bench.enter()), 120_000);
    bench.now = bench.now.after_ms(240_000);
    let last = bench.turn(Event::Silent);
    assert_eq!((heard(&last).0, timeout(&last)), (vec!["I am waiting."], 60_000));
    pay(&mut bench, json!({ "amount": 1 }));
    assert_eq!(path(&bench.turn(Event::Silent)), ["wait:arrived", "thanks"]);
}

#[test]
fn without_an_address_the_node_fails() {
    let mut bench = bench(&MAIN.replace("start: address", "start: over").replace(
        "nodes:\n",
        "nodes:\n  over: {switch: [{when: 'url == \"x\"', next: address}], next: wait}\n",
    ));
    let failed = bench.enter();
    assert_eq!(path(&failed), ["over", "wait:error", "sorry"]);
    let failure = failed.record.steps[1].failure.as_ref().unwrap();
    assert_eq!(failure.code, "no-address");
}

#[test]
fn a_value_that_save_cannot_use_leads_to_error_and_is_used_up() {
    let mut bench = bench(&MAIN.replace("output.value.amount", "output.value.amount + 1"));
    bench.enter();
    pay(&mut bench, json!({ "amount": "a lot" }));
    let failed = resumed_after(&mut bench, 10);
    assert_eq!(path(&failed), ["wait:error", "sorry"]);
    assert_eq!(failed.record.arrived.len(), 1);
}

#[test]
fn what_a_sensitive_hook_is_told_is_left_out_of_every_view() {
    let secret = MAIN
        .replace("payment", "secret")
        .replace("{url: string, paid: any}", "{url: string, paid: {type: any, sensitive: true}}");
    let mut bench = bench(&secret);
    bench.enter();
    tell(&mut bench, "secret", json!({ "amount": 4711 }));
    let mut paid = resumed_after(&mut bench, 10);
    assert_eq!(attribute(&paid, "paid"), 4711);
    assert!(serde_json::to_string(&paid.record).unwrap().contains("4711"));
    paid.record.hide();
    assert!(!serde_json::to_string(&paid.record).unwrap().contains("4711"));
}

#[test]
fn who_hangs_up_leaves_no_address_open() {
    let mut bench = bench(MAIN);
    bench.enter();
    let gone = bench.turn(Event::HungUp);
    assert!(matches!(gone.call.status, Status::Ended { .. }));
    assert!(gone.call.hooks.is_empty());
}

#[test]
fn a_channel_that_fails_leads_to_error() {
    let mut bench = bench(MAIN);
    bench.enter();
    let failed = bench.turn(Event::DirectiveFailed("the line is down".into()));
    assert_eq!(path(&failed), ["wait:error", "sorry"]);
}

#[test]
fn a_call_without_addresses_is_stored_as_it_always_was() {
    let mut bench = bench(MAIN);
    bench.call = {
        let mut stored = serde_json::to_value(&bench.call).unwrap();
        assert!(stored.get("hooks").is_none());
        stored.as_object_mut().unwrap().remove("hooks");
        serde_json::from_value(stored).unwrap()
    };
    let _: Channel = bench.call.channel();
    let entered = bench.enter();
    let stored = serde_json::to_value(&entered.call).unwrap();
    let until = bench.now.after_ms(600_000);
    assert_eq!(entered.call.hooks["payment"], OpenHook { visit: 1, until });
    assert_eq!(
        serde_json::from_value::<dialgraph_kernel::call::Call>(stored).unwrap(),
        entered.call
    );
}
