//! TXT records on the command line.

use anyhow::Context as _;

use crate::facts::dns::TxtRecord;
use crate::report::escape;
use crate::sts::presentation;

/// Reads the records of one name.
///
/// # Errors
///
/// When an argument is no TXT record.
pub(super) fn read(arguments: &[String]) -> anyhow::Result<Vec<TxtRecord>> {
    let mut texts = Vec::new();
    for text in arguments {
        read_argument(text, &mut texts)?;
    }
    Ok(texts)
}

/// Reads one argument: a record, or all that `dig +short` printed, which is a record a line, and before them
/// the names that CNAMEs led to. Nothing at all is what it prints where there is no record.
fn read_argument(text: &str, texts: &mut Vec<TxtRecord>) -> anyhow::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let is_quoted = |line: &str| line.trim_start().starts_with('"');
    let lines: Vec<&str> = if text.lines().any(is_quoted) {
        let is_alias = |line: &str| line.ends_with('.') && !line.contains([' ', '"', ';']);
        text.lines()
            .filter(|line| !line.trim().is_empty() && !is_alias(line))
            .collect()
    } else {
        vec![text]
    };
    for line in lines {
        let shown: String = line.chars().take(80).collect();
        let record = presentation::parse(line)
            .with_context(|| format!("`{}` is no TXT record", escape::line(&shown)))?;
        texts.push(record);
    }
    Ok(())
}
