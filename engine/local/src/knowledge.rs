//! Full-text search over Markdown articles.
//!
//! An article is cut into passages at its headings. A passage is indexed by its words' stems, for
//! Hangul as overlapping pairs of syllables, so that compounds are found by their parts without a
//! dictionary. Passages are ranked by BM25, turned into a score with a meaning: **the share of what
//! the question says that the passage says too**, 0 to 1, each word weighed by its rarity (inverse
//! document frequency). A word that no passage has counts as a rare one, so questions about other
//! things score low. Function words do not count.
//!
//! As a rule of thumb on the shipped articles: from 0.5 on the passage is about the question, below
//! 0.3 it is not.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use async_trait::async_trait;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::knowledge::{Passage, Query};
use dialgraph_kernel::provider::{Caller, Knowledge};

use crate::error::{LocalError, MAX_FILE_BYTES};
use crate::text;

/// Base that answers when a query names none.
pub const DEFAULT_BASE: &str = "default";

/// Longest query, in characters.
pub const MAX_QUERY_CHARS: usize = 1024;

/// Most passages in an answer.
pub const MAX_PASSAGES: u32 = 20;

/// Passages longer than this, in characters, are cut at paragraphs.
const PASSAGE_CHARS: usize = 1200;

/// Passages that score less are not given at all.
const LEAST_SCORE: f64 = 0.05;

// BM25's usual constants.
const K1: f64 = 1.2;
const B: f64 = 0.5;

/// What a word that no passage has counts beside one that a single passage has.
const UNKNOWN_WEIGHT: f64 = 0.7;

/// What a word in the title or heading counts beside one in the text.
const TITLE_WEIGHT: f64 = 2.0;

/// Searches the articles of a project.
#[derive(Debug, Default)]
pub struct LocalKnowledge {
    /// Base, then locale.
    bases: BTreeMap<String, BTreeMap<String, Index>>,
}

/// One article: where it is and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Path inside the project, such as `knowledge/default/ko-KR/mfa.md`.
    pub source: String,
    /// File name without ending; passages are `STEM#1`, `STEM#2` …
    pub stem: String,
    /// Markdown, optionally with front matter `title:`.
    pub markdown: String,
}

#[derive(Debug, Default)]
struct Index {
    passages: Vec<Entry>,
    /// Passages that have the term, with its weighed count.
    terms: HashMap<String, Vec<(usize, f64)>>,
    mean_length: f64,
}

#[derive(Debug)]
struct Entry {
    id: String,
    title: String,
    text: String,
    source: String,
    length: f64,
}

impl Entry {
    fn passage(&self, score: f64) -> Passage {
        Passage {
            id: self.id.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            source: self.source.clone(),
            score,
            extra: Vec::new(),
        }
    }
}

impl LocalKnowledge {
    /// Reads `folder/BASE/LOCALE/*.md`; a folder that does not exist holds no base.
    ///
    /// # Errors
    /// [`LocalError::Read`] if something there cannot be read.
    pub fn load(folder: &Path) -> Result<Self, LocalError> {
        let mut knowledge = Self::default();
        if !folder.is_dir() {
            return Ok(knowledge);
        }
        for (base, path) in children(folder)? {
            if !path.is_dir() {
                continue;
            }
            for (locale, path) in children(&path)? {
                if !path.is_dir() {
                    continue;
                }
                let mut articles = Vec::new();
                for (name, path) in children(&path)? {
                    let Some(stem) = name.strip_suffix(".md") else { continue };
                    let markdown = dialgraph_files::text(&path, MAX_FILE_BYTES)
                        .map_err(|why| LocalError::Read { path: path.clone(), why: why.into() })?;
                    articles.push(Article {
                        source: format!("knowledge/{base}/{locale}/{name}"),
                        stem: stem.to_owned(),
                        markdown,
                    });
                }
                knowledge.add(&base, &locale, &articles);
            }
        }
        Ok(knowledge)
    }

    /// Sets the articles of a base in a locale.
    pub fn add(&mut self, base: &str, locale: &str, articles: &[Article]) {
        let index = Index::new(articles);
        self.bases.entry(base.to_owned()).or_default().insert(locale.to_owned(), index);
    }

    /// All passages, by base and locale, in the order of their articles. Their scores are 0:
    /// nothing was asked.
    ///
    /// For whoever ranks them in another way, too.
    pub fn shelves(&self) -> impl Iterator<Item = (&str, &str, Vec<Passage>)> {
        self.bases.iter().flat_map(|(base, locales)| {
            locales.iter().map(move |(locale, index)| {
                let passages = index.passages.iter().map(|entry| entry.passage(0.0)).collect();
                (base.as_str(), locale.as_str(), passages)
            })
        })
    }

