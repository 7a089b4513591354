//! The words that deny and correct, and those that bound how far they reach.

/// Korean words that deny what stands before them, longest first where one begins another.
#[rustfmt::skip]
pub(super) const DENIES_BEFORE: &[&str] = &[
    "말고", "말구", "아니라", "아니고", "아니구", "아니에요", "아니예요", "아니야", "아니였",
    "아니었", "아니지", "아니거", "아니죠", "아니니", "아니네", "아닙", "아닌", "아녜", "아녀",
    "아님", "아냐", "아니요", "아뇨", "아니", "없", "지않", "지는않", "지안", "지마", "지말",
    "지는말", "빼고", "빼구", "제외", "대신", "보다는", "보다", "됐고", "됐구", "됐어", "필요없",
    "관심없", "상관없", "싫", "안할", "안해", "안하", "안합", "안했", "안필요", "안바", "안원",
    "안받아도", "안받을", "안급", "안가요", "안갈", "안가려", "안가고", "안가니", "안갑", "안가기로", "못하겠", "못할", "않",
];

/// After a denial these take it back, for they ask or suppose: `장애 아닌가요`, `장애 아니면 요금`.
pub(super) const TAKES_BACK: &[&str] =
    &["아닌가", "아닐까", "아니면", "아니면요", "아니나", "아니겠", "아니냐"];

/// Words whose lack is what the caller complains about: `연락이 없어요` does not deny 연락.
#[rustfmt::skip]
pub(super) const LACKED: &[&str] = &[
    "인터넷", "와이파이", "신호", "소리", "화면", "답변", "답장", "연락", "응답", "반응", "소식",
    "전기", "전원", "internet", "signal", "service", "connection", "connectivity", "power",
    "electricity", "water", "access", "network", "wifi", "sound", "picture", "heat", "heating",
    "reception", "coverage", "tone",
];

/// Verbs that fail: `접속이 되지 않아요` is a complaint about 접속.
#[rustfmt::skip]
pub(super) const FAILS: &[&str] = &[
    "되", "돼", "작동하", "오", "나오", "열리", "들어가", "들어가지", "보이", "들리", "켜지", "맞",
    "도착하", "가", "되지", "움직이", "풀리", "터지", "잡히", "연결되", "접속되", "뜨",
];

/// English words that deny what follows.
#[rustfmt::skip]
pub(super) const DENIES_AFTER: &[&str] = &[
    "no need to", "no need for", "no reason to",
    "instead of", "rather than", "other than", "anything but", "apart from", "except for",
    "except", "without", "neither", "nor", "never mind", "nevermind", "never", "forget about",
    "forget", "not", "no", "non", "none of", "skip", "nothing to do with", "leave out",
    "excluding", "nothing is", "nothing was", "nothing has", "nobody asked to", "nobody asked for", "nobody wants", "nobody said",
];

/// Idioms with such a word in them that deny nothing.
#[rustfmt::skip]
pub(super) const IDIOMS: &[&str] = &[
    "not only", "not just", "not sure", "not certain", "not bad", "why not", "if not", "or not",
    "no problem", "no worries", "no good", "no use", "no luck", "no way", "no doubt", "no idea", "no thanks", "no thank you", "no question",
    "do not know", "did not know", "do not understand", "do not remember", "no matter",
    "do not hang up", "not able to", "never works", "never worked", "never came", "never arrived",
    "never got", "never received", "do not see", "do not get", "do not agree", "do not recognize",
    "do not recognise", "no longer works", "no longer", "nothing but", "not yet", "does not work",
    "do not work", "is not working", "are not working", "not working", "can not", "could not",
    "will not work", "will not load", "will not open", "will not connect", "will not start",
    "will not let me", "will not turn", "not sure if", "not sure whether",
];

/// After `did not`, `have not` and the like, only these verbs deny what follows:
/// `I didn't get my bill` is about the bill.
#[rustfmt::skip]
pub(super) const DENYING_VERBS: &[&str] = &[
    "say", "said", "mean", "meant", "ask", "asked", "want", "wanted", "need", "choose", "pick",
    "select", "mention", "call", "called", "be", "like", "request", "have", "talk", "press",
    "pressed",
];

/// An English denial does not reach over one of these.
#[rustfmt::skip]
pub(super) const ENDS_SCOPE: &[&str] = &[
    "but", "just", "only", "rather", "instead", "it", "it's", "i", "please", "because", "actually",
    "however", "though", "although", "so", "then", "since", "we", "my", "that", "this", "give",
    "let", "switch", "take", "make",
];

/// Words that can stand between a denial and what it denies, though they end the scope of one that
/// denied something already.
#[rustfmt::skip]
pub(super) const BRIDGES: &[&str] = &[
    "my", "the", "a", "an", "your", "this", "that", "about", "for", "to", "with", "it", "i",
    "just",
];

/// Between two things that are denied or meant together.
pub(super) const JOINS: &[&str] = &["or", "and", "nor", "neither"];

/// A correction in English; whatever was said before it no longer holds when something follows it.
#[rustfmt::skip]
pub(super) const CORRECTS: &[&str] = &[
    "no no", "nah", "no wait", "wait no", "no sorry", "sorry no", "no actually", "actually no", "no",
    "nope", "wait", "sorry", "my bad", "i mean", "i meant", "i mean to say", "i meant to say",
    "actually", "scratch that", "strike that", "correction", "make that", "make it", "or rather",
    "oops", "my mistake", "not that", "excuse me", "pardon me", "hang on", "hold on",
    "on second thought", "on second thoughts", "i take that back", "change that to",
    "change it to", "what i asked for was", "what i want is", "what i need is", "what i said was",
    "what i meant was", "what i am after is", "let me correct that", "let me rephrase", "better",
];

/// A correction in Korean, at the beginning of an eojeol.
#[rustfmt::skip]
pub(super) const CORRECTS_KO: &[&str] = &[
    "아니아니", "아니다", "아니요", "아니오", "아뇨", "아니지", "아니그게아니라", "아니",
    "그게아니라", "그게아니고", "아차", "잘못말", "잘못얘기", "잘못눌", "정정", "아참", "아맞다",
    "미안", "죄송", "실수", "다시할게", "다시말", "다시", "그거말고", "바꿀게요", "바꿔서",
    "취소하고", "취소취소", "ㄴㄴ", "노노", "아닌가", "아이아니",
];
