//! Days, weekdays, weeks and months by their names.

use jiff::civil::Weekday;

#[rustfmt::skip]
pub(super) const DAYS_KO: &[(&str, i64)] = &[
    ("내일모레", 2), ("낼모레", 2), ("그글피", 4), ("글피", 3), ("모레", 2), ("모래", 2),
    ("내일", 1), ("낼", 1), ("명일", 1), ("익일", 1), ("오늘", 0), ("금일", 0), ("당일", 0),
    ("그저께", -2), ("그제", -2), ("어제", -1), ("어저께", -1),
];
#[rustfmt::skip]
pub(super) const DAYS_EN: &[(&str, i64)] = &[
    ("the day after tomorrow", 2), ("day after tomorrow", 2), ("the day before yesterday", -2),
    ("day before yesterday", -2), ("tomorrow", 1), ("tmrw", 1), ("tmr", 1), ("tomorow", 1),
    ("tommorow", 1), ("tommorrow", 1), ("today", 0), ("tonight", 0), ("this afternoon", 0),
    ("this evening", 0), ("this morning", 0), ("yesterday", -1),
];
/// Native counts of days.
#[rustfmt::skip]
pub(super) const COUNTS_KO: &[(&str, i64)] = &[
    ("하루", 1), ("이틀", 2), ("사흘", 3), ("나흘", 4), ("닷새", 5), ("엿새", 6), ("이레", 7),
    ("여드레", 8), ("아흐레", 9), ("열흘", 10), ("보름", 15),
];
#[rustfmt::skip]
pub(super) const WEEKDAYS_KO: &[(&str, Weekday)] = &[
    ("월요일", Weekday::Monday), ("화요일", Weekday::Tuesday), ("수요일", Weekday::Wednesday),
    ("목요일", Weekday::Thursday), ("금요일", Weekday::Friday), ("토요일", Weekday::Saturday),
    ("일요일", Weekday::Sunday), ("월욜", Weekday::Monday), ("화욜", Weekday::Tuesday),
    ("수욜", Weekday::Wednesday), ("목욜", Weekday::Thursday), ("금욜", Weekday::Friday),
    ("토욜", Weekday::Saturday), ("일욜", Weekday::Sunday),
];
#[rustfmt::skip]
pub(super) const WEEKDAYS_EN: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday), ("tuesday", Weekday::Tuesday), ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday), ("friday", Weekday::Friday), ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday), ("mon", Weekday::Monday), ("tue", Weekday::Tuesday),
    ("tues", Weekday::Tuesday), ("wed", Weekday::Wednesday), ("thu", Weekday::Thursday),
    ("thur", Weekday::Thursday), ("thurs", Weekday::Thursday), ("fri", Weekday::Friday),
    ("mondays", Weekday::Monday), ("tuesdays", Weekday::Tuesday),
    ("wednesdays", Weekday::Wednesday), ("thursdays", Weekday::Thursday),
    ("fridays", Weekday::Friday), ("weds", Weekday::Wednesday), ("wensday", Weekday::Wednesday),
    ("wendsday", Weekday::Wednesday), ("teusday", Weekday::Tuesday),
    ("thrusday", Weekday::Thursday), ("firday", Weekday::Friday), ("satuday", Weekday::Saturday),
];
/// Weeks from this one, longest first.
#[rustfmt::skip]
pub(super) const WEEKS_KO: &[(&str, i64)] = &[
    ("다다음주", 2), ("다담주", 2), ("다음주", 1), ("다음번주", 1), ("담주", 1), ("차주", 1),
    ("내주", 1), ("이번주", 0), ("금주", 0), ("요번주", 0), ("이번", 0), ("지난주", -1),
    ("저번주", -1),
];
#[rustfmt::skip]
pub(super) const MONTHS_EN: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
];
