//! `customer-lookup`, as the component that is shipped.

use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use serde_json::{Value, json};

use crate::components::{Visit, ask, collection, done, heard, is_current, load};

fn world() -> impl Fn(&HostCall) -> HostResult + Send + Sync {
    let customer = |id: &str, company: &str, account: &str, level: &str| {
        json!({
            "customer_id": id, "company_name": company, "aws_account_id": account, "support_level": level,
        })
    };
    collection(
        "customers",
        &[
            ("c-001", customer("c-001", "(주)푸른별상사", "111122223333", "MSP")),
            ("c-002", customer("c-002", "한빛전자", "444455556666", "VIP")),
            ("c-003", customer("c-003", "한빛전기", "777788889999", "General")),
        ],
    )
}

fn visit(input: Value, world: impl Fn(&HostCall) -> HostResult + Send + Sync + 'static) -> Visit {
    let plugin = load("customer-lookup", &["log", "records-read"]);
    Visit::new(&plugin, json!({"collection": "customers"}), world).input(input)
}

#[test]
fn the_class_of_an_account_is_the_port() {
    for (account, port) in
        [("111122223333", "msp"), ("444455556666", "vip"), ("777788889999", "general")]
    {
        let found = done(visit(json!({"account_id": account}), world()).enter());
        assert_eq!((&*found.port, &found.output["matched_by"]), (port, &json!("account_id")));
    }
    let nobody =
        done(visit(json!({"account_id": "000000000000", "company": "없는회사"}), world()).enter());
    assert_eq!(nobody.port, "unregistered");
}

#[test]
fn a_partial_name_is_confirmed_over_two_turns() {
    let mut visit = visit(json!({"company": "푸른별 상자입니다"}), world());
    assert!(heard(&ask(visit.enter())).starts_with("(주)푸른별상사 고객님이 맞으십니까?"));
    let found = done(visit.say("네 맞습니다"));
    assert_eq!((&*found.port, &found.output["confirmed"]), ("msp", &json!(true)));
    ask(visit.enter());
    assert_eq!(done(visit.press("2")).port, "ambiguous");
}

#[test]
fn of_two_similar_names_one_is_chosen_by_key() {
    let mut visit = visit(json!({"company": "한빛"}), world());
    let choices = ask(visit.enter());
    assert!(heard(&choices).contains("한빛전자, 1번. 한빛전기, 2번."), "{}", heard(&choices));
    assert_eq!(done(visit.press("2")).port, "general");
}

#[test]
fn last_known_records_stand_in_for_records_that_are_down() {
    let down = || HostError::unavailable("down", "the records are being serviced");
    let input = json!({"account_id": "111122223333"});
    let world = world();
    let mut stale = visit(input.clone(), move |call| match call {
        call if is_current(call) => Err(down()),
        other => world(other),
    });
    let found = done(stale.enter());
    assert_eq!((&*found.port, &found.output["stale"]), ("msp", &json!(true)));
    assert_eq!(found.output["as_of"], "2026-11-20T01:00:00Z");
    assert!(stale.logs.concat().contains("last known"), "{:?}", stale.logs);

    let RunResult::Failed(failure) = visit(input, move |_| Err(down())).enter() else {
        panic!("an error was expected")
    };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("retryable", "down"));
}
