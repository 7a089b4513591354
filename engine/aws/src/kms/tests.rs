//! Against moto and ministack over HTTP, and for what neither does against a server that answers as
//! the test says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_stand_ins::scripted::{Reply, Scripted};
use dialgraph_stand_ins::{Kind, StandIn, shapes};
use dialgraph_store::{KeyLines, KeyText, Keyring, StoreError};
use serde_json::json;

use super::*;
use crate::connection::stand_in;

/// A KMS with one key, and its owner's client.
async fn kms_with_key(server: &StandIn) -> (Kms, Client, String) {
    let connection = stand_in(&server.url());
    let owner = Client::new(connection.sdk());
    let key = owner.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    (Kms::new(&connection), owner, key)
}

async fn open(kms: &Kms, wrapped: &[u8]) -> Result<Keyring, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.key");
    KeyLines::wrapped(SCHEME, wrapped, "alias/store").create(&file).unwrap();
    let text = KeyText::from_file(&file).unwrap();
    assert!(text.is_wrapped());
    text.open(kms).await.map_err(|error| {
        let told = error.to_string().replace(&file.display().to_string(), "store.key");
        StoreError::BadEncryptionKey { detail: told }
    })
}

#[tokio::test]
async fn a_key_that_kms_made_opens_as_the_same_key_each_time() {
    for kind in [Kind::Moto, Kind::Ministack] {
        let server = StandIn::start(kind);
        let (kms, _, key) = kms_with_key(&server).await;
        let (one, other) = (kms.new_key(&key).await.unwrap(), kms.new_key(&key).await.unwrap());
        let first = open(&kms, &one).await.unwrap();
        assert_eq!(first.ids(), open(&kms, &one).await.unwrap().ids(), "{kind:?}");
        assert_ne!(first.ids(), open(&kms, &other).await.unwrap().ids(), "{kind:?}");
    }
}

