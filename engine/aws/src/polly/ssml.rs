//! Which elements of SSML the engines of Polly speak.
//!
//! Source: <https://docs.aws.amazon.com/polly/latest/dg/supportedtags.html>, and the pages of
//! `prosody` and of the newscaster's style. The service refuses an element that the engine lacks,
//! but for generative voices, where it is not said what becomes of it; here it is a mistake for
//! all.

use dialgraph_flow::template::{Ssml, SsmlElement, read_ssml};

use super::speech::{Unsayable, Voice, VoiceEngine};

/// Voices with the newscaster's style.
const NEWSCASTERS: [&str; 4] = ["Amy", "Joanna", "Lupe", "Matthew"];

/// Characters that are spoken, and elements that the voice cannot speak.
///
/// # Errors
/// Where the text is no SSML at all.
pub(super) fn check(text: &str, voice: &Voice) -> Result<(usize, Vec<Unsayable>), Unsayable> {
    let Ssml { elements, characters } = read_ssml(text).map_err(|wrong| Unsayable {
        message: wrong.message,
        help: wrong.help.unwrap_or_else(|| "put it right".to_owned()),
        span: Some(wrong.span),
    })?;
    let mut wrong = Vec::new();
    if let Some(root) = elements.first()
        && root.name != "speak"
    {
        wrong.push(Unsayable {
            message: format!("SSML begins with `<speak>` and not with `<{}>`", root.name),
            help: "put the whole text between `<speak>` and `</speak>`".to_owned(),
            span: Some(root.span.clone()),
        });
    }
    wrong.extend(elements.iter().filter_map(|element| unsayable(element, voice)));
    Ok((characters, wrong))
}

