//! Facts and verdicts turned into findings, the nine steps, and a fix.
//!
//! [`check`] is the whole of it for one domain: gather everything ([`survey`], [`zone`]), judge each fact once
//! ([`judged`], [`alias`]) and every conforming sender ([`judge`], [`outcome`]), hold it against what is intended
//! ([`intended`]), see what follows ([`case`]), lay it out
//! ([`assemble`], [`document`]) with findings ([`findings`]) whose fixes ([`fix`]) can be pasted, and say what to
//! do, first ([`first`]) and step by step ([`steps`]), with commands that work where the check looked ([`vantage`]).
//! What is intended can be waited for ([`wait`]), and the id has its time after the body ([`id_change`],
//! [`kept_copy`]).
//! Where the policy really lives, and with whom, is told by what is known of places and mail providers, which is data
//! ([`hosting`]).

pub mod action;
pub mod alias;
pub mod assemble;
pub mod case;
pub mod certificate;
pub mod command;
pub mod document;
pub mod explain;
pub mod finding;
pub mod findings;
pub mod first;
pub mod fix;
pub mod grounds;
pub mod hosting;
pub mod id_change;
pub mod intended;
pub mod judge;
pub mod judged;
pub mod kept_copy;
pub mod lint;
pub mod look;
pub mod mx_report;
pub mod outcome;
pub mod port;
pub mod report_hosts;
pub mod send;
pub mod steps;
pub mod stored;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod vantage;
pub mod wait;
pub mod zone;

use std::time::Duration;

use crate::facts::smtp::SmtpPort;
use crate::facts::special::Prefix;
use crate::facts::{DnsName, UnixTime};
use crate::sender::memo::{Memo, MxHosts, Probes};
use crate::sender::{Authorities, Limits, Network as _, Stop, Verdict};
use crate::sts::ledger::{Held, Ledger, Look};

use case::Case;
use document::{CutShortReport, DomainReport, Severity};
use intended::{Intended, Intention, Intentions, WaitFor};
use judged::Judged;
use survey::Survey;
use vantage::Vantage;
use wait::{Facts, Missing, Wait, WaitReport, missing};

/// What a check found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The report.
    pub report: DomainReport,
    /// What was seen for the domain's ledger.
    pub look: Look,
    /// What is missing of what was waited for; empty where nothing was.
    pub missing: Vec<Missing>,
}

/// How a check is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How much of a domain is looked at.
    pub limits: Limits,
    /// Whether the MX hosts are spoken to.
    pub mx_hosts: MxHosts,
    /// The port of the MX hosts, for the commands that a report proposes.
    pub smtp_port: SmtpPort,
    /// How long the network is asked, in real time; what is unanswered then counts as timed out, and what is
    /// known by then is reported. `None`: as long as the network's own deadlines let it.
    pub time: Option<Duration>,
    /// What ends the questions before that, as Ctrl-C does; what is known by then is reported.
    pub stop: Option<Stop>,
    /// Special-purpose addresses that are connected to all the same.
    pub allowed: Vec<Prefix>,
    /// From where it looks, for the commands that a report proposes.
    pub vantage: Vantage,
    /// What is intended, domain by domain.
    pub intentions: Intentions,
    /// How far what is intended is to be there; `None` where nobody waits for it.
    pub wait_for: Option<WaitFor>,
}

impl Options {
    /// Ends the questions about a domain as these options say.
    fn bounded<'a, N: Authorities>(&self, mut memo: Memo<'a, N>) -> Memo<'a, N> {
        if let Some(time) = self.time {
            memo = memo.giving_up_after(time);
        }
        if let Some(stop) = &self.stop {
            memo = memo.ending_with(stop.clone());
        }
        memo
    }
}

/// A domain to check.
#[derive(Clone, Copy, Debug)]
struct Subject<'a> {
    /// The domain.
    domain: &'a DnsName,
    /// What was seen of it before; `None` if nothing is remembered.
    remembered: Option<&'a Ledger>,
    /// How long was waited for what is intended; `None` if it has to be there at once.
    wait: Option<&'a Wait>,
}

