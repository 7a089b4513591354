//! Reads what a caller said in every way that the understanding knows, so that what a reading costs
//! can be counted in instructions. The configuration is `{"say": PIECE, "bytes": LENGTH}`: the
//! piece over and over, up to that length.

use dialgraph_understanding::jiff::civil;
use dialgraph_understanding::{
    Offers, anger, choose, collides, date, digits, heard_digits, money, name, number, occurs_in,
    person, phone, phrase_problems, place_of_two, repeat, time, yes_no,
};

wit_bindgen::generate!({ path: "../../../wit", world: "dialgraph:plugin/node" });

use exports::dialgraph::plugin::plugin::{
    Descriptor, Done, Guest, Invocation, NodeError, Outcome, Port,
};

struct Listener;

impl Guest for Listener {
    fn describe() -> Descriptor {
        Descriptor {
            name: "listener".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Reads a long answer.".to_owned(),
            ports: vec![Port { name: "done".to_owned(), summary: "Always.".to_owned() }],
            config_schema: "{}".to_owned(),
            input_schema: "{}".to_owned(),
            output_schema: "{}".to_owned(),
            extra: Vec::new(),
        }
    }

    fn run(invocation: Invocation) -> Result<Outcome, NodeError> {
        let config: serde_json::Value =
            serde_json::from_str(&invocation.config).unwrap_or_default();
        let piece = config["say"].as_str().unwrap_or_default();
        let bytes = config["bytes"].as_u64().unwrap_or_default();
        if !piece.is_empty() {
            read_all(&piece.repeat(bytes as usize / piece.len()));
        }
        Ok(Outcome::Done(Done {
            port: "done".to_owned(),
            output: "{}".to_owned(),
            say: Vec::new(),
            extra: Vec::new(),
        }))
    }
}

fn offers() -> Offers {
    Offers::new()
        .key('1', "outage")
        .key('*', "again")
        .phrases("outage", ["장애", "접속이 안 돼요", "outage", "call back"])
        .phrases("bill", ["요금", "차", "bill", "네", "AWS 요금"])
        .phrases("cancel", ["예약 취소", "cancel"])
        .phrases("book", ["예약"])
        .phrases("agent", ["사람"])
}

fn read_all(text: &str) {
    let seen = [
        choose(text, &offers()).why.to_string().len(),
        yes_no(text).why.to_string().len(),
        number(text).why.matched.len(),
        digits(text, 1..=12).why.matched.len(),
        heard_digits(text, 4..=4).map_or(0, |digits| digits.len()),
        date(text, civil::date(2026, 11, 20)).why.matched.len(),
        time(text).why.matched.len(),
        phone(text, "KR").why.matched.len(),
        phone(text, "ZZ").why.matched.len(),
        money(text, "KRW").why.matched.len(),
        money(text, "USD").why.matched.len(),
        name(text).why.matched.len(),
        person(text).why.matched.len(),
        anger(text).why.matched.len(),
        repeat(text).why.matched.len(),
        place_of_two(text).unwrap_or_default(),
        phrase_problems(text).len(),
        usize::from(occurs_in(text, "장애요")),
        usize::from(occurs_in("장애", text)),
        usize::from(collides(text, "outage").is_some()),
    ];
    // What nobody looks at is not read.
    std::hint::black_box(seen);
}

export!(Listener);
