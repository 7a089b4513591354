//! Where a business is: its time zone, and what day it is there.

use std::sync::Arc;

use dialgraph_base::phone::Country;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Countries all of which have one time (IANA zone of each).
const ALONE: &[(&str, &str)] = &[
    ("AT", "Europe/Vienna"),
    ("BE", "Europe/Brussels"),
    ("CH", "Europe/Zurich"),
    ("CN", "Asia/Shanghai"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("FI", "Europe/Helsinki"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("HK", "Asia/Hong_Kong"),
    ("IE", "Europe/Dublin"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("PH", "Asia/Manila"),
    ("PL", "Europe/Warsaw"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("TH", "Asia/Bangkok"),
    ("TW", "Asia/Taipei"),
    ("VN", "Asia/Ho_Chi_Minh"),
];

/// Money that is meant where none is named, by country (ISO 4217).
const CURRENCIES: &[(&str, &str)] = &[
    ("AU", "AUD"),
    ("CA", "CAD"),
    ("CH", "CHF"),
    ("CN", "CNY"),
    ("CZ", "CZK"),
    ("DK", "DKK"),
    ("GB", "GBP"),
    ("HK", "HKD"),
    ("IN", "INR"),
    ("JP", "JPY"),
    ("KR", "KRW"),
    ("NO", "NOK"),
    ("NZ", "NZD"),
    ("PH", "PHP"),
    ("PL", "PLN"),
    ("SE", "SEK"),
    ("SG", "SGD"),
    ("TH", "THB"),
    ("TW", "TWD"),
    ("US", "USD"),
    ("VN", "VND"),
];

fn of<'t>(table: &[(&str, &'t str)], country: Country) -> Option<&'t str> {
    table.iter().find(|(code, _)| *code == country.alpha2()).map(|(_, found)| *found)
}

/// The one time zone of a country; none where there are several.
pub(crate) fn of_country(country: Country) -> Option<Arc<str>> {
    of(ALONE, country).map(Into::into)
}

/// The money of a country (ISO 4217); the euro where it is not known.
pub fn currency(country: Option<Country>) -> &'static str {
    country.and_then(|country| of(CURRENCIES, country)).unwrap_or("EUR")
}

/// The day of a moment, in milliseconds since 1970, on the calendar of an IANA time zone; none if
/// there is no such zone.
pub fn day(zone: &str, millis: u64) -> Option<Date> {
    let moment = Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    Some(moment.to_zoned(TimeZone::get(zone).ok()?).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_of_a_country_is_one_of_the_database() {
        for (code, zone) in ALONE {
            assert!(Country::of(code).is_some(), "{code}");
            assert!(TimeZone::get(zone).is_ok(), "{zone}");
        }
        for (code, _) in CURRENCIES {
            assert!(Country::of(code).is_some(), "{code}");
        }
        assert_eq!(Country::of("US").and_then(of_country), None);
    }

    #[test]
    fn a_day_is_that_of_the_zone() {
        // 2026-11-20T15:30:00Z
        let millis = 1_795_188_600_000;
        assert_eq!(day("Asia/Seoul", millis).unwrap().to_string(), "2026-11-21");
        assert_eq!(day("America/New_York", millis).unwrap().to_string(), "2026-11-20");
        assert_eq!(day("Nowhere/Else", millis), None);
    }
}
