//! A request is heard only if a current key signed all of it, within the window, and only once; the
//! memory of nonces stays bounded, and no message shows a key.

use super::*;
use proptest::prelude::*;
use serde::Deserialize;

const NOW: u64 = 1_790_000_000;

#[derive(Deserialize)]
struct Vector {
    key: String,
    secret: String,
    timestamp: u64,
    nonce: String,
    method: String,
    path: String,
    body: String,
    signature: String,
}

fn key(id: &str, byte: u8) -> SigningKey {
    SigningKey::from_hex(id, &format!("{byte:02x}").repeat(32)).unwrap()
}

fn request(body: &[u8]) -> Request<'_> {
    Request { method: "POST", path: "/v1/connect/turn", body }
}

fn nonce(n: u64) -> Nonce {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Nonce::from_random(bytes)
}

fn check(
    verifier: &Verifier,
    signed: &Signed,
    request: &Request<'_>,
    now: u64,
) -> Result<String, SignatureRefusal> {
    verifier.verify(|name| signed.get(name), request, now).map(|key| key.id().to_owned())
}

/// Signed at `at`, checked at `now`.
fn turn(verifier: &Verifier, n: u64, at: u64, now: u64) -> Result<String, SignatureRefusal> {
    let request = request(b"{}");
    check(verifier, &sign(&key("k", 1), &request, at, nonce(n)), &request, now)
}

fn verifier() -> Verifier {
    Verifier::new([key("k", 1)]).unwrap()
}

#[test]
fn signatures_are_those_that_python_makes() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let key = SigningKey::from_hex(&vector.key, &vector.secret).unwrap();
        let request =
            Request { method: &vector.method, path: &vector.path, body: vector.body.as_bytes() };
        let nonce = Nonce::parse(&vector.nonce).unwrap();
        let signed = sign(&key, &request, vector.timestamp, nonce);
        assert_eq!(
            signed.get(SIGNATURE_HEADER),
            Some(vector.signature.as_str()),
            "{}",
            vector.path
        );
        assert_eq!(signed.get(NONCE_HEADER), Some(vector.nonce.as_str()));
        let verifier = Verifier::new([key]).unwrap();
        assert_eq!(check(&verifier, &signed, &request, vector.timestamp), Ok(vector.key));
    }
}

#[test]
fn two_keys_at_once_let_the_lambda_move_from_one_to_the_other() {
    let both = Verifier::new([key("old", 1), key("new", 2)]).unwrap();
    let request = request(b"{}");
    for (n, name, byte) in [(1, "old", 1), (2, "new", 2)] {
        let signed = sign(&key(name, byte), &request, NOW, nonce(n));
        assert_eq!(check(&both, &signed, &request, NOW), Ok(name.to_owned()));
    }
    let moved = Verifier::new([key("new", 2)]).unwrap();
    let signed = sign(&key("old", 1), &request, NOW, nonce(3));
    let refused = check(&moved, &signed, &request, NOW);
    assert_eq!(refused, Err(SignatureRefusal::UnknownKey { id: "old".into() }));
    let forged = sign(&key("new", 1), &request, NOW, nonce(4));
    let refused = check(&moved, &forged, &request, NOW);
    assert_eq!(refused, Err(SignatureRefusal::WrongSignature { id: "new".into() }));
}

#[test]
fn a_key_of_another_id_does_not_verify_even_if_it_signed() {
    let verifier = Verifier::new([key("a", 1), key("b", 2)]).unwrap();
    let request = request(b"{}");
    let mut signed = sign(&key("a", 1), &request, NOW, nonce(1));
    signed.key = "b".to_owned();
    let refused = check(&verifier, &signed, &request, NOW);
    assert_eq!(refused, Err(SignatureRefusal::WrongSignature { id: "b".into() }));
}

#[test]
fn the_window_is_as_wide_as_said_on_both_sides() {
    let verifier = verifier().window(30);
    assert!(turn(&verifier, 1, NOW - 30, NOW).is_ok());
    assert!(turn(&verifier, 2, NOW + 30, NOW).is_ok());
    let window = 30;
    let old = turn(&verifier, 3, NOW - 31, NOW);
    assert_eq!(old, Err(SignatureRefusal::TooOld { seconds: 31, window }));
    let new = turn(&verifier, 4, NOW + 31, NOW);
    assert_eq!(new, Err(SignatureRefusal::TooNew { seconds: 31, window }));
    // Neither end of time overflows.
    assert!(turn(&verifier, 5, u64::MAX, NOW).is_err());
    assert!(turn(&verifier, 6, 0, NOW).is_err());
    assert!(turn(&verifier, 7, u64::MAX, u64::MAX).is_ok());
}

