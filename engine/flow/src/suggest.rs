//! The nearest name to one that is not there.

/// The candidate that `name` was most likely meant to be, if any is near enough.
///
/// Near enough is a third of the characters wrong (at least one, and two for names of four or more), counting
/// swapped neighbours as one mistake. Letter case and `-`/`_` do not count at all. Ties go to the first.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = folded(name);
    let allowed = (wanted.len() / 3).max(if wanted.len() >= 4 { 2 } else { 1 });
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count().max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let swap = i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb;
            let mut cost = (last[j] + usize::from(ca != cb)).min(last[j + 1] + 1).min(row[j] + 1);
            if swap {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
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
