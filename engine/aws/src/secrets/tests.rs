//! Against moto over HTTP, and for what moto does not do against a server that answers as the test
//! says.

use dialgraph_kernel::ports::http::{Credential, Request, Response};
use dialgraph_kernel::provider::Http as _;
use dialgraph_local::http::{AllowedHosts, HttpClient};
use dialgraph_stand_ins::scripted::{Reply, Scripted};
use dialgraph_stand_ins::{StandIn, shapes};
use serde_json::json;

use super::*;
use crate::connection::stand_in;
use crate::testing::caller;

const LONG: Duration = Duration::from_secs(3600);

fn settings(keep: Duration, grace: Duration) -> SecretsManagerSettings {
    SecretsManagerSettings { keep, grace, ..SecretsManagerSettings::default() }
}

fn manager(url: &str, settings: SecretsManagerSettings) -> Arc<SecretsManager> {
    Arc::new(SecretsManager::over(&stand_in(url), settings))
}

fn found(text: &str) -> Reply {
    Reply::json(200, &json!({"Name": "dialgraph/desk-token", "SecretString": text}))
}

fn refused(status: u16, code: &str) -> Reply {
    Reply::fault(status, code, "the service's words")
}

/// A host outside, and what plugins reach it with.
struct Desk {
    host: Scripted,
    client: HttpClient,
}

impl Desk {
    fn new(secrets: &Arc<SecretsManager>) -> Self {
        let host = Scripted::replies(vec![Reply::json(200, &json!({}))]);
        let hosts = BTreeMap::from([("p".to_owned(), vec![host.url().parse().unwrap()])]);
        let client = HttpClient::new(AllowedHosts::new(hosts), Arc::clone(secrets) as _, None);
        Self { host, client: client.unwrap() }
    }

    async fn send(&self, secret: &str) -> Result<Response, HostError> {
        let request = Request {
            method: "GET".to_owned(),
            url: format!("{}/tickets", self.host.url()),
            headers: Vec::new(),
            credential: Some(Credential::Bearer { secret: secret.to_owned() }),
            body: None,
            timeout_ms: 20_000,
        };
        self.client.send(&caller(), &request).await
    }

    /// The credential that the host was sent last.
    fn sent(&self) -> Option<String> {
        let requests = self.host.requests();
        let mut headers = requests.last()?.headers.iter();
        headers.find(|(name, _)| name == "authorization").map(|(_, value)| value.clone())
    }
}

/// The service's own client, for what the owner of secrets does.
fn owner(moto: &StandIn) -> Client {
    Client::new(stand_in(&moto.url()).sdk())
}

#[tokio::test]
async fn a_secret_or_a_key_of_one_reaches_the_host() {
    let moto = StandIn::moto();
    let owner = owner(&moto);
    owner
        .create_secret()
        .name("dialgraph/desk-token")
        .secret_string("t0p-s3cret\n")
        .send()
        .await
        .unwrap();
    let whole = r#"{"user": "bot", "token": "k3y-s3cret"}"#;
    owner.create_secret().name("prod/desk").secret_string(whole).send().await.unwrap();

    let names = SecretRef::read(&["desk-key=prod/desk#token".to_owned()]).unwrap();
    let secrets = manager(&moto.url(), SecretsManagerSettings { names, ..settings(LONG, LONG) });
    let desk = Desk::new(&secrets);
    secrets.open(&caller(), "desk-token").await.unwrap();
    desk.send("desk-token").await.unwrap();
    assert_eq!(desk.sent().as_deref(), Some("Bearer t0p-s3cret"));
    desk.send("desk-key").await.unwrap();
    assert_eq!(desk.sent().as_deref(), Some("Bearer k3y-s3cret"));
    // What is logged meanwhile is looked at where a whole engine does it: in the command's tests.
    assert!(!format!("{secrets:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_rotated_secret_is_used_when_the_time_of_the_old_is_over() {
    let moto = StandIn::moto();
    let owner = owner(&moto);
    let secret = owner.create_secret().name("dialgraph/desk-token").secret_string("old");
    secret.send().await.unwrap();
    let (fresh, kept) = (
        Desk::new(&manager(&moto.url(), settings(Duration::ZERO, Duration::ZERO))),
        Desk::new(&manager(&moto.url(), settings(LONG, Duration::ZERO))),
    );
    for desk in [&fresh, &kept] {
        desk.send("desk-token").await.unwrap();
        assert_eq!(desk.sent().as_deref(), Some("Bearer old"));
    }
    let rotated = owner.put_secret_value().secret_id("dialgraph/desk-token").secret_string("new");
    rotated.send().await.unwrap();
    for (desk, sent) in [(&fresh, "Bearer new"), (&kept, "Bearer old")] {
        desk.send("desk-token").await.unwrap();
        assert_eq!(desk.sent().as_deref(), Some(sent));
    }
    let gone = owner.delete_secret().secret_id("dialgraph/desk-token");
    gone.force_delete_without_recovery(true).send().await.unwrap();
    let error = fresh.send("desk-token").await.unwrap_err();
    insta::assert_snapshot!(error, @"unknown-secret: there is no secret `desk-token` (`dialgraph/desk-token` in Secrets Manager); create it there, or name another in `aws.secrets`");
    assert_eq!(fresh.host.requests().len(), 2, "nothing is sent without its credential");
}

#[tokio::test]
async fn many_who_ask_at_once_wait_for_one_answer() {
    let server = Scripted::replies(vec![found("t0p")]);
    let secrets = manager(&server.url(), settings(LONG, LONG));
    let all = (0..50).map(|_| secrets.reveal("desk-token"));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(server.requests().len(), 1);
    shapes::check("secretsmanager", &server.exchanges());

    let server = Scripted::replies(vec![refused(500, "InternalServiceError")]);
    let secrets = manager(&server.url(), settings(LONG, LONG));
    let all = (0..50).map(|_| secrets.reveal("desk-token"));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_err));
    assert_eq!(server.requests().len(), 1, "a failure is shared, too");
    shapes::check("secretsmanager", &server.exchanges());
}