#[test]
fn a_request_is_heard_once_as_long_as_its_time_is_accepted() {
    let verifier = verifier().window(30);
    assert!(turn(&verifier, 1, NOW, NOW).is_ok());
    for later in [0, 1, 29, 30] {
        assert_eq!(
            turn(&verifier, 1, NOW, NOW + later),
            Err(SignatureRefusal::Replayed),
            "{later} s later"
        );
    }
    let refused = turn(&verifier, 1, NOW, NOW + 31);
    assert_eq!(refused, Err(SignatureRefusal::TooOld { seconds: 31, window: 30 }));
    // The same nonce in another second is another request: it was signed by who has the key.
    assert!(turn(&verifier, 1, NOW + 1, NOW + 1).is_ok());
}

#[test]
fn one_of_many_threads_is_heard() {
    let verifier = verifier();
    let request = request(b"{}");
    let signed = sign(&key("k", 1), &request, NOW, nonce(1));
    let accepted = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| check(&verifier, &signed, &request, NOW).is_ok()))
            .collect();
        threads
            .into_iter()
            .filter(|_| true)
            .map(|thread| thread.join().unwrap())
            .filter(|ok| *ok)
            .count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn a_clock_that_is_set_back_opens_no_door() {
    let verifier = verifier().window(30);
    assert!(turn(&verifier, 1, NOW, NOW).is_ok());
    assert!(turn(&verifier, 2, NOW + 100, NOW + 100).is_ok());
    // The nonce of the first is forgotten, and so is the second it was signed in.
    assert!(matches!(turn(&verifier, 1, NOW, NOW), Err(SignatureRefusal::TooOld { .. })));
}

