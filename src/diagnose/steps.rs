//! The nine steps out of the outage: how each stands, what was seen of it, what to do, what to paste.

use std::fmt;

use super::command::{Command, is_shell_safe};
use super::document::{
    DomainReport, Finding, PolicyReport, PolicySourceReport, PortState, Severity, Step, StepState,
};
use super::fix::{Fix, record};
use super::intended::{IntendedReport, Phase};
use super::vantage::{IntendedOptions, Seen, Vantage};
use crate::facts::{DnsName, Sentence};
use crate::sender::Verdict;

/// How many MX hosts go into one command.
const MAX_HOSTS: usize = 32;

/// How many edges get a line of their own.
const MAX_EDGES: usize = 8;

/// Says how the nine steps stand after a check that looked from `vantage`.
#[must_use]
pub fn steps(report: &DomainReport, vantage: &Vantage) -> [Step; 9] {
    let view = View {
        report,
        vantage,
        seen: seen(report),
    };
    let mut steps = [
        view.policy(),
        view.coverage(),
        view.hosting(),
        view.live_mx(),
        view.correction(),
        view.edges(),
        view.mail_path(),
        view.others(),
        view.alignment(),
    ];
    let mut has_todo = false;
    for step in &mut steps {
        step.findings = view.codes(step.step);
        if !step.findings.is_empty() {
            step.state = StepState::Todo;
        } else if has_todo && step.step > CORRECTION {
            step.state = StepState::NotAsked;
        }
        has_todo |= step.state == StepState::Todo;
        // A name that begins with `-` would be taken for an option.
        if !is_shell_safe(report.domain.as_str()) {
            step.commands.clear();
        }
    }
    steps
}

/// Returns the addresses that were seen of the policy host and of the MX hosts, live and intended.
pub(super) fn seen(report: &DomainReport) -> Seen {
    let edges = report.fetch.edges.iter().map(|edge| edge.address);
    let policy_host = edges.map(|address| (format!("mta-sts.{}", report.domain), address));
    let mx = report.mx.iter().flat_map(|host| {
        let addresses = host.addresses.iter().map(|address| address.address);
        addresses.map(|address| (host.host.to_string(), address))
    });
    let standby = report.intended.iter().flat_map(IntendedReport::standby);
    let standby = standby.flat_map(|host| {
        let addresses = host.addresses.iter().map(|address| address.address);
        addresses.map(|address| (host.host.to_string(), address))
    });
    Seen::new(policy_host.chain(mx).chain(standby))
}

/// The step in which the policy is corrected: those after it are pointless while one before them is not done.
const CORRECTION: u8 = 5;

/// What the steps look at.
struct View<'r> {
    report: &'r DomainReport,
    vantage: &'r Vantage,
    seen: Seen,
}

