//! `JUnit`'s XML, as CI systems read it.

use std::io::{self, Write};

use quick_junit::{Report, TestCase, TestSuite};

/// Writes a suite: the report has its name, and so has the class of its cases.
///
/// # Errors
///
/// When the writer fails.
pub(super) fn write(
    writer: &mut dyn Write,
    mut suite: TestSuite,
    cases: impl IntoIterator<Item = TestCase>,
) -> io::Result<()> {
    let name = suite.name.clone();
    let mut report = Report::new(name.clone());
    for mut case in cases {
        case.set_classname(name.clone());
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    // Not straight into the writer: the kind of its error, such as a broken pipe, would be lost.
    let text = report.to_string().map_err(io::Error::other)?;
    writer.write_all(text.as_bytes())
}
