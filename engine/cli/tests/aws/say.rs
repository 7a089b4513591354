//! `dialgraph say`, with the stand-in for Amazon Polly.

use std::collections::BTreeSet;

use dialgraph_stand_ins::scripted::{Reply, Scripted};
use dialgraph_stand_ins::{polly, shapes};
use serde_json::Value;

use super::{Desk, flows};

fn desk(server: &Scripted) -> Desk {
    let mut environment = server.environment();
    environment.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    environment.push(("AWS_ENDPOINT_URL_POLLY", server.url()));
    Desk::new(environment)
}

#[test]
fn a_korean_prompt_is_spoken_once_and_then_comes_from_the_cache() {
    let server = polly::start();
    let desk = desk(&server);
    let (code, _, told) = desk.run(&["say", "안녕하세요", "-o", "hello.mp3"]);
    assert_eq!(
        (code, told.as_str()),
        (0, "hello.mp3: 34 bytes by Seoyeon (neural), 5 characters billed\n")
    );
    let made = std::fs::read(desk.path("hello.mp3")).unwrap();
    assert!(made.starts_with(&[0xff, 0xfb]), "{made:?}");
    let request = server.requests()[0].json();
    assert_eq!(
        (&request["VoiceId"], &request["LanguageCode"]),
        (&"Seoyeon".into(), &"ko-KR".into())
    );
    shapes::check("polly", &server.exchanges());

    // Polly is gone, and is not missed.
    drop(server);
    let (code, told, _) = desk.run(&["say", "안녕하세요", "-o", "again.mp3", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["kept"]), (0, &Value::Bool(true)));
    assert_eq!(std::fs::read(desk.path("again.mp3")).unwrap(), made);

    // What was damaged in the cache is not played: it would be asked for again.
    let kept = std::fs::read_dir(desk.path("speech")).unwrap().next().unwrap().unwrap().path();
    let mut damaged = std::fs::read(&kept).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&kept, damaged).unwrap();
    let (code, _, told) = desk.run(&["say", "안녕하세요", "-o", "third.mp3"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("Amazon Polly: it cannot be reached"), "{told}");
}

