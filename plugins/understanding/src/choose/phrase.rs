//! A phrase, and where a text says it.

use crate::english::{is_slip, same_word};
use crate::topics::{self, Topic};
use crate::words::{Script, Utterance, places_of};
use crate::{YesNo, korean};

/// A phrase as it is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    pub(super) shown: String,
    pub(super) words: Vec<String>,
    pub(super) flat: String,
    pub(super) latin: bool,
    /// Of a Korean predicate: its stem, and the stems without particles.
    pub(super) stem: Option<String>,
    pub(super) answer: Option<YesNo>,
    pub(super) carries: bool,
    pub(super) topic: Option<Topic>,
}

/// Words that carry a topic rather than being one: `요금 문의` is about 요금, `a billing question`
/// about billing. They choose only where nothing else was said.
#[rustfmt::skip]
const CARRIERS: &[&str] = &[
    "문의", "질문", "상담", "연결", "신청", "문제", "안내", "도움", "요청", "접수", "확인", "방법",
    "이용", "question", "questions", "help", "problem", "issue", "inquiry", "enquiry", "request",
    "support", "ask", "connect", "information", "info", "바로", "전화", "사람", "please", "other",
    "기타", "service", "customer", "customer service", "고객", "서비스", "call", "talk",
];

impl Phrase {
    pub(crate) fn new(phrase: &str) -> Phrase {
        let text = Utterance::new(phrase);
        let latin =
            text.words.iter().all(|word| matches!(word.script, Script::Latin | Script::Figure));
        let flat = text.flat().to_owned();
        let topic = topics::topic_of(&text);
        let answer = if topic.is_none() { crate::yes_no::plain_answer(&text) } else { None };
        Phrase {
            shown: phrase.trim().to_owned(),
            words: text.words.iter().map(|word| word.text.clone()).collect(),
            stem: if latin {
                None
            } else {
                // `언제 찾아`: the infinitive of a clause.
                let infinitive = (text.words.len() > 1)
                    .then(|| flat.strip_suffix(['아', '어']))
                    .flatten()
                    .filter(|stem| stem.ends_with(korean::is_closed));
                let contracted = || korean::infinitive_stem(&flat).filter(|_| text.words.len() > 1);
                korean::predicate_stem(&flat)
                    .or_else(|| infinitive.map(str::to_owned))
                    .or_else(contracted)
            },
            carries: CARRIERS.contains(
                &text
                    .words
                    .iter()
                    .map(|word| word.text.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
                    .as_str(),
            ),
            topic,
            latin,
            flat,
            answer,
        }
    }

    /// Whether one of its words may stand for it: not of what is said of a thing
    /// (`번호가 틀렸어요`, `the wrong day`), nor where one syllable makes another thing of it
    /// (`사람 수`).
    pub(super) fn has_parts(&self) -> bool {
        #[rustfmt::skip]
        const SAY: &[&str] = &[
            "wrong", "incorrect", "different", "not", "never", "no", "change", "changing", "cancel", "more", "less", "fewer", "another",
            "other", "too", "move", "correct", "right",
        ];
        self.words.len() > 1
            && self.stem.is_none()
            && self.words.iter().all(|word| {
                !SAY.contains(&word.as_str()) && (word.is_ascii() || word.chars().count() > 1)
            })
    }

    /// Every place where the text says the phrase.
    pub(crate) fn places(&self, text: &Utterance, slips: bool) -> Vec<(usize, usize)> {
        if self.flat.is_empty() {
            Vec::new()
        } else if self.latin {
            self.latin_places(text, slips)
        } else {
            let mut places = self.korean_places(text);
            self.apart(text, &mut places);
            if let Some(stem) = &self.stem {
                places.extend(stem_places(text, stem));
                if let Some(other) = korean::irregular(stem) {
                    places.extend(stem_places(text, &other));
                }
                self.predicated(text, &mut places);
            }
            places
        }
    }

    fn latin_places(&self, text: &Utterance, slips: bool) -> Vec<(usize, usize)> {
        let same = |said: &str, wanted: &str| {
            if slips { said == wanted || is_slip(said, wanted) } else { same_word(said, wanted) }
        };
        let mut places = Vec::new();
        for at in 0..text.words.len() {
            if text.words[at].script == Script::Hangul {
                continue;
            }
            let as_words = text.words[at..].len() >= self.words.len()
                && self
                    .words
                    .iter()
                    .zip(&text.words[at..])
                    .all(|(wanted, said)| same(&said.text, wanted))
                && !text.words[at + 1..at + self.words.len()].iter().any(|word| word.pause);
            if as_words {
                places.push((text.start(at), text.end(at + self.words.len() - 1)));
                continue;
            }
            // `Change my address` where `change the address` is offered.
            if let Some(end) = self.loosely(text, at, &same) {
                places.push((text.start(at), text.end(end - 1)));
                continue;
            }
            // `The result of my test` where `test results` are offered.
            if let [what, of] = self.words.as_slice()
                && same(&text.words[at].text, of)
                && text
                    .words
                    .get(at + 1)
                    .is_some_and(|next| matches!(next.text.as_str(), "of" | "from" | "for"))
            {
                let mut end = at + 2;
                while text.words.get(end).is_some_and(|next| {
                    matches!(
                        next.text.as_str(),
                        "my" | "the" | "your" | "a" | "that" | "our" | "this"
                    )
                }) {
                    end += 1;
                }
                if text.words.get(end).is_some_and(|said| same(&said.text, what)) {
                    places.push((text.start(at), text.end(end)));
                    continue;
                }
            }
            // `callback`, `call-back`, `call back` are one.
            let rest = &text.flat()[text.start(at)..];
            if rest.starts_with(&self.flat) {
                let to = text.start(at) + self.flat.len();
                if text.is_start(to)
                    && !text.pause_between(text.start(at) + 1, to.saturating_sub(1))
                {
                    places.push((text.start(at), to));
                    continue;
                }
            }
            // The same with an inflected end: `call-backs`.
            if self.words.len() == 1
                && at + 1 < text.words.len()
                && text.words[at + 1].script == Script::Latin
                && !text.words[at + 1].pause
            {
                let joined = &text.flat()[text.start(at)..text.end(at + 1)];
                if joined.len() <= self.flat.len() + 3
                    && joined.len() > 4
                    && joined.starts_with(&self.flat)
                    && same_word(joined, &self.flat)
                    && text.words[at + 1].text.len() > 3
                {
                    places.push((text.start(at), text.end(at + 1)));
                }
            }
        }
        places
    }

    /// The word after the phrase, where its words that matter are said from the word on with small
    /// words in between.
    fn loosely(
        &self,
        text: &Utterance,
        at: usize,
        same: &impl Fn(&str, &str) -> bool,
    ) -> Option<usize> {
        let parts: Vec<&str> = self
            .words
            .iter()
            .map(String::as_str)
            .filter(|word| !topics::SMALL.contains(word) && *word != "for" && *word != "i")
            .collect();
        let first = parts.first().filter(|_| parts.len() > 1)?;
        if !same(&text.words[at].text, first) {
            return None;
        }
        topics::spoken_with(text, at, &parts, 1, |said, part| same(said, part))
    }

    /// The words of a phrase of several nouns apart: `예약 날짜 변경` where `예약 변경` is offered.
    fn apart(&self, text: &Utterance, places: &mut Vec<(usize, usize)>) {
        let nouns = self.words.len() > 1
            && self.words.iter().all(|word| word.chars().count() > 1 && !word.ends_with('요'));
        let Some((first, rest)) = self.words.split_first().filter(|_| nouns) else { return };
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        for from in places_of(text.flat(), first.as_str()) {
            let after = from + first.len();
            // `어제 검사했는데 결과 좀` where `검사 결과` is offered.
            let did =
                ["했는데", "한거", "받았는데", "받은거", "받은", "한"].iter().find_map(|did| {
                    let end = text.flat()[after..].strip_prefix(did).map(|_| after + did.len())?;
                    text.is_eojeol_start(end).then_some(end)
                });
            if text.is_eojeol_start(from)
                && let Some(to) = topics::follow(text, after, &rest).or_else(|| {
                    let thing = did.filter(|did| text.flat()[*did..].starts_with(rest[0]));
                    thing.and_then(|did| topics::follow(text, did, &rest))
                })
            {
                places.push((from, to));
            }
        }
    }

    /// What is said of the thing, with more in between: `날짜를 다른 날로 바꾸고 싶어요` where
    /// `날짜 바꿔` is offered.
    fn predicated(&self, text: &Utterance, places: &mut Vec<(usize, usize)>) {
        /// So many bytes stand in between at most.
        const REACH: usize = 40;
        let (Some((noun, rest)), Some(stem)) = (self.words.split_first(), &self.stem) else {
            return;
        };
        let Some(verb) = stem.strip_prefix(noun.as_str()).filter(|verb| {
            !rest.is_empty() && (verb.chars().count() > 1 || verb.ends_with(korean::is_closed))
        }) else {
            return;
        };
        let noun = ["이", "가", "을", "를", "은", "는"]
            .iter()
            .find_map(|particle| noun.strip_suffix(particle))
            .unwrap_or(noun);
        if noun.chars().count() < 2 {
            return;
        }
        let flat = text.flat();
        let verbs = [Some(verb.to_owned()), korean::irregular(verb)];
        for (from, to) in verbs.iter().flatten().flat_map(|verb| stem_places(text, verb)) {
            let begin = from.saturating_sub(REACH);
            let begin = (begin..from).find(|at| flat.is_char_boundary(*at)).unwrap_or(from);
            let before = flat[..from].rfind(noun).filter(|at| *at >= begin);
            if let Some(before) = before
                && text.is_eojeol_start(before)
                && text.is_eojeol_start(from)
                && !topics::ends_clause(text, before + noun.len(), from)
                && !text.pause_between(before, from)
            {
                places.push((before, to));
            }
        }
    }

    fn korean_places(&self, text: &Utterance) -> Vec<(usize, usize)> {
        let flat = text.flat();
        let single = self.flat.chars().count() == 1;
        flat.match_indices(&self.flat)
            .map(|(from, found)| (from, from + found.len()))
            .filter(|(from, to)| {
                let to = *to;
                let rest = &flat[to..text.eojeol_end(to.saturating_sub(1)).max(to)];
                let eojeol = text.eojeol_start(*from);
                let before = flat.get(eojeol..*from).unwrap_or_default();
                let next = text
                    .words
                    .get(text.word_at(to.saturating_sub(1)) + 1)
                    .map(|word| word.text.as_str());
                if single {
                    return before.is_empty() && single_stands(&self.flat, rest);
                }
                let first = text.word_at(*from);
                let last = text.word_at(to - 1);
                let crosses = last > first
                    && (first + 1..=last).any(|word| text.is_eojeol_start(text.start(word)));
                if korean::is_homonym(&self.flat, before, rest) {
                    return false;
                }
                let paused = text.words[first + 1..=last].iter().any(|word| word.pause);
                if paused {
                    return false;
                }
                if before.is_empty() {
                    if crosses && self.words.len() == 1 {
                        // `요 금`: torn apart, and nothing of another word is with it.
                        return korean::closes(rest);
                    }
                    // `빠졌어요`: the past of a verb, and its ending.
                    // `주차장` is where one parks.
                    let place = self.flat == "주차" && rest.starts_with('장');
                    return place
                        || korean::is_past(&self.flat)
                        || korean::stays_the_word(rest, next);
                }
                // The head of a compound, or a word of a text without spaces; `전문 의사` says no
                // 문의.
                !(crosses && self.words.len() == 1)
                    && korean::can_precede(before)
                    && korean::follows_noun(rest)
            })
            .collect()
    }
}

/// One syllable is an answer only as a word of its own: `네` and `네, `, not `네이버` or `예전`.
fn single_stands(syllable: &str, rest: &str) -> bool {
    const ANSWERS: &[&str] = &["네", "예", "응", "어", "넵", "옙", "노"];
    if ANSWERS.contains(&syllable) {
        return rest.is_empty() || rest == "요" || rest.replace(syllable, "").is_empty();
    }
    #[rustfmt::skip]
    const OTHERS: &[&str] = &[
        "시", "번", "용", "상", "중", "인", "나", "지", "일", "들", "때", "건", "고", "의", "로",
        "이야", "다", "이다", "이나", "보다", "도", "과", "대로", "마다", "이지", "쪽", "등", "님",
        "게", "걸", "거", "것", "든", "야", "여", "이여", "유", "이유", "에", "와", "이용", "임",
    ];
    rest.is_empty() || (korean::closes(rest) && !OTHERS.contains(&rest))
}

/// Adverbs that may stand within a predicate that is offered.
#[rustfmt::skip]
const ADVERBS: &[&str] = &[
    "자꾸", "계속", "또", "갑자기", "너무", "잘", "아예", "전혀", "막", "좀", "지금", "완전", "계속해서", "자주", "아직도", "아직", "다시", "맨날",
    "매번", "하나도", "영", "도통",
];

/// Places of a predicate by its stem: `접속이 안 됩니다` and `접속 안 되는데요` for
/// `접속이 안 돼요`.
fn stem_places(text: &Utterance, stem: &str) -> Vec<(usize, usize)> {
    let flat = text.flat();
    let stem: Vec<char> = stem.chars().collect();
    let Some(first) = stem.first() else { return Vec::new() };
    let mut places = Vec::new();
    for (from, _) in flat.match_indices(*first) {
        if !(text.is_eojeol_start(from) || text.eojeol_start(from) < from) {
            continue;
        }
        let mut said = flat[from..].char_indices().peekable();
        let mut to = from;
        let wanted = stem.iter().enumerate();
        let mut fits = true;
        for (i, c) in wanted {
            let last = i + 1 == stem.len();
            match said.peek().copied() {
                Some((at, other)) if other == *c || (last && korean::conjugates(other, *c)) => {
                    to = from + at + other.len_utf8();
                    said.next();
                }
                // A particle may be left out, or another be said.
                Some((_, other)) if i > 1 && "이가을를은는도".contains(*c) => {
                    if "이가을를은는도".contains(other) {
                        said.next();
                    }
                }
                Some((_, other))
                    if i > 0 && !last && "이가을를은는도".contains(other) && {
                        let mut ahead = said.clone();
                        ahead.next();
                        ahead.peek().is_some_and(|(_, after)| after == c)
                    } =>
                {
                    said.next();
                    if let Some((at, other)) = said.next() {
                        to = from + at + other.len_utf8();
                    }
                }
                // `강의가 자꾸 끊기네요`: an adverb before the verb.
                Some((at, _))
                    if i > 0 && text.is_eojeol_start(from + at) && {
                        let rest = &flat[from + at..];
                        ADVERBS.iter().any(|adverb| {
                            rest.strip_prefix(adverb).is_some_and(|after| {
                                let verb = flat.len() - after.len();
                                text.is_eojeol_start(verb)
                                    && after.chars().next().is_some_and(|other| {
                                        other == *c || (last && korean::conjugates(other, *c))
                                    })
                            })
                        })
                    } =>
                {
                    let rest = &flat[from + at..];
                    let adverb = ADVERBS.iter().find(|adverb| {
                        rest.strip_prefix(**adverb).is_some_and(|after| {
                            after.starts_with(|other| {
                                other == *c || (last && korean::conjugates(other, *c))
                            })
                        })
                    });
                    for _ in 0..adverb.map_or(0, |adverb| adverb.chars().count()) {
                        said.next();
                    }
                    if let Some((at, other)) = said.next() {
                        to = from + at + other.len_utf8();
                    }
                }
                _ => {
                    fits = false;
                    break;
                }
            }
        }
        let before = flat.get(text.eojeol_start(from)..from).unwrap_or_default();
        if fits
            && korean::can_precede(before)
            && !text.pause_between(from + 1, to.saturating_sub(1))
        {
            places.push((from, to));
        }
    }
    places
}
