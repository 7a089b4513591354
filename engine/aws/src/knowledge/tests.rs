//! Over the shipped articles, with a server of our own that embeds in place of Titan: a text's
//! vector is what it says, as counts of the words that it shares with a few topics. So what is near
//! is known, and a paraphrase can be near without sharing a word with its passage.

use std::path::Path;

use dialgraph_kernel::ports::knowledge::Query;
use dialgraph_stand_ins::scripted::{Reply, Request, Scripted};
use dialgraph_stand_ins::shapes;
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::json;

use super::*;
use crate::bedrock::embed::DIMENSIONS;
use crate::connection::stand_in;
use crate::testing::caller;
use dialgraph_local::knowledge::Article;

const LONG: Duration = Duration::from_secs(20);

/// Words that mean the same, a topic each.
const TOPICS: [&[&str]; 3] =
    [&["두 단계", "다중", "인증기"], &["청구", "값", "요금"], &["휴일", "쉬는 날", "영업시간"]];

fn embedding(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for (i, words) in TOPICS.iter().enumerate() {
        vector[i] = words.iter().map(|word| text.matches(word).count() as f32).sum();
    }
    // What else it says is like nothing else.
    vector[3 + text.len() % 500] += 0.5;
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

fn embed(request: &Request) -> Reply {
    let text = request.json()["inputText"].as_str().unwrap().to_owned();
    let vector = embedding(&text);
    Reply::json(200, &json!({"embedding": vector, "inputTextTokenCount": 9}))
}

fn articles(texts: &[(&str, &str)]) -> Arc<LocalKnowledge> {
    let articles: Vec<Article> = texts
        .iter()
        .map(|(stem, markdown)| Article {
            source: format!("knowledge/default/ko-KR/{stem}.md"),
            stem: (*stem).to_owned(),
            markdown: (*markdown).to_owned(),
        })
        .collect();
    let mut knowledge = LocalKnowledge::default();
    knowledge.add(DEFAULT_BASE, "ko-KR", &articles);
    Arc::new(knowledge)
}

const ARTICLES: [(&str, &str); 3] = [
    ("mfa", "# 다중 인증\n\n인증기를 잃어버리면 다중 인증을 다시 설정합니다."),
    ("bill", "# 요금\n\n요금은 매달 3일에 나옵니다."),
    ("hours", "# 영업시간\n\n평일 아홉 시부터 여섯 시까지입니다."),
];

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))
}

fn vectors(url: &str, store: &Arc<dyn Store>) -> Arc<Vectors> {
    let titan = Titan::new(&stand_in(url), "amazon.titan-embed-text-v2:0").unwrap();
    Arc::new(Vectors::new(titan, store.clone()).unwrap())
}

