//! Counters, gauges and histograms, and their text for Prometheus.
//!
//! A family has a fixed list of label names and a bound on its series: a name that comes from
//! outside cannot make the server grow, its series are counted together under `other`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Series of one family, at most.
const MOST_SERIES: usize = 2_000;

/// Upper bounds of histogram buckets, in seconds: from a local turn to the end of the Lambda's
/// patience.
pub const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0, 15.0];

/// Series of one name.
#[derive(Debug)]
struct Family<T> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    series: Mutex<BTreeMap<Vec<String>, T>>,
}

impl<T: Default> Family<T> {
    fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, series: Mutex::default() }
    }

    fn with(&self, values: &[&str], change: impl FnOnce(&mut T)) {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        let mut series = self.all();
        let mut key: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        if series.len() >= MOST_SERIES && !series.contains_key(&key) {
            key = vec!["other".to_owned(); self.labels.len()];
        }
        change(series.entry(key).or_default());
    }

    /// Has a series from the start. Prometheus takes the first value that it sees of a series for
    /// no increase, so what happens once must be counted from a 0 that was seen.
    fn known(&self, values: &[&str]) {
        self.with(values, |_| {});
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Vec<String>, T>> {
        // A number changed half is still a number.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn head(&self, out: &mut String, kind: &str) {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "# HELP {} {}\n# TYPE {} {kind}", self.name, self.help, self.name);
    }

    fn labelled(&self, values: &[String], more: Option<(&str, &str)>) -> String {
        let own = self.labels.iter().copied().zip(values.iter().map(String::as_str));
        let pairs: Vec<String> =
            own.chain(more).map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// What only grows.
#[derive(Debug)]
pub struct Counter(Family<u64>);

impl Counter {
    pub fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self(Family::new(name, help, labels))
    }

    /// Has a series from the start, at 0.
    #[must_use]
    pub fn known<'a, const N: usize>(self, series: impl IntoIterator<Item = [&'a str; N]>) -> Self {
        series.into_iter().for_each(|values| self.0.known(&values));
        self
    }

    pub fn add(&self, labels: &[&str], by: u64) {
        self.0.with(labels, |count| *count += by);
    }

    /// Sets what another part counts.
    pub fn set(&self, labels: &[&str], to: u64) {
        self.0.with(labels, |count| *count = to);
    }

    pub fn get(&self, labels: &[&str]) -> u64 {
        let key: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.all().get(&key).copied().unwrap_or(0)
    }

    pub fn render(&self, out: &mut String) {
        self.0.head(out, "counter");
        for (values, count) in self.0.all().iter() {
            let _ = writeln!(out, "{}{} {count}", self.0.name, self.0.labelled(values, None));
        }
    }
}

/// What goes up and down.
#[derive(Debug)]
pub struct Gauge(Family<f64>);

impl Gauge {
    pub fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self(Family::new(name, help, labels))
    }

    pub fn set(&self, labels: &[&str], to: f64) {
        self.0.with(labels, |value| *value = to);
    }

    pub fn add(&self, labels: &[&str], by: f64) {
        self.0.with(labels, |value| *value += by);
    }

    /// Forgets all series: those that no longer exist must not be shown for ever.
    pub fn clear(&self) {
        self.0.all().clear();
    }

    pub fn render(&self, out: &mut String) {
        self.0.head(out, "gauge");
        for (values, value) in self.0.all().iter() {
            let _ = writeln!(out, "{}{} {value}", self.0.name, self.0.labelled(values, None));
        }
    }
}

/// Upper bounds for what takes as long as a conversation, in seconds.
pub const MINUTES: [f64; 8] = [5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// Upper bounds for what people wait for, in seconds.
pub const HOURS: [f64; 9] = [15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0];

#[derive(Debug, Default)]
struct Buckets {
    /// Not cumulative; one for each bound.
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

/// How long things took, in seconds.
#[derive(Debug)]
pub struct Histogram {
    family: Family<Buckets>,
    bounds: &'static [f64],
}

impl Histogram {
    pub fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { family: Family::new(name, help, labels), bounds: &SECONDS }
    }

    /// With other upper bounds.
    #[must_use]
    pub fn within(self, bounds: &'static [f64]) -> Self {
        Self { bounds, ..self }
    }

    /// Has a series from the start, at 0.
    #[must_use]
    pub fn known<'a, const N: usize>(self, series: impl IntoIterator<Item = [&'a str; N]>) -> Self {
        let none = |buckets: &mut Buckets| buckets.counts.resize(self.bounds.len(), 0);
        series.into_iter().for_each(|values| self.family.with(&values, none));
        self
    }

    pub fn record(&self, labels: &[&str], took: Duration) {
        let seconds = took.as_secs_f64();
        self.family.with(labels, |buckets| {
            buckets.counts.resize(self.bounds.len(), 0);
            if let Some(index) = self.bounds.iter().position(|bound| seconds <= *bound) {
                buckets.counts[index] += 1;
            }
            buckets.count += 1;
            buckets.sum += seconds;
        });
    }

    pub fn render(&self, out: &mut String) {
        self.family.head(out, "histogram");
        for (values, buckets) in self.family.all().iter() {
            let name = self.family.name;
            let mut sum = 0;
            for (bound, count) in self.bounds.iter().zip(&buckets.counts) {
                sum += count;
                let labels = self.family.labelled(values, Some(("le", &bound.to_string())));
                let _ = writeln!(out, "{name}_bucket{labels} {sum}");
            }
            let labels = self.family.labelled(values, Some(("le", "+Inf")));
            let _ = writeln!(out, "{name}_bucket{labels} {}", buckets.count);
            let labels = self.family.labelled(values, None);
            let _ = writeln!(out, "{name}_sum{labels} {}", buckets.sum);
            let _ = writeln!(out, "{name}_count{labels} {}", buckets.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_as_prometheus_reads_them() {
        let counter = Counter::new("things_total", "Things.", &["kind"]);
        counter.add(&["a \"b\"\\\n"], 2);
        let gauge = Gauge::new("level", "Level.", &[]);
        gauge.add(&[], 1.5);
        let histogram = Histogram::new("took_seconds", "Time.", &["of"]);
        histogram.record(&["x"], Duration::from_millis(2));
        histogram.record(&["x"], Duration::from_secs(60));
        let mut out = String::new();
        counter.render(&mut out);
        gauge.render(&mut out);
        histogram.render(&mut out);
        insta::assert_snapshot!(out);
    }

    #[test]
    fn names_without_end_do_not_make_it_grow() {
        let counter = Counter::new("things_total", "Things.", &["kind"]);
        for number in 0..MOST_SERIES + 10 {
            counter.add(&[&number.to_string()], 1);
        }
        assert_eq!(counter.0.all().len(), MOST_SERIES + 1);
        assert_eq!(counter.get(&["other"]), 10);
    }
}
