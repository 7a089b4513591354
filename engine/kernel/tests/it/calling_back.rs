//! What a call back is promised to.

use dialgraph_kernel::directive::Then;

use crate::support::{Bench, Closures, heard};

const FLOW: &str = "
flow: main
locales: [en-US]
attributes: {given: {type: string, default: ''}}
start: promise
nodes:
  promise:
    callback: {queue: general, number: 'given != \"\" ? given : default(call.from, \"\")', say: {en-US: 'We will call you.'}}
    on: {error: sorry, no_number: ask}
  ask:
    ask: {prompt: {en-US: 'Which number?'}, digits: {min: 3, max: 15}}
    save: {given: output.digits}
    on: {digits: promise, no_input: sorry, no_match: sorry}
  sorry: {end: {disposition: sorry}}
";

fn bench(project: &str, from: Option<&str>) -> Bench {
    let mut bench =
        Bench::with(&[("dialgraph.yaml", project), ("main", FLOW)], Closures::default());
    bench.call.from = from.map(Into::into);
    bench
}

const KOREA: &str = "
entry: main
fallback: {queue: general}
locales: [en-US]
country: KR
";

#[test]
fn a_number_is_promised_a_call_back_as_it_can_be_dialled_from_anywhere() {
    for (from, wanted) in [
        ("+82-10-0000-0101", "+821000000101"),
        ("02-123-4567", "+8221234567"),
        ("010-1234-5678", "+821012345678"),
        ("+12125550100", "+12125550100"),
    ] {
        let mut bench = bench(KOREA, Some(from));
        let turn = bench.enter();
        let Then::Callback { number, .. } = &turn.record.directives.then else {
            panic!("{from}: {:?}", turn.record.directives.then);
        };
        assert_eq!(number, wanted);
        assert_eq!(heard(&turn).0, ["We will call you."]);
    }
}

#[test]
fn nothing_is_promised_without_a_number_that_can_be_called() {
    for from in [
        None,
        Some("anonymous"),
        Some("114"),
        Some("1588-1234"),
        Some("02-123-4567 ext 3"),
        Some("sip:a@b"),
    ] {
        let mut bench = bench(KOREA, from);
        let turn = bench.enter();
        assert_eq!(heard(&turn).0, ["Which number?"], "{from:?}");
        let step = &turn.record.steps[0];
        assert_eq!(step.port.as_deref(), Some("no_number"));
        assert_eq!(step.failure.as_ref().unwrap().code, "no-number");
        // A number that is none, again; then one that is.
        bench.presses("114");
        let turn = bench.presses("01012345678");
        assert_eq!(heard(&turn).0, ["We will call you."]);
    }
}

#[test]
fn without_a_port_of_its_own_a_missing_number_leaves_by_error() {
    let flow =
        FLOW.replace(", no_number: ask", "").replace("start: promise", "start: first").replace(
            "nodes:\n",
            "nodes:\n  first: {switch: [{when: 'given == \"x\"', next: ask}], next: promise}\n",
        );
    let mut bench = Bench::with(&[("dialgraph.yaml", KOREA), ("main", &flow)], Closures::default());
    bench.call.from = None;
    let turn = bench.enter();
    assert_eq!(bench.call.status.disposition(), Some("sorry"));
    assert_eq!(turn.record.steps[1].port.as_deref(), Some("error"));
}

#[test]
fn a_projects_country_is_that_of_its_first_locale_unless_it_says_another() {
    let american = KOREA.replace("country: KR\n", "");
    let mut bench = bench(&american, Some("(212) 555-0100"));
    let turn = bench.enter();
    assert!(
        matches!(&turn.record.directives.then, Then::Callback { number, .. } if number == "+12125550100")
    );
}