    fn search_now(&self, locale: &str, query: &Query) -> Result<Vec<Passage>, HostError> {
        let length = query.text.chars().count();
        if query.text.trim().is_empty() || length > MAX_QUERY_CHARS {
            return Err(HostError::invalid(
                "bad-query",
                format!("the query has {length} characters; send 1 to {MAX_QUERY_CHARS}"),
            ));
        }
        if query.limit == 0 || query.limit > MAX_PASSAGES {
            return Err(HostError::invalid(
                "bad-limit",
                format!("the limit is {}; it goes from 1 to {MAX_PASSAGES}", query.limit),
            ));
        }
        let name = query.base.as_deref().unwrap_or(DEFAULT_BASE);
        let base = self.bases.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.bases.keys().map(String::as_str).collect();
            HostError::invalid(
                "unknown-base",
                format!(
                    "there is no knowledge base `{name}`; known: {}; add flows/knowledge/{name}/",
                    known.join(", ")
                ),
            )
        })?;
        let hits = base.get(locale).map(|index| index.search(&query.text, query.limit as usize));
        Ok(hits.unwrap_or_default())
    }
}

#[async_trait]
impl Knowledge for LocalKnowledge {
    async fn search(&self, caller: &Caller, query: &Query) -> Result<Vec<Passage>, HostError> {
        self.search_now(&caller.locale, query)
    }
}

