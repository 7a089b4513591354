//! Korean holidays and their substitutes agree with those of an independent implementation until
//! 2050, but for elections, which nobody can compute.

use std::collections::{BTreeMap, BTreeSet};

use jiff_core::civil::Date;

use crate::kr;
use crate::zone::iso;

const ORACLE: &str = include_str!("../../tests/data/kr-holidays.csv");

fn oracle(years: std::ops::RangeInclusive<i16>) -> Days {
    ORACLE
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap())
        .filter(|(day, _)| years.contains(&day[..4].parse().unwrap()))
        .map(|(day, names)| (day.to_owned(), names.split("; ").map(str::to_owned).collect()))
        .collect()
}

fn ours(years: std::ops::RangeInclusive<i16>) -> Days {
    years
        .flat_map(kr::holidays)
        .map(|holiday| {
            let names = holiday.names()["ko-KR"].split(", ").map(str::to_owned).collect();
            (iso(holiday.date), names)
        })
        .collect()
}

fn date(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap()
}

type Days = BTreeMap<String, BTreeSet<String>>;

fn assert_same(ours: &Days, oracle: &Days) {
    assert!(oracle.len() > 100, "the oracle has only {} days", oracle.len());
    let missing: Vec<_> =
        oracle.iter().filter(|(day, names)| ours.get(*day) != Some(names)).collect();
    let surplus: Vec<_> =
        ours.iter().filter(|(day, names)| oracle.get(*day) != Some(names)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
}

#[test]
fn every_holiday_from_2014_to_2030_is_the_oracles_and_has_its_name() {
    assert_same(&ours(2014..=2030), &oracle(2014..=2030));
}

#[test]
fn after_2030_the_days_by_rule_agree_and_only_elections_are_left_to_the_operator() {
    let mut expected = oracle(2031..=2050);
    expected.retain(|_, names| !names.iter().any(|name| name.ends_with("선거일")));
    assert_same(&ours(2031..=2050), &expected);
}

#[test]
fn two_feasts_on_one_working_day_give_one_substitute_with_both_names() {
    let names = kr::holiday(date(2025, 5, 6)).unwrap().names();
    assert_eq!(
        names["en-US"],
        "Children's Day (substitute holiday), Buddha's Birthday (substitute holiday)"
    );
}

#[test]
fn two_feasts_lost_on_different_days_give_two_substitutes() {
    assert_eq!(kr::holiday(date(2036, 10, 6)).unwrap().names()["ko-KR"], "추석 대체 휴일");
    assert!(kr::holiday(date(2036, 10, 7)).is_some());
    assert!(kr::holiday(date(2036, 10, 8)).is_none());
}

#[test]
fn a_year_that_the_lunar_calendar_does_not_know_has_its_solar_holidays() {
    assert!(kr::holidays(9999).iter().any(|holiday| holiday.date == date(9999, 12, 25)));
}
