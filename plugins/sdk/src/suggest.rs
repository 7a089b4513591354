//! The name that was most likely meant.

/// The candidate that `name` is nearest to, if any is near enough: a third of the characters wrong
/// (at least one, and two for names of four or more). Letter case and `-` or `_` do not count. Ties
/// go to the first.
///
/// ```
/// use dialgraph_plugin::nearest;
///
/// assert_eq!(nearest("Asia/Sol", ["Asia/Omsk", "Asia/Seoul"]), Some("Asia/Seoul"));
/// assert_eq!(nearest("x", ["y", "z"]), None);
/// ```
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = folded(name);
    // What is longer than this is no name, and takes long to compare.
    if wanted.len() > 100 {
        return None;
    }
    let allowed = (wanted.len() / 3).max(if wanted.len() >= 4 { 2 } else { 1 });
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let folded = folded(candidate);
            if folded.len().abs_diff(wanted.len()) > allowed {
                return None;
            }
            let distance = distance(&wanted, &folded);
            (distance <= allowed && distance < folded.len().max(1)).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

/// Optimal string alignment distance: swapped neighbours are one mistake.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(ca != cb)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *ca == b[j - 1] && a[i - 1] == *cb {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
