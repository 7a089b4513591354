//! References of flow language: `$.External.action`, `$.Attributes.company` …

/// What the first word after `$.` may be, and whether something must follow it.
const NAMESPACES: &[(&str, Leaf)] = &[
    ("Attributes", Leaf::Needed),
    ("FlowAttributes", Leaf::Needed),
    ("External", Leaf::Needed),
    ("LambdaInvocation", Leaf::Needed),
    ("StoredCustomerInput", Leaf::None),
    ("Lex", Leaf::Needed),
    ("CustomerEndpoint", Leaf::Needed),
    ("SystemEndpoint", Leaf::Needed),
    ("Queue", Leaf::Needed),
    ("Channel", Leaf::None),
    ("ContactId", Leaf::None),
    ("InitialContactId", Leaf::None),
    ("PreviousContactId", Leaf::None),
    ("InstanceARN", Leaf::None),
    ("InitiationMethod", Leaf::None),
    ("LanguageCode", Leaf::None),
    ("TextToSpeechVoiceId", Leaf::None),
    ("AwsRegion", Leaf::None),
    ("CustomerId", Leaf::None),
    ("Name", Leaf::None),
    ("Description", Leaf::None),
    ("References", Leaf::Needed),
    ("Tags", Leaf::Needed),
    ("SegmentAttributes", Leaf::Needed),
    ("Metrics", Leaf::Needed),
    ("MediaStreams", Leaf::Needed),
    ("Media", Leaf::Needed),
    ("Agent", Leaf::Needed),
    ("Customer", Leaf::Needed),
    ("Case", Leaf::Needed),
    ("Views", Leaf::Needed),
    ("Loop", Leaf::Needed),
    ("Modules", Leaf::Needed),
    ("DataTables", Leaf::Needed),
    ("Wisdom", Leaf::Needed),
    ("Task", Leaf::Needed),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    Needed,
    None,
}

/// What `text` is, as a value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'t> {
    /// No reference in it.
    Words,
    /// One reference and nothing else.
    Reference,
    /// References among other words.
    Mixed,
    /// Something that looks like a reference and is none.
    Broken(&'t str, &'static str),
}

/// Looks for references in `text`.
pub(crate) fn read(text: &str) -> Value<'_> {
    let mut found = 0;
    let mut whole = false;
    for (start, _) in text.match_indices("$.") {
        let rest = &text[start..];
        let reference = &rest[..end(rest)];
        if let Err(problem) = check(reference) {
            return Value::Broken(reference, problem);
        }
        found += 1;
        whole = start == 0 && reference.len() == text.len();
    }
    match (found, whole) {
        (0, _) => Value::Words,
        (1, true) => Value::Reference,
        _ => Value::Mixed,
    }
}

/// Where the reference at the start of `text` ends. The full stop of a sentence belongs to the
/// sentence.
fn end(text: &str) -> usize {
    let mut quoted = false;
    let length = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| match c {
            '\'' => {
                quoted = !quoted;
                false
            }
            _ if quoted => false,
            c => !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']' | ':')),
        })
        .map_or(text.len(), |(index, _)| index);
    text[..length].trim_end_matches(['.', ':', '-']).len().max(2)
}

fn check(reference: &str) -> Result<(), &'static str> {
    let path = reference.strip_prefix("$.").unwrap_or_default();
    let name_end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(name_end);
    if name == "System" {
        return Err(
            "flow language has no `$.System`; write `$.CustomerEndpoint.Address`, `$.Queue.Name` …",
        );
    }
    let Some((_, leaf)) = NAMESPACES.iter().find(|(namespace, _)| *namespace == name) else {
        return Err("there is no such namespace");
    };
    match leaf {
        Leaf::Needed if rest.trim_matches('.').is_empty() => {
            Err("a namespace is no value; name what is in it")
        }
        Leaf::None if !rest.is_empty() => Err("nothing is within this value"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_words() {
        assert_eq!(read("hello"), Value::Words);
        assert_eq!(read("it costs $5. Really"), Value::Words);
        assert_eq!(read("$.External.action"), Value::Reference);
        assert_eq!(read("$.SegmentAttributes['connect:Subtype']"), Value::Reference);
        assert_eq!(read("My name is $.Name."), Value::Mixed);
        assert_eq!(read("$.External.vanity1.  Your second $.External.b"), Value::Mixed);
    }

    #[test]
    fn what_only_looks_like_a_reference_is_found() {
        for text in [
            "$.External",
            "$.External.",
            "$.System.Foo",
            "$.Extrenal.x",
            "$.Channel.x",
            "say $.Nope",
        ] {
            assert!(matches!(read(text), Value::Broken(..)), "{text}");
        }
    }
}