async fn ready(hybrid: &Hybrid) {
    for _ in 0..2000 {
        if hybrid.is_ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the articles are never ready");
}

fn query(text: &str) -> Query {
    Query { text: text.into(), base: None, limit: 2 }
}

async fn found(knowledge: &dyn Knowledge, text: &str) -> Vec<(String, f64)> {
    let passages = knowledge.search(&caller(), &query(text)).await.unwrap();
    passages.into_iter().map(|passage| (passage.id, passage.score)).collect()
}

#[tokio::test]
async fn a_passage_is_found_by_what_it_means_and_by_what_it_says() {
    let server = Scripted::start(embed);
    let local = articles(&ARTICLES);
    let hybrid = Hybrid::new(local.clone(), &vectors(&server.url(), &memory()), LONG);
    ready(&hybrid).await;
    let paraphrase = "두 단계로 들어가는 것이 안 돼요";
    assert_eq!(found(&*local, paraphrase).await, [], "not a word of it is there");
    assert_eq!(found(&hybrid, paraphrase).await[0].0, "mfa#1");
    let both = found(&hybrid, "요금 청구").await;
    assert_eq!(both[0].0, "bill#1");
    assert!(both[0].1 >= found(&*local, "요금 청구").await[0].1, "{both:?}");
    assert_eq!(found(&hybrid, "날씨가 어때요").await, [], "about nothing that is there");
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn neither_a_restart_nor_a_changed_article_embeds_everything_again() {
    let server = Scripted::start(embed);
    let store = memory();
    let first = vectors(&server.url(), &store);
    ready(&Hybrid::new(articles(&ARTICLES), &first, LONG)).await;
    assert_eq!(server.requests().len(), 3);
    ready(&Hybrid::new(articles(&ARTICLES), &first, LONG)).await;
    assert_eq!(server.requests().len(), 3, "another release with the same articles");
    let restarted = vectors(&server.url(), &store);
    let hybrid = Hybrid::new(articles(&ARTICLES), &restarted, LONG);
    ready(&hybrid).await;
    assert_eq!(server.requests().len(), 3, "another process over the same store");
    assert_eq!(found(&hybrid, "두 단계").await[0].0, "mfa#1", "and the vectors are the same");
    let mut changed = ARTICLES;
    changed[1].1 = "# 요금\n\n요금은 매달 5일에 나옵니다.";
    ready(&Hybrid::new(articles(&changed), &restarted, LONG)).await;
    assert_eq!(server.requests().len(), 5, "the question and the changed article");
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn until_all_is_embedded_and_whenever_a_question_is_not_the_words_answer() {
    let silent = Scripted::replies(vec![Reply::never()]);
    let local = articles(&ARTICLES);
    let hybrid = Hybrid::new(local.clone(), &vectors(&silent.url(), &memory()), LONG);
    assert_eq!(found(&hybrid, "요금").await, found(&*local, "요금").await);
    assert!(!hybrid.is_ready());

    let down = Scripted::start(|request| {
        if request.json()["inputText"].as_str().unwrap().contains('\n') {
            embed(request)
        } else {
            Reply::error(503, "ServiceUnavailableException", "later")
        }
    });
    let hybrid = Hybrid::new(local.clone(), &vectors(&down.url(), &memory()), LONG);
    ready(&hybrid).await;
    assert_eq!(found(&hybrid, "요금").await, found(&*local, "요금").await);

    let slow = Scripted::start(|request| {
        if request.json()["inputText"].as_str().unwrap().contains('\n') {
            embed(request)
        } else {
            Reply::never()
        }
    });
    let vectors = vectors(&slow.url(), &memory());
    let hybrid = Hybrid::new(local.clone(), &vectors, Duration::from_millis(100));
    ready(&hybrid).await;
    assert_eq!(found(&hybrid, "요금").await, found(&*local, "요금").await);
    for server in [&silent, &down, &slow] {
        shapes::check("bedrock-runtime", &server.exchanges());
    }
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_later_and_what_it_never_takes_is_left_out() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let server = Scripted::start(move |request| {
        let text = request.json()["inputText"].as_str().unwrap().to_owned();
        if text.contains("영업시간") {
            return Reply::error(400, "ValidationException", "this text is refused");
        }
        match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::error(429, "ThrottlingException", "slow down")
                .header("x-amz-retry-after", "20"),
            _ => embed(request),
        }
    });
    let hybrid = Hybrid::new(articles(&ARTICLES), &vectors(&server.url(), &memory()), LONG);
    ready(&hybrid).await;
    assert_eq!(server.requests().len(), 4, "three articles, one of them twice");
    assert_eq!(found(&hybrid, "두 단계").await[0].0, "mfa#1");
    assert_eq!(found(&hybrid, "영업시간이 언제예요").await[0].0, "hours#1", "by its words");
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn the_rules_of_the_search_are_the_local_ones() {
    let server = Scripted::start(embed);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk/knowledge");
    let local = Arc::new(LocalKnowledge::load(Path::new(folder)).unwrap());
    let hybrid = Hybrid::new(local.clone(), &vectors(&server.url(), &memory()), LONG);
    ready(&hybrid).await;
    let bad = [
        Query { limit: 0, ..query("요금") },
        Query { limit: 21, ..query("요금") },
        Query { base: Some("shop".into()), ..query("요금") },
        query(" "),
        query(&"가".repeat(1025)),
    ];
    for query in bad {
        let asked = hybrid.search(&caller(), &query).await.unwrap_err();
        assert_eq!(asked, local.search(&caller(), &query).await.unwrap_err());
    }
    let wide =
        hybrid.search(&caller(), &Query { limit: 20, ..query("요금 청구서") }).await.unwrap();
    let ids: std::collections::BTreeSet<_> = wide.iter().map(|passage| &passage.id).collect();
    assert_eq!(ids.len(), wide.len(), "no passage twice");
    assert!(wide.iter().all(|passage| (0.0..=1.0).contains(&passage.score)));
    let again =
        hybrid.search(&caller(), &Query { limit: 20, ..query("요금 청구서") }).await.unwrap();
    assert_eq!(wide, again);
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[test]
fn ranks_are_joined_and_equals_are_ordered_by_score_then_id() {
    let passage = |id: &str, score: f64| Passage {
        id: id.into(),
        title: String::new(),
        text: String::new(),
        source: String::new(),
        score,
        extra: Vec::new(),
    };
    let words = vec![passage("a", 0.9), passage("b", 0.5), passage("c", 0.1)];
    let meaning = vec![passage("b", 0.4), passage("d", 0.9), passage("e", 0.2)];
    let fused: Vec<(String, f64)> =
        fuse(words, meaning).into_iter().map(|passage| (passage.id, passage.score)).collect();
    let expected = [("b", 0.5), ("a", 0.9), ("d", 0.9), ("e", 0.2), ("c", 0.1)];
    assert_eq!(fused, expected.map(|(id, score)| (id.to_owned(), score)));
}
