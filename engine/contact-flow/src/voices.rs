//! What speaks: voices and engines of Amazon Polly, as Connect's console writes them.

use dialgraph_base::nearest;

/// All voices of Amazon Polly, in alphabetical order.
#[rustfmt::skip]
const VOICES: [&str; 116] = [
    "Aditi", "Adriano", "Ambre", "Amy", "Andres", "Aria", "Arjun", "Arlet", "Arthur", "Astrid",
    "Ayanda", "Beatrice", "Bianca", "Brian", "Burcu", "Camila", "Carla", "Carlos", "Carmen",
    "Carolina", "Celine", "Chantal", "Conchita", "Cristiano", "Curtis", "Daniel", "Danielle",
    "Dora", "Elin", "Emma", "Enrique", "Ewa", "Filiz", "Florian", "Gabrielle", "Geraint", "Giorgio",
    "Gregory", "Gwyneth", "Hala", "Hannah", "Hans", "Hiujin", "Hyunduk", "Ida", "Ines", "Isabelle",
    "Ivy", "Jacek", "Jan", "Jasmine", "Jihye", "Jitka", "Joanna", "Joey", "Justin", "Kajal", "Karl",
    "Kazuha", "Kendra", "Kenneth", "Kevin", "Kiara", "Kimberly", "Laura", "Lea", "Lennart", "Leo",
    "Liam", "Lisa", "Liv", "Lorenzo", "Lotte", "Lucia", "Lupe", "Mads", "Maja", "Marlene",
    "Mathieu", "Matthew", "Maxim", "Mia", "Miguel", "Mizuki", "Naja", "Nate", "Niamh", "Nicole",
    "Ola", "Olivia", "Pedro", "Penelope", "Raveena", "Remi", "Ricardo", "Ruben", "Russell", "Ruth",
    "Sabrina", "Salli", "Seoyeon", "Sergio", "Sofie", "Stephen", "Suvi", "Takumi", "Tatyana",
    "Thiago", "Tiffany", "Tina", "Tomoko", "Vicki", "Vitoria", "Zayd", "Zeina", "Zhiyu",
];

/// Which voices speak a language; region and dialect are left to whoever chooses one.
#[rustfmt::skip]
const SPOKEN: [(&str, &[&str]); 28] = [
    ("ar", &["Hala", "Zayd"]),
    ("arb", &["Zeina"]),
    ("ca", &["Arlet"]),
    ("cmn", &["Zhiyu"]),
    ("cs", &["Jitka"]),
    ("cy", &["Gwyneth"]),
    ("da", &["Mads", "Naja", "Sofie"]),
    ("de", &["Daniel", "Hannah", "Hans", "Lennart", "Marlene", "Sabrina", "Tina", "Vicki"]),
    ("en", &[
        "Aditi", "Amy", "Aria", "Arthur", "Ayanda", "Brian", "Danielle", "Emma", "Geraint", "Gregory", "Ivy",
        "Jasmine", "Joanna", "Joey", "Justin", "Kajal", "Kendra", "Kevin", "Kimberly", "Matthew", "Niamh", "Nicole",
        "Olivia", "Raveena", "Russell", "Ruth", "Salli", "Stephen", "Tiffany",
    ]),
    ("es", &[
        "Andres", "Conchita", "Enrique", "Lucia", "Lupe", "Mia", "Miguel", "Pedro", "Penelope", "Sergio",
    ]),
    ("fi", &["Suvi"]),
    ("fr", &[
        "Ambre", "Celine", "Chantal", "Florian", "Gabrielle", "Isabelle", "Lea", "Liam", "Mathieu", "Remi",
    ]),
    ("hi", &["Aditi", "Kajal"]),
    ("is", &["Dora", "Karl"]),
    ("it", &["Adriano", "Beatrice", "Bianca", "Carla", "Giorgio", "Lorenzo"]),
    ("ja", &["Kazuha", "Mizuki", "Takumi", "Tomoko"]),
    ("ko", &["Hyunduk", "Jihye", "Seoyeon"]),
    ("nb", &["Ida", "Liv"]),
    ("nl", &["Laura", "Lisa", "Lotte", "Ruben"]),
    ("no", &["Ida", "Liv"]),
    ("pl", &["Ewa", "Jacek", "Jan", "Maja", "Ola"]),
    ("pt", &["Camila", "Cristiano", "Ines", "Ricardo", "Thiago", "Vitoria"]),
    ("ro", &["Carmen"]),
    ("ru", &["Maxim", "Tatyana"]),
    ("sv", &["Astrid", "Elin"]),
    ("tr", &["Burcu", "Filiz"]),
    ("yue", &["Hiujin"]),
    ("zh", &["Hiujin", "Zhiyu"]),
];

/// The languages that a voice speaks; none where that is not known, which is then no reason to
/// refuse it.
pub(crate) fn languages(voice: &str) -> Vec<&'static str> {
    let speaks = |voices: &[&str]| voices.contains(&voice);
    SPOKEN.iter().filter(|(_, voices)| speaks(voices)).map(|(language, _)| *language).collect()
}

/// All engines. The API of Amazon Polly writes them small.
pub(crate) const ENGINES: [&str; 4] = ["Standard", "Neural", "Long-form", "Generative"];

/// The voice of that name, however its letters are.
pub(crate) fn voice(name: &str) -> Option<&'static str> {
    VOICES.into_iter().find(|voice| voice.eq_ignore_ascii_case(name.trim()))
}

/// The engine of that name, however its letters are and whatever joins its words.
pub(crate) fn engine(name: &str) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
    };
    let wanted = plain(name);
    ENGINES.into_iter().find(|engine| plain(engine) == wanted)
}

/// The voice that may have been meant.
pub(crate) fn near_voice(name: &str) -> Option<&'static str> {
    nearest(name, VOICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_known_by_the_languages_that_it_speaks() {
        assert_eq!(languages("Joanna"), ["en"]);
        assert_eq!(languages("Seoyeon"), ["ko"]);
        assert_eq!(languages("Kajal"), ["en", "hi"]);
        for voice in SPOKEN.iter().flat_map(|(_, voices)| *voices) {
            assert!(VOICES.contains(voice), "{voice}");
        }
    }

    #[test]
    fn voices_and_engines_are_known_in_any_spelling() {
        assert!(VOICES.is_sorted());
        assert_eq!(voice("seoyeon"), Some("Seoyeon"));
        assert_eq!(voice("Joanna "), Some("Joanna"));
        assert_eq!(voice("Johanna"), None);
        assert_eq!(near_voice("Johanna"), Some("Joanna"));
        for (given, wanted) in [
            ("neural", Some("Neural")),
            ("Neural", Some("Neural")),
            ("GENERATIVE", Some("Generative")),
            ("long-form", Some("Long-form")),
            ("Long form", Some("Long-form")),
            ("long_form", Some("Long-form")),
            ("standard", Some("Standard")),
            ("neutral", None),
            ("", None),
        ] {
            assert_eq!(engine(given), wanted, "{given}");
        }
    }
}