/// Why `voice` cannot speak `element`.
fn unsayable(element: &SsmlElement, voice: &Voice) -> Option<Unsayable> {
    let value = |name: &str| {
        let found = element.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let engine = voice.engine;
    let standard = engine == VoiceEngine::Standard;
    let lacks = |what: String, help: &str| {
        Some(Unsayable {
            message: format!("{engine} voices do not speak `{what}`"),
            help: help.to_owned(),
            span: Some(element.span.clone()),
        })
    };
    const STANDARD: &str = "leave it out, or take a standard voice";
    match element.name.as_str() {
        "speak" | "break" | "lang" | "mark" | "p" | "phoneme" | "s" | "say-as" | "sub" | "w" => {
            None
        }
        "prosody" if standard => None,
        "prosody" => ["pitch", "amazon:max-duration"]
            .into_iter()
            .find(|name| value(name).is_some())
            .and_then(|name| lacks(format!("<prosody {name}>"), STANDARD)),
        "emphasis" | "amazon:auto-breaths" | "amazon:breath" if standard => None,
        name @ ("emphasis" | "amazon:auto-breaths" | "amazon:breath") => {
            lacks(format!("<{name}>"), STANDARD)
        }
        "amazon:effect" if standard => None,
        "amazon:effect" => {
            let name = value("name");
            if name == Some("drc") && engine != VoiceEngine::Generative {
                return None;
            }
            let shown = match (name, element.attributes.first()) {
                (Some(name), _) => format!("<amazon:effect name=\"{name}\">"),
                (None, Some((name, _))) => format!("<amazon:effect {name}>"),
                (None, None) => "<amazon:effect>".to_owned(),
            };
            lacks(shown, STANDARD)
        }
        "amazon:domain"
            if engine == VoiceEngine::Neural && NEWSCASTERS.contains(&voice.id.as_str()) =>
        {
            None
        }
        "amazon:domain" => Some(Unsayable {
            message: format!("{} ({engine}) has no style `<amazon:domain>`", voice.id),
            help: format!("leave it out; of neural voices {} have it", NEWSCASTERS.join(", ")),
            span: Some(element.span.clone()),
        }),
        name => Some(Unsayable {
            message: format!("Polly knows no element `<{name}>`"),
            help: "leave it out".to_owned(),
            span: Some(element.span.clone()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polly::{Format, Speech};

    fn told(voice: &str, engine: VoiceEngine, text: &str) -> String {
        let voice = Voice::new(voice, engine, None).unwrap();
        let speech = Speech { text: text.to_owned(), ssml: true, voice, format: Format::Mp3 };
        let Err(wrong) = speech.check() else { return "good".to_owned() };
        let line = |one: &Unsayable| match one.place(text) {
            Some((line, column)) => format!("{line}:{column}: {one}"),
            None => one.to_string(),
        };
        wrong.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_an_engine_does_not_speak_is_told_with_its_place() {
        let text = "<speak>급한 <emphasis>장애</emphasis>는\n\
                    <prosody rate=\"slow\"><prosody pitch=\"high\">일번</prosody></prosody>\
                    <prosody amazon:max-duration=\"2s\">빨리</prosody>\
                    <amazon:effect name=\"whispered\">쉿</amazon:effect>\
                    <amazon:effect vocal-tract-length=\"+10%\">굵게</amazon:effect>\
                    <amazon:domain name=\"news\">뉴스</amazon:domain><blink/></speak>";
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, text));
    }

    #[test]
    fn each_engine_speaks_what_the_documentation_says() {
        let drc = "<speak><amazon:effect name=\"drc\">a</amazon:effect></speak>";
        let news = "<speak><amazon:domain name=\"news\">a</amazon:domain></speak>";
        let plain = "<speak><p><s>a <w role=\"amazon:VB\">read</w> <sub alias=\"b\">c</sub></s></p><break time=\"1s\"/>\
                     <lang xml:lang=\"en-US\">d</lang><say-as interpret-as=\"digits\">12</say-as>\
                     <prosody volume=\"loud\">e</prosody></speak>";
        let emphasis = "<speak><emphasis level=\"strong\">a</emphasis><prosody pitch=\"low\">b</prosody></speak>";
        let engines = [
            VoiceEngine::Standard,
            VoiceEngine::Neural,
            VoiceEngine::LongForm,
            VoiceEngine::Generative,
        ];
        let good = |text| engines.map(|engine| told("Joanna", engine, text) == "good");
        assert_eq!(good(plain), [true, true, true, true]);
        assert_eq!(good(drc), [true, true, true, false]);
        assert_eq!(good(news), [false, true, false, false]);
        assert_eq!(good(emphasis), [true, false, false, false]);
        assert_ne!(told("Seoyeon", VoiceEngine::Neural, news), "good");
    }

    #[test]
    fn text_that_is_no_ssml_is_pointed_at_and_tags_are_not_counted() {
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, "<speak>가\n<p>나</speak>"), @"2:5: this is not well-formed SSML: expected 'p' tag, not 'speak'; in SSML write `&amp;` for &, `&lt;` for <, and close every element");
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, "<p>가</p>"), @"1:2: SSML begins with `<speak>` and not with `<p>`; put the whole text between `<speak>` and `</speak>`");
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, "<speak> </speak>"), @"good");
        let pauses = "<break time=\"1s\"/>".repeat(200);
        let long = format!("<speak>{pauses}{}</speak>", "가".repeat(2_000));
        assert_eq!(told("Seoyeon", VoiceEngine::Neural, &long), "good");
        let longer = format!("<speak>{pauses}{}</speak>", "가".repeat(3_001));
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, &longer), @"3001 characters are to be spoken, more than 3000; spread them over several prompts");
        let tags = format!("<speak>{}가</speak>", "<break time=\"1s\"/>".repeat(400));
        insta::assert_snapshot!(told("Seoyeon", VoiceEngine::Neural, &tags), @"the text has 7216 characters with its tags, more than 6000; spread it over several prompts");
    }

    #[test]
    fn a_voice_or_engine_that_is_not_there_is_told_with_the_nearest() {
        let voice = |id| Voice::new(id, VoiceEngine::Neural, None).map(|voice| voice.id);
        assert_eq!(voice("vc-9a8fa85dd3").as_deref(), Ok("vc-9a8fa85dd3"));
        insta::assert_snapshot!(voice("Seoyoen").unwrap_err(), @"Polly has no voice `Seoyoen`; did you mean `Seoyeon`?");
        insta::assert_snapshot!(voice("seoyeon").unwrap_err(), @"Polly has no voice `seoyeon`; did you mean `Seoyeon`?");
        insta::assert_snapshot!(voice("Cholsu2000").unwrap_err(), @"Polly has no voice `Cholsu2000`; `aws polly describe-voices --language-code ko-KR` lists those of a language");
        insta::assert_snapshot!("nerual".parse::<VoiceEngine>().unwrap_err(), @"there is no engine `nerual`; Polly has standard, neural, long-form, generative");
    }
}
