//! What a word that is not there was most likely meant to be.

use dialgraph_base::nearest;

/// Words that people know from elsewhere, with what they are called here.
const CALLED: &[(&[&str], &str)] = &[
    (&["integer", "int", "float", "double", "decimal", "numeric", "count", "amount"], "number"),
    (&["boolean", "bool", "confirm", "confirmation"], "yes_no"),
    (&["bool"], "boolean"),
    (&["text", "str"], "string"),
    (&["array", "sequence"], "list"),
    (&["object", "dict", "record"], "map"),
    (&["datetime", "day"], "date"),
    (&["hour", "clock"], "time"),
    (&["telephone", "tel", "phone_number", "mobile"], "phone"),
    (&["currency", "price", "amount"], "money"),
    (&["person", "full_name"], "name"),
    (&["dtmf", "pin", "code", "keys"], "digits"),
];

/// The word of a closed set that was most likely meant, by how it is written or by what it is
/// called elsewhere.
pub(crate) fn meant<'c>(name: &str, words: &[&'c str]) -> Option<&'c str> {
    let folded = name.to_lowercase().replace('-', "_");
    let called = CALLED.iter().filter(|(others, _)| others.contains(&folded.as_str()));
    let mut called = called.filter_map(|(_, word)| words.iter().find(|known| *known == word));
    nearest(name, words.iter().copied()).or_else(|| called.next().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_from_elsewhere_finds_what_it_is_called_here() {
        let kinds = ["yes_no", "number", "date"];
        assert_eq!(meant("integer", &kinds), Some("number"));
        assert_eq!(meant("Boolean", &kinds), Some("yes_no"));
        assert_eq!(meant("numbr", &kinds), Some("number"));
        assert_eq!(meant("bool", &["string", "boolean"]), Some("boolean"));
        assert_eq!(meant("colour", &kinds), None);
    }
}
