//! A company's name is the same however it is written or said, and a slip of the ear is told from
//! another name.

use super::{index_entries, index_probes, index_probes_within, likeness, normalised, readings};

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

fn finds(heard: &str, name: &str) -> bool {
    let entries = index_entries(name);
    let heard = normalised(heard);
    let probes = [index_probes(&heard), index_probes_within(&heard)].concat();
    probes.iter().any(|probe| entries.contains(probe))
}

#[test]
fn a_name_is_found_by_what_people_say_of_it() {
    for (heard, name) in [
        ("푸른별상사", "㈜푸른별 상사"),
        ("푸른별", "푸른별상사"),
        ("상사", "푸른별 상사"),
        ("푸른별상사 영업팀", "푸른별상사"),
        ("영업팀 푸른별상사", "푸른별상사"),
        // Sounds alike: tense and aspirated initials, finals, vowels that are said alike.
        ("뿌른뼐쌍사", "푸른별상사"),
        ("푸룬별상자", "푸른별상자"),
        ("푸른병상사", "푸른별상사"),
        ("네오태크", "네오테크"),
        ("네오텍 시스템", "네오테크 시스템"),
        ("acorn sample", "Acorn Example Inc."),
        ("akorn eksample", "Acorn Example Inc."),
        ("nothwind traders", "Northwind Traders"),
    ] {
        assert!(finds(heard, name), "{heard}: {name}");
    }
    for (heard, name) in [("달빛물류", "푸른별상사"), ("birch trading", "Acorn Example Inc.")]
    {
        assert!(!finds(heard, name), "{heard}: {name}");
    }
    assert!(index_entries("!?").is_empty() && index_probes("").is_empty());
}

proptest::proptest! {
    #[test]
    fn one_syllable_may_be_wrong_more_or_missing(
        name in "[가-힣]{4,14}", at in 0..14_usize, other in "[가-힣]", kind in 0..3_u8,
    ) {
        let letters: Vec<char> = normalised(&name).chars().collect();
        proptest::prop_assume!(letters.len() > 3);
        let at = at % letters.len();
        let mut heard = letters.clone();
        match kind {
            0 => heard[at] = other.chars().next().unwrap_or('가'),
            1 => heard.insert(at, other.chars().next().unwrap_or('가')),
            _ => drop(heard.remove(at)),
        }
        let heard: String = heard.into_iter().collect();
        proptest::prop_assert!(finds(&heard, &letters.iter().collect::<String>()), "{heard}");
    }

    #[test]
    fn whatever_a_name_is_it_has_few_entries_and_finds_itself(name in ".{0,80}") {
        let entries = index_entries(&name);
        proptest::prop_assert!(entries.len() <= 14);
        proptest::prop_assert!(index_probes(&normalised(&name)).len() <= 80);
        proptest::prop_assert_eq!(finds(&name, &name), !normalised(&name).is_empty());
    }
}