#[tokio::test]
async fn what_is_no_store_key_of_this_kms_does_not_open() {
    let mut told = Vec::new();
    // ministack opens what was changed, too.
    let server = StandIn::moto();
    let (kms, owner, key) = kms_with_key(&server).await;
    let mut tell = |what: &str, error: StoreError| {
        let words = error.to_string().replace(&key, "KEY");
        let words = words.split("(AWS KMS: ").next().unwrap_or_default().trim_end();
        told.push(format!("{what}: {words}"));
    };
    let bytes = Blob::new([0x5a; 32]);
    let encrypt = owner.encrypt().key_id(&key).plaintext(bytes.clone());
    let elsewhere = encrypt.encryption_context("purpose", "mail").send().await.unwrap();
    let wrapped = elsewhere.ciphertext_blob.unwrap().into_inner();
    tell("made for another purpose", open(&kms, &wrapped).await.unwrap_err());

    let mut changed = kms.new_key(&key).await.unwrap();
    *changed.last_mut().unwrap() ^= 1;
    tell("changed", open(&kms, &changed).await.unwrap_err());

    let short = owner.encrypt().key_id(&key).plaintext(Blob::new([1; 16]));
    let short = short.encryption_context(CONTEXT.0, CONTEXT.1).send().await.unwrap();
    let wrapped = short.ciphertext_blob.unwrap().into_inner();
    tell("of 16 bytes", open(&kms, &wrapped).await.unwrap_err());

    let error = kms.new_key("11111111-2222-3333-4444-555555555555").await.unwrap_err();
    tell(
        "under a key that is not there",
        StoreError::BadEncryptionKey { detail: error.to_string() },
    );
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn under_a_disabled_key_nothing_opens_and_nothing_is_made() {
    // moto decrypts under disabled keys.
    let server = StandIn::ministack();
    let (kms, owner, key) = kms_with_key(&server).await;
    let wrapped = kms.new_key(&key).await.unwrap();
    owner.disable_key().key_id(&key).send().await.unwrap();
    let error = open(&kms, &wrapped).await.unwrap_err().to_string();
    assert!(error.contains("the key cannot be used as it is; enable it in KMS"), "{error}");
    assert!(matches!(kms.new_key(&key).await, Err(KmsError::Disabled(_))));
    owner.enable_key().key_id(&key).send().await.unwrap();
    open(&kms, &wrapped).await.unwrap();
}

fn refused(status: u16, code: &str) -> Reply {
    Reply::fault(status, code, "the service's words")
}

#[tokio::test]
async fn what_may_pass_is_asked_again_and_nothing_else() {
    let good =
        || Reply::json(200, &json!({"Plaintext": STANDARD.encode([0x5a; 32]), "KeyId": "KEY"}));
    for again in [refused(400, "ThrottlingException"), refused(500, "KMSInternalException")] {
        let server = Scripted::replies(vec![again, good()]);
        let ring = open(&Kms::new(&stand_in(&server.url())), &[1]).await.unwrap();
        assert_eq!(ring.ids(), Keyring::parse(&"5a".repeat(32), "test").unwrap().ids());
        let sent = json!({"CiphertextBlob": "AQ==", "EncryptionContext": {CONTEXT.0: CONTEXT.1}});
        assert_eq!(server.requests()[1].json(), sent);
        shapes::check("kms", &server.exchanges());
    }
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for once in [
        refused(400, "AccessDeniedException"),
        refused(400, "NotFoundException"),
        refused(400, "DisabledException"),
        refused(400, "KMSInvalidStateException"),
        refused(400, "InvalidCiphertextException"),
        refused(400, "IncorrectKeyException"),
        Reply::text(200, "{\"Plaintext\": \"WlpaW"),
        Reply::json(200, &json!({"KeyId": "KEY"})),
    ] {
        let server = Scripted::replies(vec![once]);
        let error = open(&Kms::new(&stand_in(&server.url())), &[1]).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{error}");
        told.push(error.to_string());
        seen.extend(server.exchanges());
    }
    let told = told.join("\n");
    assert!(!told.contains("Wlp"));
    insta::assert_snapshot!(told);
    shapes::check("kms", &seen);
}

#[tokio::test]
async fn a_new_key_is_asked_for_without_its_plaintext() {
    let made = json!({"CiphertextBlob": STANDARD.encode([7; 184]), "KeyId": "KEY"});
    let server =
        Scripted::replies(vec![refused(500, "KMSInternalException"), Reply::json(200, &made)]);
    let kms = Kms::new(&stand_in(&server.url()));
    assert_eq!(kms.new_key("alias/dialgraph-store").await.unwrap(), [7; 184]);
    for request in server.requests() {
        let target = request.headers.iter().find(|(name, _)| name == "x-amz-target");
        assert_eq!(target.unwrap().1, "TrentService.GenerateDataKeyWithoutPlaintext");
        assert_eq!(
            request.json(),
            json!({"KeyId": "alias/dialgraph-store", "KeySpec": "AES_256",
                "EncryptionContext": {CONTEXT.0: CONTEXT.1}})
        );
    }
    shapes::check("kms", &server.exchanges());
}

/// For one request, where it is never answered: a tenth of what it is when an engine starts.
const SHORT: Duration = Duration::from_millis(300);

/// For all requests, with their pauses: more than three of them take.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_kms_that_never_answers_is_asked_three_times() {
    let server = Scripted::replies(vec![Reply::never()]);
    let kms = Kms::patient(&stand_in(&server.url()), SHORT, LONG);
    let error = open(&kms, &[1]).await.unwrap_err();
    insta::assert_snapshot!(error, @"key 1 in store.key is wrapped (`kms:`) and could not be opened: AWS KMS: no answer in time");
    assert_eq!(server.requests().len(), ATTEMPTS as usize);
    shapes::check("kms", &server.exchanges());
}

#[tokio::test]
async fn a_kms_that_throttles_without_end_is_asked_three_times() {
    let server = Scripted::replies(vec![refused(400, "ThrottlingException")]);
    let kms = Kms::patient(&stand_in(&server.url()), ATTEMPT, LONG);
    let error = open(&kms, &[1]).await.unwrap_err();
    insta::assert_snapshot!(error, @"key 1 in store.key is wrapped (`kms:`) and could not be opened: AWS KMS: ThrottlingException: the service's words");
    assert_eq!(server.requests().len(), ATTEMPTS as usize);
    shapes::check("kms", &server.exchanges());
}

#[tokio::test]
async fn when_the_time_for_all_requests_is_over_none_is_made() {
    let server = Scripted::replies(vec![Reply::never()]);
    let kms = Kms::patient(&stand_in(&server.url()), LONG, SHORT);
    let error = open(&kms, &[1]).await.unwrap_err();
    assert!(error.to_string().ends_with("no answer in time"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_limits_are_those_that_are_documented() {
    let documented = include_str!("../../../../docs/encryption.md");
    let row = format!(
        "no answer within {} s | asked again up to two times within {} s;",
        ATTEMPT.as_secs(),
        OPERATION.as_secs()
    );
    assert!(documented.contains(&row), "{row}");
    assert_eq!(ATTEMPTS, 1 + 2);
}