impl View<'_> {
    fn policy(&self) -> Step {
        let live = self.live();
        Step {
            step: 1,
            title: "fetch the live policy and note the hosts that it lists",
            state: ok_if(live.is_some_and(|policy| policy.valid)),
            seen: live.and_then(|policy| named("it lists ", &policy.mx)),
            todo: (self.intended())
                .filter(|_| live.is_none())
                .map(|_| "none is live: nobody holds mail to what is intended".into()),
            commands: self.led([Command::fetch("-sS", self.domain())]),
            ..Step::default()
        }
    }

    fn coverage(&self) -> Step {
        let hosts: Vec<String> = match self.intended() {
            Some(intended) => {
                let hosts = intended.hosts.iter();
                hosts.map(|host| host.host.to_string()).collect()
            }
            None => {
                let hosts = self.report.mx.iter();
                hosts.map(|host| host.host.to_string()).collect()
            }
        };
        let hosts: Vec<String> = hosts
            .into_iter()
            .filter(|host| is_shell_safe(host))
            .take(MAX_HOSTS)
            .collect();
        let unlisted = self.live().map(|policy| {
            policy
                .mx_matches
                .iter()
                .filter(|found| found.pattern.is_none())
                .map(|found| &found.host)
                .collect::<Vec<_>>()
        });
        Step {
            step: 2,
            title: "compare them with the intended MX hosts",
            state: match self.intended() {
                Some(intended) => ok_or_todo(intended.lists_all()),
                None => ok_if(self.live().is_some_and(covers_all)),
            },
            seen: match self.intended() {
                Some(intended) => Some(intended.coverage()),
                None => unlisted.and_then(|hosts| named("not listed: ", &hosts)),
            },
            commands: self
                .led((!hosts.is_empty()).then(|| Command::lint_served(self.domain(), &hosts))),
            ..Step::default()
        }
    }

    fn hosting(&self) -> Step {
        let fetch = &self.report.fetch;
        let hosting = &fetch.hosting;
        let addresses = fetch.edges.iter().map(|edge| edge.address);
        let is_somewhere = !(fetch.edges.is_empty() && fetch.cname.is_empty());
        let seen = is_somewhere.then(|| {
            let mut seen = Sentence::from("at ");
            match fetch.cname.last() {
                Some(name) if fetch.edges.is_empty() => {
                    seen.words(format_args!("{name}, which has no address"))
                }
                Some(name) => seen
                    .words(format_args!("{name} ("))
                    .list(addresses)
                    .words(")"),
                None => seen.list(addresses),
            };
            let delegation = hosting.delegation().map(str::to_owned);
            let more = [Some(hosting.place_by_sign()), delegation, hosting.mail()];
            for more in more.into_iter().flatten() {
                seen.words("; ").words(more);
            }
            seen
        });
        let todo = match (&hosting.change_at, fetch.cname.last()) {
            (Some(change_at), _) => {
                let mut todo = Sentence::from(format!("where to change the file: {change_at}"));
                if let Some(then) = hosting.what_then() {
                    todo.words("; ").words(then);
                }
                Some(todo)
            }
            (None, Some(name)) => Some(Sentence::from(format!(
                "ask the operator of {name} where the file is kept"
            ))),
            (None, None) => None,
        };
        Step {
            step: 3,
            title: "find where the policy is really hosted",
            state: ok_if(hosting.place.is_some()),
            seen,
            todo,
            commands: self.led([Command::dig(format_args!(
                "+noall +answer mta-sts.{0} A mta-sts.{0} AAAA",
                self.domain()
            ))]),
            ..Step::default()
        }
    }

    fn live_mx(&self) -> Step {
        let hosts: Vec<String> = self
            .report
            .mx
            .iter()
            .map(|host| format!("{} {}", host.preference, host.host))
            .collect();
        let mut seen = named("now ", &hosts);
        if let (Some(seen), more @ 1..) = (&mut seen, self.report.mx_left_out) {
            seen.words(format_args!(", and {more} more"));
        }
        Step {
            step: 4,
            title: "compare the live MX records with the intended hosts",
            state: match self.intended() {
                _ if self.report.mx_error.is_some() => StepState::Todo,
                Some(intended) => match intended.phase {
                    Phase::Before => StepState::NotAsked,
                    Phase::After => ok_or_todo(intended.has_moved()),
                },
                None => StepState::Unknown,
            },
            seen,
            todo: self.intended().and_then(IntendedReport::to_move),
            commands: self.led([Command::dig(format_args!("+short MX {}", self.domain()))]),
            ..Step::default()
        }
    }

    fn correction(&self) -> Step {
        let needs_correction = !self.codes(2).is_empty()
            || !self.codes(CORRECTION).is_empty()
            || self.fixes().any(|(_, fix)| fix.bodies().next().is_some());
        // A fix with a record has chosen its id: a second one here would only confuse.
        let has_record = self.fixes().any(|(_, fix)| fix.has_sts_record());
        Step {
            step: CORRECTION,
            title: "correct the policy at its source: first the body, at every address, then the id",
            state: match self.intended() {
                _ if needs_correction => StepState::NotAsked,
                Some(intended) => ok_if(intended.lists_all()),
                None => ok_if(self.live().is_some_and(covers_all)),
            },
            seen: self.intended().and_then(IntendedReport::old_entries),
            todo: self.corrected(),
            commands: (needs_correction && !has_record)
                .then(|| {
                    let record = record(self.domain(), self.report.checked_at);
                    // Beside a CNAME no record can stand: it goes to the end.
                    match self.report.record.cname.last() {
                        Some(owner) => record.at(owner.as_str()),
                        None => record.to_string(),
                    }
                })
                .into_iter()
                .collect(),
            ..Step::default()
        }
    }

    fn edges(&self) -> Step {
        let edges = &self.report.fetch.edges;
        let agree = !edges.is_empty()
            && edges.iter().all(|edge| edge.error.is_none())
            && edges
                .iter()
                .zip(edges.iter().skip(1))
                .all(|(one, other)| one.body_sha256 == other.body_sha256);
        let zone = self.report.zone.as_ref();
        let is_split = zone.is_some_and(|zone| zone.agrees == Some(false));
        Step {
            step: 6,
            title: "verify that every address of the policy host serves the correction",
            state: ok_if(agree && !is_split),
            todo: self.when_to_change_the_id(),
            seen: zone.map(|zone| {
                let servers = zone.servers.iter().map(|server| &server.host);
                let mut seen = Sentence::from("the name servers ");
                seen.list(servers).words(match zone.agrees {
                    Some(true) => " say the same",
                    Some(false) => " do not say the same",
                    None => " gave no answer from here",
                });
                seen
            }),
            commands: self.led(
                edges
                    .iter()
                    .take(MAX_EDGES)
                    .map(|edge| Command::fetch_from(self.domain(), edge.address)),
            ),
            ..Step::default()
        }
    }

    /// Says from when on the id can be changed, where that is not yet, or where one is to be published.
    fn when_to_change_the_id(&self) -> Option<Sentence> {
        let safe_from = self.report.fetch.id_safe_from?;
        if safe_from > self.report.checked_at {
            let mut todo = Sentence::from("change the id no sooner than ");
            todo.moment(safe_from)
                .words(", when caches have let go of their copies, and look again before you do");
            return Some(todo);
        }
        let is_to_come = self.intended().is_some_and(|intended| {
            intended.policy.is_some() && intended.id_is_live == Some(false)
        });
        is_to_come.then(|| "every address serves it: the id can be changed now".into())
    }

    fn mail_path(&self) -> Step {
        let is_tested = self.report.smtp.state != PortState::NotAsked;
        Step {
            step: 7,
            title: "test the mail path again",
            state: ok_if(is_tested && self.report.verdict <= Verdict::DeliverUnprotected),
            seen: (!is_tested)
                .then(|| "the MX hosts were not asked, for STARTTLS and certificates".into()),
            todo: (!is_tested)
                .then(|| "check from a host that may send mail, without --no-smtp".into()),
            commands: vec![self.check(self.domain())],
            ..Step::default()
        }
    }

    fn others(&self) -> Step {
        Step {
            step: 8,
            title: "check the domains that moved in the same phase or share the policy's host",
            todo: Some(
                match &self.vantage.intended {
                    Some(IntendedOptions {
                        of_all: Some(_), ..
                    }) => {
                        "all that the file of what is intended names; add those that it leaves out"
                    }
                    Some(IntendedOptions { of_all: None, .. }) => {
                        "write them into a file, each domain with what is intended for it"
                    }
                    None => "write them into a file, one domain a line",
                }
                .into(),
            ),
            commands: vec![match &self.vantage.intended {
                Some(IntendedOptions {
                    of_all: Some(options),
                    ..
                }) => Command::check(&self.vantage.repeat, options).to_string(),
                Some(IntendedOptions { of_all: None, .. }) => {
                    Command::check(&self.vantage.repeat, "--intended FILE").to_string()
                }
                None => self.check("--input FILE"),
            }],
            ..Step::default()
        }
    }

    fn alignment(&self) -> Step {
        let domain = self.domain();
        Step {
            step: 9,
            title: "record the final alignment",
            commands: vec![self.check(format_args!(
                "--format json --output {domain}.json {domain}"
            ))],
            ..Step::default()
        }
    }

    fn domain(&self) -> &DnsName {
        &self.report.domain
    }

    /// Checks again, with what is intended.
    fn check(&self, arguments: impl fmt::Display) -> String {
        match &self.vantage.intended {
            Some(intended) => {
                let arguments = format_args!("{arguments} {}", intended.of_one);
                Command::check(&self.vantage.repeat, arguments).to_string()
            }
            None => Command::check(&self.vantage.repeat, arguments).to_string(),
        }
    }

    const fn intended(&self) -> Option<&IntendedReport> {
        self.report.intended.as_ref()
    }

    /// Writes the commands, those that work from where the check looked.
    fn led(&self, commands: impl IntoIterator<Item = Command>) -> Vec<String> {
        commands
            .into_iter()
            .filter_map(|command| self.vantage.lead(command, &self.seen))
            .map(String::from)
            .collect()
    }

    /// Returns the codes of what is more than a note at a step.
    fn codes(&self, step: u8) -> Vec<String> {
        let mut codes = Vec::new();
        for finding in &self.report.findings {
            if finding.step == step
                && finding.severity < Severity::Note
                && !codes.contains(&finding.code)
            {
                codes.push(finding.code.clone());
            }
        }
        codes
    }

    /// Says where the corrected policy stands; one that ends MTA-STS corrects nothing, and is the second
    /// choice.
    fn corrected(&self) -> Option<Sentence> {
        let (finding, what) = match self.fixes().find(|(_, fix)| fix.keeps_sts()) {
            Some((finding, _)) => (finding, "the corrected policy"),
            None => {
                let end = |(_, fix): &(&Finding, &Fix)| fix.bodies().next().is_some();
                (self.fixes().find(end)?.0, "the policy that ends MTA-STS")
            }
        };
        Some(format!("{what} stands at {} above", finding.code).into())
    }

    fn fixes(&self) -> impl Iterator<Item = (&Finding, &Fix)> {
        self.report
            .findings
            .iter()
            .filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
    }

    /// Returns the live policy, to the letter if it can be read so.
    fn live(&self) -> Option<&PolicyReport> {
        let mut live = self
            .report
            .policies
            .iter()
            .filter(|policy| policy.source == PolicySourceReport::Live);
        let first = live.clone().next();
        live.find(|policy| policy.valid).or(first)
    }
}

const fn ok_or_todo(is_well: bool) -> StepState {
    if is_well {
        StepState::Ok
    } else {
        StepState::Todo
    }
}

fn ok_if(is_well: bool) -> StepState {
    if is_well {
        StepState::Ok
    } else {
        StepState::Unknown
    }
}

/// Says a list after its lead; nothing if it is empty.
fn named<T: fmt::Display>(lead: &str, items: &[T]) -> Option<Sentence> {
    (!items.is_empty()).then(|| {
        let mut sentence = Sentence::from(lead);
        sentence.list(items);
        sentence
    })
}

fn covers_all(policy: &PolicyReport) -> bool {
    !policy.mx_matches.is_empty()
        && policy
            .mx_matches
            .iter()
            .all(|found| found.pattern.is_some())
}
