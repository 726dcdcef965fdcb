//! The findings, the worst first: those that say the same of several hosts told once.

use crate::diagnose::document::{DomainReport, Finding, FirstAction, Severity};
use crate::diagnose::fix::{Fix, Part};
use crate::facts::sentence::Failure;
use crate::facts::{DnsName, Sentence};
use crate::report::page::{Page, Place};
use crate::report::{Detail, Tone, escape, words};

/// Findings of one code that the same fix mends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Group<'r> {
    /// At least one.
    findings: Vec<&'r Finding>,
    domain: &'r DnsName,
    /// The failures that the headline tells in full.
    told: Vec<&'r Failure>,
    pub(super) fix: Option<Fix>,
}

/// Puts the findings into groups, the worst first.
pub(super) fn group(report: &DomainReport) -> Vec<Group<'_>> {
    let told = told(report);
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in words::worst_first(report) {
        let joined = groups.iter_mut().any(|group| group.join(finding));
        if !joined {
            groups.push(Group {
                findings: vec![finding],
                domain: &report.domain,
                told: told.clone(),
                fix: finding.fix.clone(),
            });
        }
    }
    groups
}

/// Returns the findings that the first action mends.
pub(super) fn opening<'g, 'r>(
    groups: &'g [Group<'r>],
    first: &FirstAction,
) -> Option<&'g Group<'r>> {
    groups.iter().find(|group| {
        group.findings.iter().any(|finding| {
            Some(&finding.code) == first.finding.as_ref() && finding.host == first.host
        })
    })
}

impl<'r> Group<'r> {
    /// Adds a finding that is of the kind and has the same fix, but for its commands; returns whether it is.
    fn join(&mut self, finding: &'r Finding) -> bool {
        let is_alike = self.findings.iter().all(|one| {
            one.code == finding.code
                && one.severity == finding.severity
                && one.title == finding.title
        });
        let fix = match (&self.fix, &finding.fix) {
            (None, None) => None,
            (Some(one), Some(other)) => match one.with_commands_of(other) {
                Some(joined) => Some(joined),
                None => return false,
            },
            (Some(_), None) | (None, Some(_)) => return false,
        };
        if is_alike {
            self.findings.push(finding);
            self.fix = fix;
        }
        is_alike
    }

    fn severity(&self) -> Severity {
        self.findings
            .first()
            .map_or(Severity::Note, |finding| finding.severity)
    }

    /// Writes errors with all there is to them, the others in a line unless everything is asked for.
    pub(super) fn write(&self, page: &mut Page<'_>) {
        match (self.severity(), page.context.detail) {
            (Severity::Error, _) | (_, Detail::Full) => {
                self.tell(page);
                if let (Some(fix), Some(first)) = (&self.fix, self.findings.first()) {
                    let action = words::action(first.action, first.host.as_ref(), self.domain);
                    write_fix(page, "fix", &action, fix);
                }
            }
            (Severity::Warning, Detail::Brief) => self.title(page),
            (Severity::Note, Detail::Brief) => {}
        }
    }

    /// Writes what was found, in a line.
    fn title(&self, page: &mut Page<'_>) {
        let Some(first) = self.findings.first() else {
            return;
        };
        let hosts: Vec<String> = self
            .findings
            .iter()
            .filter_map(|finding| finding.host.as_ref())
            .map(ToString::to_string)
            .collect();
        let hosts = match hosts.as_slice() {
            [] => String::new(),
            hosts => format!(" ({})", escape::list(hosts, SHOWN_HOSTS)),
        };
        page.labelled(
            tone(first.severity),
            words::severity(first.severity),
            format!("{}: {}{hosts}", escape::line(&first.code), first.title),
        );
    }

    /// Writes what was found, with what was seen.
    pub(super) fn tell(&self, page: &mut Page<'_>) {
        for (place, finding) in self.findings.iter().enumerate() {
            let detail = page.context.say_after(&finding.detail, &self.told);
            let mut paragraphs = detail.lines();
            let first = paragraphs.next().unwrap_or_default();
            // What was seen of an error or at a host says what it is.
            let says_what = finding.severity == Severity::Error || finding.host.is_some();
            let first = match place {
                0 if says_what => format!("{}: {first}", words::code(finding)),
                0 => format!("{}: {}; {first}", words::code(finding), finding.title),
                _ => first.to_owned(),
            };
            if place == 0 {
                let severity = words::severity(finding.severity);
                page.labelled(tone(finding.severity), severity, first);
            } else {
                page.prose(Place::Beside, first);
            }
            for paragraph in paragraphs {
                page.prose(Place::Beside, paragraph);
            }
        }
    }
}

/// How many hosts a line names.
const SHOWN_HOSTS: usize = 4;

/// Returns the failures that the headline tells in full: one silent server explains many findings.
fn told(report: &DomainReport) -> Vec<&Failure> {
    let reason = &report.reason;
    [&reason.doubt, &reason.cause]
        .into_iter()
        .flat_map(Sentence::failures)
        .collect()
}

/// Writes a fix as it stands behind a label, and `instead` first where it has no words of its own.
///
/// A policy pasted with blanks before its lines is no policy to those who read to the letter (RFC 8461,
/// Section 3.2), and in a zone file a blank at the beginning of a line stands for the name above: what is
/// published starts at the left edge.
pub(super) fn write_fix(page: &mut Page<'_>, label: &'static str, instead: &str, fix: &Fix) {
    let starts_with_words = matches!(fix.parts().first(), Some(Part::Say(_)));
    let mut is_labelled = false;
    if !starts_with_words {
        page.labelled(Tone::Strong, label, format!("{instead}:"));
        is_labelled = true;
    }
    for part in fix.parts() {
        match part {
            Part::Say(lines) => {
                for line in lines {
                    if is_labelled {
                        page.prose(Place::Beside, line.as_ref());
                    } else {
                        page.labelled(Tone::Strong, label, line.as_ref());
                    }
                    is_labelled = true;
                }
            }
            Part::Body(_) | Part::Publish(_) => page.verbatim(0, part.to_string()),
            Part::Quote(_) | Part::Run(_) => page.verbatim(Place::Beside, part.to_string()),
        }
    }
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Faint,
    }
}