#[test]
fn what_was_paid_for_is_given_out_although_it_cannot_be_kept() {
    let server = polly::start();
    let desk = desk(&server);
    std::fs::write(desk.path("taken"), "not a folder").unwrap();
    for asked in 1..=2 {
        let (code, _, told) =
            desk.run(&["say", "안녕하세요", "-o", "hello.mp3", "--cache", "taken"]);
        assert_eq!((code, server.requests().len()), (0, asked), "{told}");
        assert!(told.starts_with("warning: ") && told.contains("asked for again"), "{told}");
        assert!(std::fs::read(desk.path("hello.mp3")).unwrap().starts_with(&[0xff, 0xfb]));
        std::fs::remove_file(desk.path("hello.mp3")).unwrap();
    }
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let server = polly::start();
    let desk = desk(&server);
    let mut told = String::new();
    for args in [
        &["say", "안녕", "-o", "a.mp3", "--voice", "Seoyoen"][..],
        &["say", "안녕", "-o", "a.mp3", "--engine", "nerual"],
        &["say", "안녕", "-o", "a.mp3", "--voice", "Carla"],
        &["say", "안녕", "-o", "a.mp3", "--voice", "ko-KR=Joanna"],
        &["say", "bonjour", "-o", "a.mp3", "--locale", "fr-FR"],
        &["say", "안녕", "-o", "a.ogg"],
        &["say", "안녕", "-o", "a.wav", "--format", "mp3"],
        &["say", "<speak>급한\n <emphasis>장애</emphasis> &</speak>", "-o", "a.mp3"],
        &["say", "<speak>급한\n <emphasis>장애</emphasis></speak>", "-o", "a.mp3"],
    ] {
        let (code, out, err) = desk.run(args);
        told.push_str(&format!("$ dialgraph {}\n{out}{err}exit code {code}\n\n", args.join(" ")));
    }
    assert!(!desk.path("a.mp3").exists());
    let mut nowhere = Desk::new(server.environment());
    for (name, what) in
        [("AWS_ACCESS_KEY_ID", "without credentials"), ("AWS_REGION", "and without a region")]
    {
        nowhere.set(name, "");
        let (code, _, err) = nowhere.run(&["say", "안녕", "-o", "a.mp3"]);
        // Where the SDK looks for credentials is its own business.
        let words = err.split(" (").next().unwrap_or_default();
        told.push_str(&format!("({what}) {}\nexit code {code}\n\n", words.trim()));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_prompts_of_a_flow_are_spoken_in_each_language_and_not_again() {
    let server = polly::start();
    let desk = desk(&server);
    let args = [
        "say",
        "--flow",
        "customer-auth",
        "-o",
        "prompts",
        "--format",
        "mulaw",
        "--project",
        &flows(),
    ];
    let (code, files, told) = desk.run(&args);
    assert_eq!(code, 0, "{told}");
    insta::assert_snapshot!(format!("{files}\n{}", told.replace(&flows(), "FLOWS")));
    let manifest = std::fs::read_to_string(desk.path("prompts/manifest.json")).unwrap();
    let parsed: Value = serde_json::from_str(&manifest).unwrap();
    let prompts = parsed["prompts"].as_array().unwrap();
    let spoken: BTreeSet<&str> =
        prompts.iter().map(|one| one["request"].as_str().unwrap()).collect();
    assert_eq!(server.requests().len(), spoken.len(), "each is asked for once");
    for one in prompts {
        let file = std::fs::read(desk.path("prompts").join(one["file"].as_str().unwrap())).unwrap();
        assert!(file.starts_with(b"RIFF"), "{one}");
        let voice = if one["locale"] == "ko-KR" { "Seoyeon" } else { "Joanna" };
        assert_eq!((&one["voice"], &one["bytes"]), (&voice.into(), &file.len().into()));
    }
    shapes::check("polly", &server.exchanges());

    // Without Polly and without the cache: what is there is left, and what was removed comes from
    // nowhere.
    let asked = server.requests().len();
    std::fs::remove_dir_all(desk.path("speech")).unwrap();
    let first = desk.path("prompts").join(prompts[0]["file"].as_str().unwrap());
    std::fs::write(&first, b"damaged").unwrap();
    let (code, files, told) = desk.run(&args);
    assert_eq!((code, files.lines().count()), (0, 1), "{told}");
    assert_eq!(server.requests().len(), asked + 1);
    assert_eq!(std::fs::read_to_string(desk.path("prompts/manifest.json")).unwrap(), manifest);
}

#[test]
fn what_was_spoken_until_polly_failed_is_not_asked_for_again() {
    let (limit, count) = (5, std::sync::atomic::AtomicUsize::new(0));
    let server = Scripted::start(move |request| {
        match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            number if number == limit => Reply::error(403, "AccessDeniedException", "not any more"),
            _ => polly::answer(request),
        }
    });
    let desk = desk(&server);
    let args = ["say", "--flow", "customer-auth", "-o", "prompts", "--project", &flows()];
    let (code, _, told) = desk.run(&args);
    assert_eq!(code, 2);
    assert!(
        told.contains("run the command again to continue")
            && told.contains("polly:SynthesizeSpeech"),
        "{told}"
    );
    let (code, _, told) = desk.run(&args);
    assert_eq!(code, 0, "{told}");
    let texts: Vec<Value> =
        server.requests().iter().map(|request| request.json()["Text"].clone()).collect();
    // But for what was refused, and what was under way beside it.
    let mut twice: Vec<&Value> = texts
        .iter()
        .enumerate()
        .filter(|(at, text)| texts[..*at].contains(text))
        .map(|(_, text)| text)
        .collect();
    twice.dedup();
    assert!(twice.contains(&&texts[limit]) && twice.len() <= 4, "{texts:?}");
}
