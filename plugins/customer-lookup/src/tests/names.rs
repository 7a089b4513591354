use crate::name::{likeness, normalised, readings};

#[test]
fn legal_forms_spacing_case_and_encoding_do_not_matter() {
    for name in [
        "푸른별상사",
        "(주)푸른별상사",
        "㈜푸른별상사",
        "㈜ 푸른별 상사",
        "주식회사 푸른별상사",
        "푸른별상사 주식회사",
        "푸른별상사(주)",
        "（주）푸른별상사",
        "주식회사(주) 푸른별상사",
        "\u{1111}\u{116e}\u{1105}\u{1173}\u{11ab}별상사",
    ] {
        assert_eq!(normalised(name), "푸른별상사", "{name}");
    }
    for name in [
        "Acorn Example Inc.",
        "ACORN EXAMPLE, INC",
        "acorn-example",
        "Acorn Example Co., Ltd.",
        "Acorn  Example L.L.C.",
        "Ａｃｏｒｎ Example",
        "Acorn Example Pte. Ltd.",
    ] {
        assert_eq!(normalised(name), "acornexample", "{name}");
    }
    assert_eq!(normalised("Café Ñandú"), normalised("cafe\u{301} nandu"));
    assert_eq!(normalised("유한회사 별"), "별");
    assert_eq!(normalised("A.B.C. Corp."), "abc");
}

#[test]
fn a_name_that_is_nothing_but_a_legal_form_stays() {
    assert_eq!(normalised("주식회사"), "주식회사");
    assert_eq!(normalised("Limited"), "limited");
    assert_eq!(normalised("!?"), "");
}

#[test]
fn phrases_around_a_name_are_not_part_of_it() {
    for heard in [
        "푸른별상사입니다",
        "푸른별 상사요",
        "여기 푸른별상사예요",
        "저는 주식회사 푸른별상사라고 합니다",
        "푸른별상사 주식회사인데요",
    ] {
        assert!(
            readings(heard).contains(&"푸른별상사".to_owned()),
            "{heard}: {:?}",
            readings(heard)
        );
    }
    assert!(readings("This is Acorn Example").contains(&"acornexample".to_owned()));
    assert!(readings("I'm from Acorn Example Inc.").contains(&"acornexample".to_owned()));
    // A name that ends like a phrase is still found as it is.
    assert_eq!(readings("다요")[0], "다요");
    assert!(readings("...").is_empty());
}

#[test]
fn likeness_tells_a_slip_of_the_ear_from_another_name() {
    assert!(likeness("푸른별상사", "푸른별상자").is_some());
    assert!(likeness("푸른별", "푸른별상사").is_some());
    assert!(likeness("acornexample", "acornsample").is_some());
    assert!(likeness("푸른별상사", "달빛물류").is_none());
    assert!(likeness("푸", "푸른별상사").is_none());
    assert!(likeness("acornexample", "birchsample").is_none());
    // The nearer the name, the more alike.
    assert!(likeness("푸른별상", "푸른별상사") > likeness("푸른", "푸른별상사"));
}
