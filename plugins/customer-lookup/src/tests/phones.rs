//! Every writing of a telephone number is the same number, and what is none names nobody.

use serde_json::json;

use crate::phone::Country;

#[test]
fn every_writing_of_a_korean_number_is_the_same_number() {
    let korea = Country::default();
    for number in [
        "+82-10-0000-0101",
        "+821000000101",
        "010-0000-0101",
        "01000000101",
        "010 0000 0101",
        "82 (0)10-0000-0101".replace("82", "+82").as_str(),
        "0082 10 0000 0101",
        "+82 010 0000 0101",
        "０１０－0000－0101".replace('－', "-").as_str(),
    ] {
        assert_eq!(korea.e164(number).as_deref(), Some("+821000000101"), "{number}");
    }
    assert_eq!(korea.e164("02-000-0102").as_deref(), Some("+8220000102"));
}

#[test]
fn numbers_of_other_countries_keep_their_country() {
    assert_eq!(Country::default().e164("+1-202-555-0103").as_deref(), Some("+12025550103"));
    let america: Country =
        serde_json::from_value(json!({"calling_code": "1", "trunk_prefix": ""})).unwrap();
    assert_eq!(america.e164("(202) 555-0103").as_deref(), Some("+12025550103"));
}

#[test]
fn what_is_no_number_names_nobody() {
    for number in
        ["", "anonymous", "114", "sip:dana@example.com", "+0123456789", "12345678901234567"]
    {
        assert_eq!(Country::default().e164(number), None, "{number}");
    }
}