#[test]
fn memory_is_bounded_and_a_full_cache_still_hears_nothing_twice() {
    let verifier = verifier().nonces(1_024);
    for n in 0..5_000 {
        let at = NOW + n / 100;
        assert!(turn(&verifier, n, at, at).is_ok(), "request {n}");
        assert!(verifier.remembered() <= 1_024);
    }
    let now = NOW + 49;
    for n in 0..5_000 {
        let again = turn(&verifier, n, NOW + n / 100, now);
        assert!(
            matches!(again, Err(SignatureRefusal::Replayed | SignatureRefusal::TooOld { .. })),
            "request {n}: {again:?}"
        );
    }
    // Time alone empties it.
    assert!(turn(&verifier, 9_999, now + 1_000, now + 1_000).is_ok());
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn a_cache_filled_within_one_second_refuses_the_rest_of_it() {
    let verifier = verifier().nonces(0);
    for n in 0..1_024 {
        assert!(turn(&verifier, n, NOW, NOW).is_ok());
    }
    assert!(matches!(turn(&verifier, 1_024, NOW, NOW), Err(SignatureRefusal::TooOld { .. })));
    assert!(matches!(turn(&verifier, 0, NOW, NOW), Err(SignatureRefusal::TooOld { .. })));
    assert!(turn(&verifier, 1_025, NOW + 1, NOW + 1).is_ok());
}

#[test]
fn what_is_not_authentic_is_not_remembered() {
    let verifier = verifier();
    let request = request(b"{}");
    let forged = sign(&key("k", 9), &request, NOW, nonce(1));
    assert!(check(&verifier, &forged, &request, NOW).is_err());
    assert_eq!(verifier.remembered(), 0);
    assert!(turn(&verifier, 1, NOW, NOW).is_ok(), "a forger cannot use up the nonces of others");
}

#[test]
fn what_an_earlier_process_heard_is_not_heard_again() {
    let restarted = verifier().only_after(NOW);
    assert!(matches!(turn(&restarted, 1, NOW, NOW + 1), Err(SignatureRefusal::TooOld { .. })));
    assert!(turn(&restarted, 1, NOW + 1, NOW + 1).is_ok());
}

#[test]
fn a_missing_header_is_named() {
    let verifier = verifier();
    let request = request(b"{}");
    let signed = sign(&key("k", 1), &request, NOW, nonce(1));
    for (missing, _) in signed.headers() {
        let header = |name: &str| signed.get(name).filter(|_| name != missing);
        let refused = verifier.verify(header, &request, NOW).map(SigningKey::id);
        assert_eq!(refused, Err(SignatureRefusal::Missing { header: missing }));
    }
}

#[test]
fn headers_have_one_spelling() {
    let verifier = verifier();
    let request = request(b"{}");
    let signed = sign(&key("k", 1), &request, NOW, nonce(0xabcd));
    let refused = |change: &dyn Fn(&mut Signed)| {
        let mut changed = signed.clone();
        change(&mut changed);
        check(&verifier, &changed, &request, NOW).unwrap_err().code()
    };
    assert_eq!(refused(&|s| s.signature.make_ascii_uppercase()), "signature-malformed");
    assert_eq!(refused(&|s| s.nonce.make_ascii_uppercase()), "signature-malformed");
    assert_eq!(refused(&|s| s.timestamp.insert(0, '0')), "signature-malformed");
    assert_eq!(refused(&|s| s.timestamp.insert(0, '+')), "signature-malformed");
    assert_eq!(refused(&|s| s.timestamp.push(' ')), "signature-malformed");
    assert_eq!(refused(&|s| s.signature.push_str("00")), "signature-malformed");
    assert_eq!(refused(&|s| s.nonce.truncate(30)), "signature-malformed");
    assert_eq!(refused(&|s| s.key.clear()), "signature-malformed");
    assert_eq!(refused(&|s| s.signature = "é".repeat(32)), "signature-malformed");
    assert_eq!(
        check(&verifier, &signed, &request, NOW),
        Ok("k".to_owned()),
        "none of them used it up"
    );
}

#[test]
fn a_line_feed_in_a_path_cannot_move_the_border_of_the_body() {
    let verifier = verifier();
    let meant = Request { method: "POST", path: "/a", body: b"b\nc" };
    let signed = sign(&key("k", 1), &meant, NOW, nonce(1));
    let other = Request { method: "POST", path: "/a\nb", body: b"c" };
    let refused = check(&verifier, &signed, &other, NOW).unwrap_err();
    assert_eq!(refused.code(), "signature-malformed");
}

#[test]
fn keys_that_are_no_good_are_refused_without_showing_them() {
    let secret = "5a".repeat(32);
    let said = |result: Result<SigningKey, KeyError>| result.unwrap_err().to_string();
    let messages = [
        said(SigningKey::from_hex("", &secret)),
        said(SigningKey::from_hex("a b", &secret)),
        said(SigningKey::from_hex(
            "k",
            "hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2-hunter2",
        )),
        said(SigningKey::from_hex("k", &"5a".repeat(31))),
        said(SigningKey::from_hex("k", &format!("{secret}5"))),
        said(SigningKey::from_hex("k", &"5a".repeat(1_025))),
        said(SigningKey::parse(&secret)),
        Verifier::new([]).unwrap_err().to_string(),
        Verifier::new([key("k", 1), key("k", 2)]).unwrap_err().to_string(),
    ];
    assert!(
        messages.iter().all(|message| !message.contains("5a5a") && !message.contains("hunter"))
    );
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(SigningKey::parse(&format!(" k:{secret}\n")).unwrap().id(), "k");
}

#[test]
fn refusals_say_what_to_do() {
    let refusals = [
        SignatureRefusal::Missing { header: NONCE_HEADER },
        SignatureRefusal::Malformed {
            what: NONCE_HEADER,
            must: "32 lower-case hexadecimal digits",
        },
        SignatureRefusal::UnknownKey { id: "2026-10".into() },
        SignatureRefusal::TooOld { seconds: 301, window: 300 },
        SignatureRefusal::TooNew { seconds: 301, window: 300 },
        SignatureRefusal::WrongSignature { id: "2026-11".into() },
        SignatureRefusal::Replayed,
    ];
    let lines: Vec<String> =
        refusals.iter().map(|refusal| format!("{}: {refusal}", refusal.code())).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Everything that is sent, so that any byte of it can be flipped.
#[derive(Debug, Clone)]
struct Sent {
    parts: [Vec<u8>; 7],
}

impl Sent {
    fn new(signed: &Signed, request: &Request<'_>) -> Self {
        let [a, b, c, d] = signed.headers().map(|(_, value)| value.as_bytes().to_vec());
        let (method, path) = (request.method.into(), request.path.into());
        Self { parts: [a, b, c, d, method, path, request.body.to_vec()] }
    }

    /// None if a header or the request line is no text any more: HTTP would not have let it
    /// through.
    fn check(&self, verifier: &Verifier) -> Option<Result<String, SignatureRefusal>> {
        let text = |index: usize| String::from_utf8(self.parts[index].clone()).ok();
        let signed =
            Signed { key: text(0)?, timestamp: text(1)?, nonce: text(2)?, signature: text(3)? };
        let (method, path) = (text(4)?, text(5)?);
        let request = Request { method: &method, path: &path, body: &self.parts[6] };
        Some(check(verifier, &signed, &request, NOW))
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(
        secret in any::<[u8; 32]>(),
        random in any::<[u8; 16]>(),
        at in NOW - 300..=NOW + 300,
        path in "/[a-z/?=&]{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
        part in 0_usize..7,
        byte in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let key = SigningKey::from_hex("k1", &hex::encode(secret)).unwrap();
        let request = Request { method: "POST", path: &path, body: &body };
        let sent = Sent::new(&sign(&key, &request, at, Nonce::from_random(random)), &request);
        let verifier = Verifier::new([key]).unwrap();
        if !sent.parts[part].is_empty() {
            let mut flipped = sent.clone();
            let at = byte.index(flipped.parts[part].len());
            flipped.parts[part][at] ^= 1 << bit;
            if let Some(result) = flipped.check(&verifier) {
                prop_assert!(result.is_err(), "accepted {flipped:?}");
            }
        }
        prop_assert_eq!(sent.check(&verifier), Some(Ok("k1".to_owned())));
    }

    #[test]
    fn bytes_that_move_from_one_part_to_the_next_are_noticed(
        body in proptest::collection::vec(any::<u8>(), 1..50),
        cut in any::<proptest::sample::Index>(),
    ) {
        let verifier = verifier();
        let request = request(&body);
        let signed = sign(&key("k", 1), &request, NOW, nonce(1));
        let (moved, rest) = body.split_at(cut.index(body.len()) + 1);
        if let Ok(moved) = std::str::from_utf8(moved) {
            let path = format!("{}{moved}", request.path);
            let other = Request { method: "POST", path: &path, body: rest };
            prop_assert!(check(&verifier, &signed, &other, NOW).is_err());
        }
    }

    #[test]
    fn hexadecimal_is_read_as_it_is_written(bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(from_lower_hex(&hex::encode(&bytes)), Some(bytes));
    }

    #[test]
    fn no_headers_make_it_panic(a in ".{0,70}", b in ".{0,25}", c in ".{0,40}", d in ".{0,70}", now in any::<u64>()) {
        let signed = Signed { key: a, timestamp: b, nonce: c, signature: d };
        prop_assert!(check(&verifier(), &signed, &request(b""), now).is_err());
    }
}

#[test]
fn keys_are_replaced_and_what_was_heard_stays_heard() {
    let before = verifier();
    let request = request(b"{}");
    let old = sign(&key("k", 1), &request, NOW, nonce(1));
    assert!(check(&before, &old, &request, NOW).is_ok());
    let both = before.with_keys([key("k", 1), key("new", 2)]).unwrap();
    assert_eq!(check(&both, &old, &request, NOW), Err(SignatureRefusal::Replayed));
    let new = sign(&key("new", 2), &request, NOW, nonce(2));
    assert_eq!(check(&both, &new, &request, NOW).as_deref(), Ok("new"));
    let after = both.with_keys([key("new", 2)]).unwrap();
    assert_eq!(check(&after, &new, &request, NOW), Err(SignatureRefusal::Replayed));
    let old = sign(&key("k", 1), &request, NOW, nonce(3));
    assert_eq!(
        check(&after, &old, &request, NOW),
        Err(SignatureRefusal::UnknownKey { id: "k".into() })
    );
    assert!(before.with_keys([]).is_err());
}