#[tokio::test]
async fn while_the_service_is_down_the_last_text_is_used_and_no_longer_when_it_was_taken_back() {
    let down = || refused(500, "InternalServiceError");
    let server = Scripted::replies(vec![found("t0p"), down()]);
    let secrets = manager(&server.url(), settings(Duration::ZERO, LONG));
    for _ in 0..3 {
        secrets.reveal("desk-token").await.unwrap();
    }
    assert_eq!(server.requests().len(), 2, "right after a failure it is not asked again");
    shapes::check("secretsmanager", &server.exchanges());

    let server =
        Scripted::replies(vec![found("t0p"), refused(400, "AccessDeniedException"), down()]);
    let secrets = manager(&server.url(), settings(Duration::ZERO, LONG));
    secrets.reveal("desk-token").await.unwrap();
    for _ in 0..2 {
        let error = secrets.reveal("desk-token").await.unwrap_err();
        assert_eq!(error.code, "secret-denied");
    }
    shapes::check("secretsmanager", &server.exchanges());
}

#[tokio::test]
async fn each_failure_is_told_as_what_it_is_and_never_asked_again_here() {
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    let empty = Reply::json(200, &json!({"Name": "dialgraph/desk-token"}));
    let replies = [
        refused(400, "ResourceNotFoundException"),
        refused(400, "AccessDeniedException"),
        refused(400, "DecryptionFailure"),
        refused(400, "InvalidRequestException"),
        refused(400, "ThrottlingException"),
        refused(500, "InternalServiceError"),
        Reply::text(503, "<html>bad gateway</html>"),
        Reply::text(200, "{\"SecretString\": \"t0p-s3cr"),
        Reply::never(),
        empty,
        found(""),
        found(&"x".repeat(MAX_SECRET_BYTES + 1)),
        found("no object"),
    ];
    for reply in replies {
        let server = Scripted::replies(vec![reply]);
        let names = SecretRef::read(&["desk-key=prod/desk#token".to_owned()]).unwrap();
        let secrets =
            manager(&server.url(), SecretsManagerSettings { names, ..settings(LONG, LONG) });
        let name = if told.len() == 12 { "desk-key" } else { "desk-token" };
        let error = secrets.reveal(name).await.unwrap_err();
        assert_eq!(server.requests().len(), 1);
        told.push(format!("{:?} {error}", error.kind));
        seen.extend(server.exchanges());
    }
    let told = told.join("\n");
    assert!(!told.contains("s3cr"));
    insta::assert_snapshot!(told);
    shapes::check("secretsmanager", &seen);
}

#[test]
fn a_handle_stands_for_a_secret_or_for_a_key_of_one() {
    let read = |entry: &str| SecretRef::read(&[entry.to_owned()]);
    let arn = "arn:aws:secretsmanager:ap-northeast-2:111122223333:secret:desk-AbCdEf";
    let names = read(&format!("desk-token={arn}#token")).unwrap();
    let token = SecretRef { id: arn.to_owned(), key: Some("token".to_owned()) };
    assert_eq!(names, BTreeMap::from([("desk-token".to_owned(), token)]));
    assert_eq!(read("desk=prod/desk").unwrap()["desk"].key, None);
    let wrong = ["desk", "desk=", "desk=#token", "desk=prod/desk#", "../desk=prod/desk"];
    let told = wrong.map(|entry| read(entry).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_key_of_an_object_is_its_text_and_nothing_else_is() {
    let whole = r#"{"user": "bot", "token": "t0p", "port": 5432, "more": {"a": "b"}}"#;
    assert_eq!(part(whole, "token").unwrap().as_str(), "t0p");
    assert_eq!(part(whole, "port").unwrap().as_str(), "5432");
    for key in ["more", "none"] {
        assert!(part(whole, key).is_none(), "{key}");
    }
    assert!(part("no object", "token").is_none());
}

#[test]
fn the_limits_are_those_that_are_documented() {
    let documented = include_str!("../../../../docs/encryption.md");
    let SecretsManagerSettings { keep, grace, limit, .. } = SecretsManagerSettings::default();
    let row = format!(
        "without an answer within {} s; the secret was read in the last {} minutes |",
        limit.as_secs(),
        (keep + grace).as_secs() / 60
    );
    assert!(documented.contains(&row), "{row}");
}
