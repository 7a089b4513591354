//! The nearest name to one that is not there.

/// Bytes of a name for which a nearest one is looked for; names of a project have 64.
const MAX_NAME: usize = 256;

/// The candidate that `name` was most likely meant to be, if any is near enough.
///
/// Near enough is a third of the characters wrong (at least one, and two for names of four or
/// more), counting swapped neighbours as one mistake. Letter case and `-`/`_` do not count at all.
/// Ties go to the first.
///
/// ```
/// use dialgraph_base::nearest;
///
/// assert_eq!(nearest("custmer", ["customer", "company"]), Some("customer"));
/// assert_eq!(nearest("queue", ["customer", "company"]), None);
/// ```
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let wanted = folded(name);
    let length = wanted.chars().count();
    let allowed = (length / 3).max(if length >= 4 { 2 } else { 1 });
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len() <= MAX_NAME)
        // Most names are of another length; letters beyond it are wrong in any case.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed + 2)
        .map(|candidate| (strsim::osa_distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count().max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// As names are compared.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_name() {
        let names = ["customer", "company", "tries"];
        assert_eq!(nearest("custmer", names), Some("customer"));
        assert_eq!(nearest("comapny", names), Some("company"));
        assert_eq!(nearest("Tries", names), Some("tries"));
    }

    #[test]
    fn a_different_word_finds_nothing() {
        assert_eq!(nearest("queue", ["customer", "tries"]), None);
        assert_eq!(nearest("x", ["a", "b"]), None);
    }

    #[test]
    fn dashes_and_underscores_are_the_same() {
        assert_eq!(nearest("no-input", ["no_match", "no_input"]), Some("no_input"));
    }
}
