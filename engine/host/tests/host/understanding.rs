//! What reading an answer costs, counted in instructions: the same on every machine, however busy
//! it is.

use serde_json::json;

use dialgraph_base::Grants;
use dialgraph_kernel::plugin::{RunReport, RunResult};

use crate::support::{counting_host, guest, run};

/// Instructions that reading `piece` over and over takes, up to a length in bytes.
fn cost(piece: &str, bytes: usize) -> u64 {
    let mut grants = Grants::default();
    grants.limits.wall_ms = 60_000;
    let plugin = counting_host().load("listener", guest("listener"), &grants).unwrap();
    let config = json!({ "say": piece, "bytes": bytes }).to_string();
    let RunReport { result, cost, .. } = run(counting_host(), &plugin.digest, &config);
    assert!(matches!(result, RunResult::Done(_)), "{piece:?}: {result:?}");
    cost.instructions.unwrap()
}

#[test]
fn a_long_answer_costs_in_proportion_to_its_length() {
    for piece in [
        "네 ",
        "네",
        "아니 ",
        "요금말고",
        "요금 장애 ",
        "요금 말고 ",
        "장애이랑",
        "일",
        "일 ",
        "십",
        "1 ",
        "1",
        "1,",
        "not the bill ",
        "no ",
        "bill or ",
        "어",
        "a",
        "ㅋ",
        "잠깐만요 ",
        "# ",
        "hold on ",
        "다음 주 화요일 ",
        "세 시 ",
        "two ",
        "+1 ",
        "이름은 ",
        "만",
        "$1 ",
        "접속이",
        "상담원 ",
        "장난감 ",
        "두세 명 ",
        "하고",
        "oh ",
        "I mean ",
        "예약 취소 ",
        "아니 네 맞아요 ",
        "요금? ",
        "can not ",
    ] {
        let (short, long) = (cost(piece, 100), cost(piece, 800));
        // Eight times the length is eight times the cost; its square would be 64.
        assert!(long < short * 12, "{piece:?}: {short}, then {long} instructions");
    }
}
