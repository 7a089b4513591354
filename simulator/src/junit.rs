//! Results for continuous integration, as JUnit XML.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::suite::Case;

/// One test case for each script, in suites named after their folders; `problems` are those of a
/// case.
pub fn report<'a>(
    cases: impl IntoIterator<Item = (&'a Case, Vec<String>)>,
) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("dialgraph");
    let mut suites: Vec<TestSuite> = Vec::new();
    for (case, problems) in cases {
        let folder = case.path.parent().unwrap_or(Path::new("")).display().to_string();
        let mut status = TestCaseStatus::success();
        if !problems.is_empty() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(lines(&problems[0]));
            status.set_description(lines(&problems.join("\n")));
        }
        let mut test = TestCase::new(lines(&case.name), status);
        test.set_classname(lines(&case.path.display().to_string()));
        test.set_time(case.took);
        if suites.last().is_none_or(|suite| suite.name.as_str() != folder) {
            suites.push(TestSuite::new(lines(&folder)));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(test);
        }
    }
    report.add_test_suites(suites);
    report.to_string()
}

/// XML 1.0 has no way to write most control characters, so they are spelt out.
fn lines(text: &str) -> String {
    dialgraph_visible::lines(text).into_owned()
}