/// Name and path of everything in a folder, by name.
pub(crate) fn children(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, LocalError> {
    let failed = |why| LocalError::Read { path: folder.to_owned(), why };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.')) {
            found.push((text::compose(name), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Words of questions, and verbs with which any sentence ends, whatever it is about.
const EMPTY_WORDS: [&str; 47] = [
    "언제",
    "어디",
    "어디서",
    "어떤",
    "얼마",
    "얼마나",
    "몇",
    "무엇",
    "뭐예요",
    "뭔가요",
    "합니다",
    "합니까",
    "하나요",
    "할까요",
    "해요",
    "해야",
    "하면",
    "하려면",
    "하고",
    "해서",
    "했어요",
    "됩니다",
    "됩니까",
    "되나요",
    "될까요",
    "돼요",
    "되죠",
    "되지",
    "있어요",
    "있습니다",
    "있습니까",
    "있을까요",
    "없어요",
    "없습니다",
    "없나요",
    "입니다",
    "입니까",
    "인가요",
    "인지",
    "이에요",
    "예요",
    "알려",
    "궁금해요",
    "궁금합니다",
    "궁금한데요",
    "싶은데요",
    "주시겠어요",
];

/// What a text is searched by: stems of Latin words, pairs of syllables of Korean ones.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in text::words(text) {
        let stem = text::stem(&word);
        let empty = |word: &str| EMPTY_WORDS.contains(&word);
        if text::is_function_word(&word) || empty(&word) || empty(stem) {
            continue;
        }
        if !stem.chars().all(text::is_hangul) {
            terms.push(stem.to_owned());
            continue;
        }
        let syllables: Vec<char> = stem.chars().collect();
        if syllables.len() == 1 {
            // One syllable left is the root of a verb or a bare particle; only the former is worth
            // a term.
            if stem != word {
                terms.push(stem.to_owned());
            }
        } else {
            terms.extend(syllables.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
    }
    terms
}

impl Index {
    fn new(articles: &[Article]) -> Self {
        let mut index = Self::default();
        for article in articles {
            for (n, (title, text)) in split(article).into_iter().enumerate() {
                let mut counts: BTreeMap<String, f64> = BTreeMap::new();
                for (part, weight) in [(&title, TITLE_WEIGHT), (&text, 1.0)] {
                    for term in terms(part) {
                        *counts.entry(term).or_default() += weight;
                    }
                }
                let place = index.passages.len();
                let length = counts.values().sum();
                for (term, count) in counts {
                    index.terms.entry(term).or_default().push((place, count));
                }
                index.passages.push(Entry {
                    id: format!("{}#{}", article.stem, n + 1),
                    title,
                    text,
                    source: article.source.clone(),
                    length,
                });
            }
        }
        let total: f64 = index.passages.iter().map(|passage| passage.length).sum();
        index.mean_length = total / index.passages.len().max(1) as f64;
        index
    }

    fn search(&self, query: &str, limit: usize) -> Vec<Passage> {
        let mut wanted: BTreeMap<String, f64> = BTreeMap::new();
        for term in terms(query) {
            wanted.insert(term, 1.0);
        }
        let total = self.passages.len() as f64;
        let idf =
            |count: usize| libm::log(1.0 + (total - count as f64 + 0.5) / (count as f64 + 0.5));
        let mut most = 0.0;
        let mut covered = vec![0.0; self.passages.len()];
        let mut ranks = vec![0.0; self.passages.len()];
        for term in wanted.keys() {
            let places = self.terms.get(term).map(Vec::as_slice).unwrap_or_default();
            // Callers inflect verbs in more ways than articles do, so an unknown word counts a
            // little less.
            let weight = idf(places.len()) * if places.is_empty() { UNKNOWN_WEIGHT } else { 1.0 };
            most += weight;
            for &(place, count) in places {
                let relative = self.passages[place].length / self.mean_length.max(1e-9);
                let saturated = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * relative));
                ranks[place] += weight * saturated;
                // A word said once in a passage of mean length counts in full.
                covered[place] += weight * saturated.min(1.0);
            }
        }
        if most <= 0.0 {
            return Vec::new();
        }
        let mut hits: Vec<usize> =
            (0..self.passages.len()).filter(|&i| covered[i] / most >= LEAST_SCORE).collect();
        hits.sort_by(|&a, &b| {
            let by = |values: &[f64]| values[b].total_cmp(&values[a]);
            by(&covered).then(by(&ranks)).then(a.cmp(&b))
        });
        hits.truncate(limit);
        hits.into_iter()
            .map(|place| {
                // Four digits are more than the score means, and the same in every transcript.
                let score = (covered[place] / most * 10_000.0).round() / 10_000.0;
                self.passages[place].passage(score)
            })
            .collect()
    }
}

/// Title and plain text of each passage.
fn split(article: &Article) -> Vec<(String, String)> {
    let (front, body) = front_matter(&article.markdown);
    let mut title = front.unwrap_or_default();
    let mut passages: Vec<(String, String)> = Vec::new();
    let mut heading = String::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    let close =
        |passages: &mut Vec<(String, String)>, title: &str, heading: &str, text: &mut String| {
            let text = std::mem::take(text);
            let text = text.trim();
            if text.is_empty() {
                return;
            }
            let whole = match (title, heading) {
                (title, "") => title.to_owned(),
                ("", heading) => heading.to_owned(),
                (title, heading) => format!("{title} – {heading}"),
            };
            passages.push((whole, text.to_owned()));
        };
    for line in body.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let is_heading = !fenced && (1..=6).contains(&level) && line[level..].starts_with(' ');
        if is_heading {
            close(&mut passages, &title, &heading, &mut paragraph);
            let words = plain(line[level..].trim());
            if level == 1 && title.is_empty() {
                title = words;
            } else {
                heading = words;
            }
            continue;
        }
        if line.trim().is_empty() && paragraph.chars().count() > PASSAGE_CHARS {
            close(&mut passages, &title, &heading, &mut paragraph);
        }
        paragraph.push_str(&plain(line));
        paragraph.push('\n');
    }
    close(&mut passages, &title, &heading, &mut paragraph);
    if title.is_empty() {
        for passage in passages.iter_mut().filter(|(title, _)| title.is_empty()) {
            passage.0.clone_from(&article.stem);
        }
    }
    passages
}

/// The `title:` of the front matter, and what follows it.
fn front_matter(markdown: &str) -> (Option<String>, &str) {
    let Some(rest) = markdown.strip_prefix("---\n") else { return (None, markdown) };
    let Some((front, body)) = rest.split_once("\n---\n") else { return (None, markdown) };
    let title = front.lines().find_map(|line| line.strip_prefix("title:"));
    let title = title.map(|title| title.trim().trim_matches(['"', '\'']).to_owned());
    (title, body)
}

/// A line without Markdown's marks: emphasis, code, bullets, the address of a link.
fn plain(line: &str) -> String {
    let trimmed = line.trim_start().trim_start_matches("> ");
    let trimmed =
        trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")).unwrap_or(trimmed);
    let mut out = String::with_capacity(trimmed.len());
    let mut rest = trimmed;
    while let Some(open) = rest.find('[') {
        let link = rest[open..].find("](").and_then(|middle| {
            let end = rest[open + middle..].find(')')?;
            Some((&rest[open + 1..open + middle], open + middle + end + 1))
        });
        let Some((label, end)) = link else { break };
        out.push_str(&rest[..open]);
        out.push_str(label);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out.replace("**", "").replace("__", "").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> LocalKnowledge {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk/knowledge");
        LocalKnowledge::load(Path::new(folder)).unwrap()
    }

    fn best(knowledge: &LocalKnowledge, locale: &str, text: &str) -> (String, f64) {
        let query = Query { text: text.to_owned(), base: None, limit: 3 };
        let hits = knowledge.search_now(locale, &query).unwrap();
        hits.first().map_or((String::new(), 0.0), |hit| (hit.id.clone(), hit.score))
    }

    /// Question and the article that answers it.
    const QUESTIONS: [(&str, &str, &str); 20] = [
        ("ko-KR", "MFA 기기를 잃어버렸어요", "mfa-reset"),
        ("ko-KR", "비밀번호를 잊어버렸는데 어떻게 하나요", "mfa-reset"),
        ("ko-KR", "세금계산서 다시 받고 싶어요", "billing-cycle"),
        ("ko-KR", "결제 수단을 바꾸려면 어떻게 해요", "billing-cycle"),
        ("ko-KR", "요금 납부 기한이 언제인가요", "billing-cycle"),
        ("ko-KR", "AWS 계정 번호는 어디서 볼 수 있나요", "account-id"),
        ("ko-KR", "주말에도 상담하나요", "support-hours"),
        ("ko-KR", "공휴일 운영 시간이 궁금합니다", "support-hours"),
        ("ko-KR", "백업에서 복구하는 방법 알려 주세요", "backup-and-restore"),
        ("ko-KR", "비용 보고서는 어떻게 받나요", "cost-report"),
        ("ko-KR", "티켓은 어떻게 접수하나요", "open-a-ticket"),
        ("en-US", "I lost my MFA device", "mfa-reset"),
        ("en-US", "how do I reset my password", "mfa-reset"),
        ("en-US", "please resend the tax invoice", "billing-cycle"),
        ("en-US", "how can I change the payment method", "billing-cycle"),
        ("en-US", "where do I find my AWS account id", "account-id"),
        ("en-US", "are you open on public holidays", "support-hours"),
        ("en-US", "how do I restore a backup", "backup-and-restore"),
        ("en-US", "how do I get the cost report", "cost-report"),
        ("en-US", "how do I open a ticket", "open-a-ticket"),
    ];

    #[test]
    fn questions_find_their_article_with_a_good_score() {
        let knowledge = shipped();
        let mut missed = Vec::new();
        for (locale, question, article) in QUESTIONS {
            let (id, score) = best(&knowledge, locale, question);
            println!("{question}: {id} {score}");
            if !id.starts_with(article) || score < 0.25 {
                missed.push(format!("{question}: {id} {score}, wanted {article}"));
            }
        }
        assert!(missed.len() <= 2, "{missed:#?}");
    }

    #[test]
    fn unrelated_questions_score_low() {
        let knowledge = shipped();
        for (locale, question) in [
            ("ko-KR", "오늘 서울 날씨가 어때요"),
            ("ko-KR", "강아지 사료 추천해 주세요"),
            ("ko-KR", "김치찌개 맛있게 끓이는 법"),
            ("ko-KR", "자동차 보험 갱신 견적"),
            ("en-US", "what is the weather in Seoul"),
            ("en-US", "which dog food is best"),
            ("en-US", "how long do I boil an egg"),
            ("en-US", "cheap flights to Lisbon"),
        ] {
            let (id, score) = best(&knowledge, locale, question);
            println!("{question}: {id} {score}");
            assert!(score < 0.33, "{question}: {id} {score}");
        }
    }

    fn article(markdown: &str) -> Article {
        Article { source: "s".into(), stem: "a".into(), markdown: markdown.into() }
    }

    #[test]
    fn headings_cut_an_article_and_marks_are_left_out() {
        let markdown = "---\ntitle: \"Shop\"\n---\nWelcome **all**.\n\n## Hours\n- open `daily`\n- see [the map](m.md)\n\n```\n# no heading\n```\n";
        insta::assert_debug_snapshot!(split(&article(markdown)), @r#"
        [
            (
                "Shop",
                "Welcome all.",
            ),
            (
                "Shop – Hours",
                "open daily\nsee the map\n\n\n# no heading",
            ),
        ]
        "#);
    }

    #[test]
    fn a_compound_is_found_by_its_parts() {
        let mut knowledge = LocalKnowledge::default();
        let articles = [article("# 전자세금계산서발행\n\n발행 절차입니다.")];
        knowledge.add(DEFAULT_BASE, "ko-KR", &articles);
        let (id, score) = best(&knowledge, "ko-KR", "세금계산서");
        assert_eq!(id, "a#1");
        assert!(score > 0.9, "{score}");
    }

    #[test]
    fn a_locale_without_articles_finds_nothing_and_an_unknown_base_is_refused() {
        let knowledge = shipped();
        let mut query = Query { text: "ticket".into(), base: None, limit: 1 };
        assert_eq!(knowledge.search_now("fr-FR", &query), Ok(vec![]));
        query.base = Some("shop".into());
        insta::assert_snapshot!(knowledge.search_now("en-US", &query).unwrap_err(), @"unknown-base: there is no knowledge base `shop`; known: default; add flows/knowledge/shop/");
        query.limit = 21;
        insta::assert_snapshot!(knowledge.search_now("en-US", &query).unwrap_err(), @"bad-limit: the limit is 21; it goes from 1 to 20");
    }
}
