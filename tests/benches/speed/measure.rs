//! Time, processor time and memory, and the table in which they are shown.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};

/// Processor time of this thread: what other processes take does not count.
pub(crate) fn thread_cpu() -> Duration {
    ThreadTime::now().as_duration()
}

/// Processor time of all threads of this process.
pub(crate) fn process_cpu() -> Duration {
    ProcessTime::now().as_duration()
}

/// Processor time of one `work`, in nanoseconds: the median of `samples`, each long enough to be
/// told from the clock's own steps.
pub(crate) fn cpu_each(samples: usize, mut work: impl FnMut()) -> f64 {
    let mut times = 1_u32;
    loop {
        let before = thread_cpu();
        (0..times).for_each(|_| work());
        if thread_cpu() - before >= Duration::from_millis(5) {
            break;
        }
        times *= 2;
    }
    let sample = |work: &mut dyn FnMut()| {
        let before = thread_cpu();
        (0..times).for_each(|_| work());
        (thread_cpu() - before).as_nanos() as f64 / f64::from(times)
    };
    median((0..samples).map(|_| sample(&mut work)).collect())
}

/// Real and processor time of `work`.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (start, cpu) = (Instant::now(), process_cpu());
    let result = work();
    (result, start.elapsed(), process_cpu() - cpu)
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Bytes of this process that are in memory; none where the system does not say.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// One line of the table: what was measured, what it is compared with, and what is wanted.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) against: String,
    pub(crate) ratio: String,
    pub(crate) target: &'static str,
    pub(crate) met: bool,
}

/// The rows in columns.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = ["what", "measured", "against", "ratio", "target", ""].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(rows.iter().map(|row| {
            [
                row.what.clone(),
                row.measured.clone(),
                row.against.clone(),
                row.ratio.clone(),
                row.target.to_owned(),
                if row.met { "met" } else { "MISSED" }.to_owned(),
            ]
        }))
        .collect();
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
            let _ = write!(text, "{cell:<width$}  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

pub(crate) fn micros(nanos: f64) -> String {
    format!("{:.2} µs", nanos / 1000.0)
}
