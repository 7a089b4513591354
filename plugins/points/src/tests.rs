//! Points are spent once, whatever is repeated and whoever comes between, and the entries of an
//! account always add up to its balance.

use std::collections::BTreeMap;

use dialgraph_plugin::HostError;
use dialgraph_plugin::testing::{Reply, TestCall, TestHost, check, check_schemas};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Points;
use crate::account::{Account, Became, By, Entry, Kind, MOST, MOST_HOLDS, Operation, key};

/// The points of one customer, over several visits.
struct Desk(TestHost);

impl Desk {
    fn new(accounts: &[(&str, Value)]) -> Self {
        let call = TestCall::<Points>::new(config("balance"));
        let host = call.host();
        for collection in ["points", "history"] {
            host.collection(collection);
        }
        for (key, data) in accounts {
            host.record("points", key, data.clone());
        }
        Self(host)
    }

    fn host(&self) -> &TestHost {
        &self.0
    }

    fn visit(&self, action: &str, input: Value) -> Reply {
        let mut with = json!({"account": "c-1"});
        with.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        TestCall::<Points>::new(config(action)).world(&self.0).input(with).enter()
    }

    /// `outcome points balance available`, and `again` if it had been done before.
    fn does(&self, action: &str, input: Value) -> String {
        let reply = self.visit(action, input);
        let output = reply.output().clone();
        let told = ["outcome", "points", "balance", "available"].map(|name| match &output[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let done = matches!(&*told[0], "known" | "credited" | "reserved" | "settled" | "released");
        assert_eq!(reply.port(), if done { "done" } else { "not_done" }, "{output}");
        let again = if output["repeated"] == true { " again" } else { "" };
        format!("{}{again}", told.join(" "))
    }

    /// The account, and all its entries by number.
    fn ledger(&self) -> (Account, BTreeMap<u64, Entry>) {
        let account = self.host().stored("points", "c-1").unwrap_or_else(|| json!({}));
        let account: Account = serde_json::from_value(account).unwrap();
        let history = self.host().all_stored("history").into_values();
        let history = history.map(|entry| serde_json::from_value::<Entry>(entry).unwrap());
        let entries = history.chain(account.recent.clone());
        (account, entries.map(|entry| (entry.number, entry)).collect())
    }

    fn adds_up(&self) {
        let (account, entries) = self.ledger();
        adds_up(&account, &entries);
    }
}

fn adds_up(account: &Account, entries: &BTreeMap<u64, Entry>) {
    assert_eq!(entries.len() as u64, account.entries, "no entry is missing");
    assert_eq!(entries.keys().next_back().copied().unwrap_or(0), account.entries);
    let mut balance = 0;
    for entry in entries.values() {
        balance += entry.change;
        assert_eq!(entry.balance, balance, "{entry:?}");
    }
    assert_eq!(account.balance, balance);
}

fn config(action: &str) -> Value {
    json!({"do": action, "collection": "points", "history": "history"})
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<Points>();
}

#[test]
fn a_purchase_reserves_points_and_settles_them_and_earns_others() {
    let desk = Desk::new(&[("c-1", json!({"balance": 3000, "name": "Mina"}))]);
    assert_eq!(desk.does("balance", json!({})), "known 0 3000 3000");
    let order = |points: i64| json!({"id": "o-1", "points": points});
    assert_eq!(desk.does("reserve", order(2500)), "reserved 2500 3000 500");
    assert_eq!(desk.does("settle", json!({"id": "o-1"})), "settled 2500 500 500");
    assert_eq!(desk.does("credit", order(450)), "credited 450 950 950");
    let (account, entries) = desk.ledger();
    assert_eq!(account.rest["name"], "Mina", "what others keep in the record stays");
    let kinds = entries.values().map(|entry| (entry.kind, entry.change));
    let expected = [(Kind::Opening, 3000), (Kind::Settled, -2500), (Kind::Credited, 450)];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    desk.adds_up();
}

#[test]
fn a_payment_that_fails_gives_the_points_back() {
    let desk = Desk::new(&[("c-1", json!({"balance": 3000}))]);
    desk.does("reserve", json!({"id": "o-1", "points": 1000}));
    assert_eq!(desk.does("release", json!({"id": "o-1"})), "released 1000 3000 3000");
    assert_eq!(desk.does("release", json!({"id": "o-1"})), "released 1000 3000 3000 again");
    assert_eq!(desk.does("settle", json!({"id": "o-1"})), "differs 0 3000 3000");
    assert_eq!(desk.does("reserve", json!({"id": "o-1", "points": 1000})), "differs 0 3000 3000");
    desk.adds_up();
}

#[test]
fn less_than_is_reserved_can_be_spent_and_more_cannot() {
    let desk = Desk::new(&[("c-1", json!({"balance": 100}))]);
    desk.does("reserve", json!({"id": "o-1", "points": 80}));
    assert_eq!(desk.does("settle", json!({"id": "o-1", "points": 81})), "differs 0 100 20");
    assert_eq!(desk.does("settle", json!({"id": "o-1", "points": 30})), "settled 30 70 70");
    assert_eq!(desk.does("settle", json!({"id": "o-1"})), "settled 30 70 70 again");
    assert_eq!(desk.does("settle", json!({"id": "o-1", "points": 31})), "differs 0 70 70");
}

#[test]
fn what_is_reserved_cannot_be_reserved_again() {
    let desk = Desk::new(&[("c-1", json!({"balance": 100}))]);
    assert_eq!(desk.does("reserve", json!({"id": 1, "points": 60})), "reserved 60 100 40");
    assert_eq!(
        desk.does("reserve", json!({"id": "1", "points": 60.0})),
        "reserved 60 100 40 again"
    );
    assert_eq!(desk.does("reserve", json!({"id": "1", "points": 61})), "differs 0 100 40");
    assert_eq!(desk.does("reserve", json!({"id": "2", "points": 41})), "insufficient 0 100 40");
    assert_eq!(desk.does("settle", json!({"id": "2"})), "not_reserved 0 100 40");
    assert_eq!(desk.does("release", json!({"id": "2"})), "not_reserved 0 100 40");
}

#[test]
fn who_has_no_account_can_only_be_given_points() {
    let desk = Desk::new(&[]);
    for (action, input) in [
        ("balance", json!({})),
        ("reserve", json!({"id": "o", "points": 1})),
        ("settle", json!({"id": "o"})),
        ("release", json!({"id": "o"})),
    ] {
        assert_eq!(desk.does(action, input), "no_account 0 0 0", "{action}");
    }
    assert_eq!(desk.does("credit", json!({"id": "o", "points": 450})), "credited 450 450 450");
    assert_eq!(
        desk.does("credit", json!({"id": "o", "points": 450})),
        "credited 450 450 450 again"
    );
    assert_eq!(desk.does("credit", json!({"id": "o", "points": 451})), "differs 0 450 450");
    desk.adds_up();
}

#[test]
fn what_was_done_long_ago_is_not_done_again() {
    let desk = Desk::new(&[("c-1", json!({"balance": 0}))]);
    for n in 0..200 {
        let input = json!({"id": format!("o-{n}"), "points": 10});
        desk.does("credit", input.clone());
        desk.does("reserve", input);
        let (action, end) = [("settle", "settled"), ("release", "released")][n % 2];
        assert!(desk.does(action, json!({"id": format!("o-{n}")})).starts_with(end));
    }
    assert_eq!(desk.does("balance", json!({})), "known 0 1000 1000");
    let first = json!({"id": "o-0", "points": 10});
    assert_eq!(desk.does("credit", first.clone()), "credited 10 1000 1000 again");
    assert_eq!(desk.does("settle", json!({"id": "o-0"})), "settled 10 1000 1000 again");
    assert_eq!(desk.does("release", json!({"id": "o-1"})), "released 10 1000 1000 again");
    assert_eq!(desk.does("reserve", first), "differs 0 1000 1000");
    desk.adds_up();
    let bytes = desk.host().stored("points", "c-1").unwrap().to_string().len();
    assert!(bytes < 8 << 10, "{bytes}: the record does not grow with its history");
}

#[test]
fn what_somebody_else_writes_into_the_balance_becomes_an_entry() {
    let desk = Desk::new(&[("c-1", json!({"balance": 10}))]);
    desk.does("credit", json!({"id": "a", "points": 5}));
    let mut edited = desk.host().stored("points", "c-1").unwrap();
    edited["balance"] = json!(100);
    desk.host().record("points", "c-1", edited);
    assert_eq!(desk.does("credit", json!({"id": "b", "points": 1})), "credited 1 101 101");
    let (_, entries) = desk.ledger();
    assert_eq!((entries[&3].kind, entries[&3].change), (Kind::Correction, 85));
    desk.adds_up();
}

#[test]
fn a_rival_call_is_let_go_first_and_then_it_is_tried_again() {
    let desk = Desk::new(&[("c-1", json!({"balance": 100}))]);
    desk.host().rival("points", "c-1", json!({"balance": 30}));
    assert_eq!(
        desk.does("reserve", json!({"id": "o", "points": 60})),
        "insufficient 0 30 30",
        "the other call has spent them"
    );
}

#[test]
fn what_a_flow_does_not_know_is_no_account_and_no_purchase() {
    let desk = Desk::new(&[("c-1", json!({"balance": 100}))]);
    let code = |action: &str, input: Value| {
        let visit = desk.visit(action, input);
        visit.error().info().code.clone()
    };
    assert_eq!(code("balance", json!({"account": null})), "missing-input");
    for wrong in [json!(" "), json!("a/b"), json!(1.5), json!("x".repeat(101))] {
        assert_eq!(code("balance", json!({"account": wrong})), "bad-input", "{wrong}");
    }
    assert_eq!(code("release", json!({})), "missing-input");
    assert_eq!(code("reserve", json!({"id": "o"})), "missing-input");
    for wrong in [json!(0), json!(-1), json!(0.5), json!(1e300)] {
        let input = json!({"id": "o", "points": wrong});
        assert_eq!(code("reserve", input.clone()), "bad-input", "{wrong}");
        assert_eq!(code("credit", input), "bad-input", "{wrong}");
    }
    assert_eq!(desk.host().stored("points", "c-1").unwrap(), json!({"balance": 100}));
}

#[test]
fn a_store_that_is_down_is_an_error_and_never_an_old_balance() {
    let desk = Desk::new(&[("c-1", json!({"balance": 100}))]);
    desk.host().fail_records(HostError::unavailable("down", "the store is down"));
    assert_eq!(desk.visit("balance", json!({})).error().info().code, "down");
}

#[test]
fn an_account_has_bounds() {
    let by = By { id: "o", at: "", call: "" };
    let mut full = Account { balance: MOST, ..Account::default() };
    assert_eq!(full.apply(Operation::Credit(1), None, by), Became::TooMany);
    let mut account = Account { balance: 1000, ..Account::default() };
    for n in 0..MOST_HOLDS {
        let id = n.to_string();
        let became = account.apply(Operation::Reserve(1), None, By { id: &id, ..by });
        assert!(matches!(became, Became::Done { .. }));
    }
    assert_eq!(account.apply(Operation::Reserve(1), None, by), Became::TooMany);
    let ids = ["c".repeat(100), "o".repeat(100)];
    assert!(key(&ids[0], Operation::Credit(1), &ids[1]).len() <= 256, "as a record's key may be");
}

#[test]
fn accounts_and_history_are_two_collections() {
    let same = json!({"do": "balance", "collection": "points", "history": "points"});
    assert_eq!(check::<Points>(&same, &["ko-KR"]).len(), 1);
    assert_eq!(check::<Points>(&config("settle"), &["ko-KR"]), []);
}

/// Something that is done to one account, by a flow or, with `None`, by somebody else.
fn doing() -> impl Strategy<Value = (Option<&'static str>, u8, i64)> {
    let actions = ["credit", "reserve", "settle", "release"].map(Some);
    let action = prop_oneof![8 => proptest::sample::select(actions.to_vec()), 1 => Just(None)];
    (action, 0_u8..6, 1_i64..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Against a model that only counts: what is answered is what holds, and everything adds up
    /// after each step, edits from outside included.
    #[test]
    fn entries_add_up_and_each_purchase_happens_once(steps in proptest::collection::vec(doing(), 1..80)) {
        let desk = Desk::new(&[("c-1", json!({"balance": 50}))]);
        let (mut balance, mut held) = (50_i64, BTreeMap::new());
        let (mut credited, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for (action, id, points) in steps {
            let Some(action) = action else {
                let mut edited = desk.host().stored("points", "c-1").unwrap();
                edited["balance"] = json!(balance + points);
                balance += points;
                desk.host().record("points", "c-1", edited);
                continue;
            };
            let reply = desk.visit(action, json!({"id": id, "points": if action == "release" { Value::Null } else { json!(points) }}));
            let output = reply.output().clone();
            let again = output["repeated"] == true;
            let reserved: i64 = held.values().sum();
            match (action, output["outcome"].as_str().unwrap()) {
                ("credit", "credited") => {
                    prop_assert_eq!(again, credited.contains_key(&id));
                    if !again { balance += points; }
                    prop_assert_eq!(*credited.entry(id).or_insert(points), points);
                }
                ("credit", "differs") => prop_assert_ne!(credited[&id], points),
                ("reserve", "reserved") => {
                    prop_assert!(!ended.contains_key(&id));
                    prop_assert_eq!(again, held.contains_key(&id));
                    prop_assert!(again || reserved + points <= balance);
                    prop_assert_eq!(*held.entry(id).or_insert(points), points);
                }
                ("reserve", "differs") => prop_assert!(ended.contains_key(&id) || held[&id] != points),
                ("reserve", "insufficient") => prop_assert!(reserved + points > balance),
                ("settle", "settled") if again => prop_assert_eq!(ended[&id], ("settled", points)),
                ("settle", "settled") => {
                    prop_assert!(held.remove(&id).unwrap() >= points);
                    balance -= points;
                    ended.insert(id, ("settled", points));
                }
                ("settle", "differs") => prop_assert!(
                    held.get(&id).is_some_and(|held| *held < points)
                        || ended.get(&id).is_some_and(|ended| *ended != ("settled", points))
                ),
                ("release", "released") if again => prop_assert_eq!(ended[&id].0, "released"),
                ("release", "released") => {
                    let points = held.remove(&id).unwrap();
                    ended.insert(id, ("released", points));
                }
                ("release", "differs") => prop_assert_eq!(ended[&id].0, "settled"),
                (_, "not_reserved") => prop_assert!(!held.contains_key(&id) && !ended.contains_key(&id)),
                other => prop_assert!(false, "{:?}", other),
            }
            prop_assert_eq!(&output["balance"], &json!(balance));
            prop_assert_eq!(&output["available"], &json!(balance - held.values().sum::<i64>()));
        }
        // Make an entry of the last edit.
        desk.does("credit", json!({"id": "end", "points": 1}));
        desk.adds_up();
    }
}
