//! Public holidays of the Republic of Korea that no rule gives: elections (held on a day fixed by
//! law for each) and days that the government declared once.
//!
//! A day declared after this table was made goes into the calendar's `extra_closed` until the next
//! release.

/// Year, month, day, Korean name, English name; in order.
pub(crate) const DAYS: &[(i16, i8, i8, &str, &str)] = &[
    (2014, 6, 4, "지방선거일", "Local Election Day"),
    (2015, 8, 14, "임시공휴일", "Temporary Public Holiday"),
    (2016, 4, 13, "국회의원 선거일", "National Assembly Election Day"),
    (2016, 5, 6, "임시공휴일", "Temporary Public Holiday"),
    (2017, 5, 9, "대통령 선거일", "Presidential Election Day"),
    (2017, 10, 2, "임시공휴일", "Temporary Public Holiday"),
    (2018, 6, 13, "지방선거일", "Local Election Day"),
    (2020, 4, 15, "국회의원 선거일", "National Assembly Election Day"),
    (2020, 8, 17, "임시공휴일", "Temporary Public Holiday"),
    (2022, 3, 9, "대통령 선거일", "Presidential Election Day"),
    (2022, 6, 1, "지방선거일", "Local Election Day"),
    (2023, 10, 2, "임시공휴일", "Temporary Public Holiday"),
    (2024, 4, 10, "국회의원 선거일", "National Assembly Election Day"),
    (2024, 10, 1, "국군의 날", "Armed Forces Day"),
    (2025, 1, 27, "임시공휴일", "Temporary Public Holiday"),
    (2025, 6, 3, "대통령 선거일", "Presidential Election Day"),
    (2026, 6, 3, "지방선거일", "Local Election Day"),
    (2028, 4, 12, "국회의원 선거일", "National Assembly Election Day"),
    (2030, 4, 3, "대통령 선거일", "Presidential Election Day"),
    (2030, 6, 12, "지방선거일", "Local Election Day"),
];