/// Checks one domain: what conforming senders do with mail for it now, and why.
///
/// `remembered` is what was seen of the domain before; `None` if nothing is remembered. Probes are shared with
/// every other domain of the run.
///
/// The network here is one in memory; [`net::Live`](crate::net::Live) is the Internet.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use stickler::clock::Clock;
/// use stickler::diagnose::document::Severity;
/// use stickler::diagnose::{Options, check, exit_code};
/// use stickler::model::{Hosted, Model};
/// use stickler::sender::Verdict;
/// use stickler::sender::memo::Probes;
/// use stickler::story::Story;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";
/// let story = Story::builder("moved", "2026-03-02T08:00:00Z".parse()?)
///     .sender("strict", "strict")
///     .step(Duration::ZERO, "the MX has moved", |world| {
///         world.domain("corp.test").txt(&["v=STSv1; id=1;"]).policy(policy).mx(&[(10, "mx.new.test")]);
///         world.server("mx.new.test");
///     })
///     .expect("corp.test", Verdict::Defer)
///     .build()?;
/// let model = Arc::new(Model::new(Clock::manual(story.start)));
/// let internet = Arc::clone(&story.moments[0].state.internet);
/// model.apply(Hosted::new(internet, story.start));
///
/// let (domain, probes, options) = ("corp.test".parse()?, Probes::default(), Options::default());
/// let network = model.through("resolver");
/// let runtime = tokio::runtime::Runtime::new()?;
/// let report = runtime.block_on(check(&network, &probes, &domain, None, &options)).report;
/// assert_eq!(report.verdict, Verdict::Defer);
/// assert!(report.findings.iter().any(|finding| finding.code == "STS-MX-UNCOVERED"));
/// assert_eq!(exit_code(&report, Severity::Error), 1);
/// # Ok(())
/// # }
/// ```
pub async fn check<N: Authorities>(
    network: &N,
    probes: &Probes,
    domain: &DnsName,
    remembered: Option<&Ledger>,
    options: &Options,
) -> Checked {
    let subject = Subject {
        domain,
        remembered,
        wait: None,
    };
    check_subject(network, probes, &subject, options).await
}

async fn check_subject<N: Authorities>(
    network: &N,
    probes: &Probes,
    subject: &Subject<'_>,
    options: &Options,
) -> Checked {
    let Subject {
        domain, remembered, ..
    } = *subject;
    let limits = options.limits;
    let memo = options.bounded(Memo::new(network, probes).with_hosts(options.mx_hosts));
    let intention = options.intentions.get(domain);
    let hosts = intention.map_or(&[][..], Intention::hosts);
    let mut survey = Survey::gather(&memo, domain, limits, options.smtp_port, hosts).await;
    survey.mx_hosts = options.mx_hosts;
    survey.port_answers = probes.have_answer();
    let judged = Judged::new(domain, &survey);
    let now = memo.now();
    let look = look::look(&judged, now);
    let ledger = remembered.map(|remembered| {
        let mut ledger = remembered.clone();
        ledger.record(&look);
        ledger
    });
    let held = held(remembered, ledger.as_ref(), now);
    let rows = judge::judge(&memo, &judged, &held, limits).await;
    let intended =
        intention.map(|intention| Intended::judge(intention, &judged, &held, ledger.as_ref(), now));
    let awaited = intention.zip(options.wait_for);
    let missing = awaited.map_or_else(Vec::new, |(intention, wait_for)| {
        missing(domain, Facts::from(&survey), (intention, wait_for), now)
    });
    let waited = awaited.map(|_| match subject.wait {
        Some(wait) => wait.report(&missing),
        None => WaitReport::of_one_look(&missing),
    });
    let case = Case {
        judged: &judged,
        now,
        rows: &rows,
        held: &held,
        ledger: ledger.as_ref(),
        allowed: &options.allowed,
        cut_short: memo.cut_short().map(CutShortReport::from),
        intended: intended.as_ref(),
        waited: waited.as_ref(),
    };
    Checked {
        report: assemble::report(&case, &options.vantage),
        look,
        missing,
    }
}

/// Returns what senders may hold of what was seen before; what was seen now for the first time is what they get
/// with an empty cache.
fn held<'l>(before: Option<&Ledger>, after: Option<&'l Ledger>, now: UnixTime) -> Vec<Held<'l>> {
    let Some((before, after)) = before.zip(after) else {
        return Vec::new();
    };
    let was_seen = |held: &Held<'_>| before.find(&held.seen.id, &held.seen.body).is_some();
    after.held(now).filter(was_seen).collect()
}

/// Returns the exit code that a report stands for: 1 where a conforming sender defers or bounces, unless the
/// domain itself declared that it takes no mail, or where a finding is as bad as `fail_on`; 3 where it could
/// not be determined, of an intended MX host too; else 0.
#[must_use]
pub fn exit_code(report: &DomainReport, fail_on: Severity) -> u8 {
    let is_held = report.verdict >= Verdict::Defer && !report.is_declared();
    let is_found = report
        .worst_severity()
        .is_some_and(|severity| severity <= fail_on);
    let mut intended = report.intended.iter();
    let is_open = intended.any(|intended| intended.undetermined().next().is_some());
    match report.verdict {
        _ if is_held || is_found => 1,
        Verdict::Undetermined => 3,
        _ if is_open => 3,
        Verdict::Deliver | Verdict::DeliverUnprotected | Verdict::Defer | Verdict::Bounce => 0,
    }
}
