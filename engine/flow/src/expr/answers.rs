//! Answers as callers hear them: what is read from words, put into words again.

use dialgraph_base::phone::Country;
use jiff::civil::Date;
use serde_json::Value;

use super::spoken::{self, Language};
use super::value::speak;
use super::{clock, money};
use crate::model::Expects;

/// Where, when and in which language a value is said.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'w> {
    pub locale: &'w str,
    /// Telephone numbers of this country are said as they are dialled there.
    pub country: Option<Country>,
    /// The year of another day is said.
    pub today: Option<Date>,
}

impl Wording<'_> {
    /// A value of a kind of answer, as `output.value` has it, in words of the locale; as it is
    /// written where the locale has none.
    ///
    /// ```
    /// use dialgraph_flow::expr::Wording;
    /// use dialgraph_flow::model::Expects;
    ///
    /// let korean = Wording { locale: "ko-KR", country: None, today: None };
    /// assert_eq!(korean.say(Expects::Time, &"15:30".into()), "오후 3시 30분");
    /// assert_eq!(korean.say(Expects::Date, &"2026-11-21".into()), "11월 21일 토요일");
    /// ```
    pub fn say(&self, expects: Expects, value: &Value) -> String {
        let plain = || match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.worded(expects, value).unwrap_or_else(plain)
    }

    fn worded(&self, expects: Expects, value: &Value) -> Option<String> {
        let language = Language::of(self.locale);
        let text = value.as_str().unwrap_or_default();
        match expects {
            Expects::Date => {
                let year = self.today.map(Date::year);
                Some(spoken::date(text.parse().ok()?, language?, year))
            }
            Expects::Time => match clock::read(text).ok()? {
                clock::Clock::OfDay(time) => Some(spoken::time(time, language?)),
                clock::Clock::Moment(_) => None,
            },
            Expects::Money => {
                let currency = value.get("currency")?.as_str()?;
                let said = money::spoken(value.get("amount")?, currency, language?).ok()?;
                said.as_str().map(str::to_owned)
            }
            Expects::Phone => Some(spoken::phone(text, self.country, language)),
            Expects::Digits => Some(spoken::digits(text, language)),
            Expects::YesNo | Expects::Number | Expects::Name => speak(value, language).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_answer_is_said_as_the_caller_would_say_it() {
        let today = Date::constant(2026, 11, 20);
        let said = |locale, expects, value: Value| {
            let wording = Wording { locale, country: Country::of("KR"), today: Some(today) };
            wording.say(expects, &value)
        };
        let (ko, en) = ("ko-KR", "en-US");
        assert_eq!(said(ko, Expects::Number, json!(4)), "4");
        assert_eq!(said(en, Expects::Date, json!("2027-01-02")), "Saturday, January 2, 2027");
        assert_eq!(said(en, Expects::Time, json!("15:00")), "3 PM");
        let won = json!({"amount": 35000, "currency": "KRW"});
        assert_eq!(said(ko, Expects::Money, won.clone()), "35,000원");
        assert_eq!(said(en, Expects::Digits, json!("0101")), "zero one zero one");
        assert_eq!(
            said(ko, Expects::Phone, json!("+821012345678")),
            "공 일 공, 일 이 삼 사, 오 육 칠 팔"
        );
        assert_eq!(said(ko, Expects::YesNo, json!(true)), "예");
        // Without words of the language, as it is written.
        assert_eq!(said("ja-JP", Expects::Date, json!("2026-11-21")), "2026-11-21");
        assert_eq!(said("ja-JP", Expects::Money, won), r#"{"amount":35000,"currency":"KRW"}"#);
    }
}
