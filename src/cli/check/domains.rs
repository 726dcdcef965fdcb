//! The domains of a run: arguments and the lines of `--input`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, bail};

use super::CheckArgs;
use crate::cli::output::tell;
use crate::cli::values::{DomainArgument, Source};
use crate::facts::DnsName;

/// The longest line of `--input` that is read, in octets: a name has at most 253. A longer one stands in no
/// list of domains.
const MAX_LINE_OCTETS: u64 = 4_096;

/// How many lines of `--input` are read: they are all kept until the end of the run.
const MAX_LINES: u64 = 100_000;

/// The domains to check, each once, in the order given, and whether a line named none.
#[derive(Debug)]
pub(super) struct Domains {
    pub(super) names: Vec<DnsName>,
    pub(super) has_bad_line: bool,
}

impl Domains {
    /// Reads the arguments and the input.
    ///
    /// # Errors
    ///
    /// When the input cannot be read, or is no list of domains: too many lines, or one too long. A line that
    /// names no domain is reported and passed over.
    pub(super) fn read(args: &CheckArgs) -> anyhow::Result<Self> {
        let mut domains = Self {
            names: Vec::new(),
            has_bad_line: false,
        };
        let mut seen = BTreeSet::new();
        for argument in &args.domains {
            domains.add(argument.name().clone(), &mut seen);
        }
        match &args.input {
            None => {}
            Some(Source::Stdin) => {
                domains.read_lines(std::io::stdin().lock(), "standard input", &mut seen)?;
            }
            Some(Source::File(path)) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("cannot read `{name}`"))?;
                domains.read_lines(BufReader::new(file), &name, &mut seen)?;
            }
        }
        Ok(domains)
    }

    fn add(&mut self, name: DnsName, seen: &mut BTreeSet<DnsName>) {
        if seen.insert(name.clone()) {
            self.names.push(name);
        }
    }

    fn read_lines(
        &mut self,
        mut input: impl BufRead,
        name: &str,
        seen: &mut BTreeSet<DnsName>,
    ) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let length = input
                .by_ref()
                .take(MAX_LINE_OCTETS + 1)
                .read_until(b'\n', &mut line)
                .with_context(|| format!("cannot read `{name}`"))?;
            if length == 0 {
                break;
            }
            if line.trim_ascii_end().len() as u64 > MAX_LINE_OCTETS {
                bail!(
                    "{name}:{number}: the line is longer than {MAX_LINE_OCTETS} octets, so this is no list of domains"
                );
            }
            if number > MAX_LINES {
                bail!("{name} has more than {MAX_LINES} lines: split it");
            }
            let text = String::from_utf8_lossy(&line);
            // What follows `#` is a comment.
            let text = text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            match text.parse::<DomainArgument>() {
                Ok(argument) => self.add(argument.into_name(), seen),
                Err(error) => self.complain(name, number, &error),
            }
        }
        Ok(())
    }

    fn complain(&mut self, name: &str, number: u64, why: &dyn std::fmt::Display) {
        self.has_bad_line = true;
        tell(format_args!(
            "{name}:{number}: {why}; the line is passed over"
        ));
    }
}
