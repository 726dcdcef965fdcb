//! What to do: the nine steps out of the outage, with something to paste for each.

use crate::diagnose::document::{
    CertaintyReport, DomainReport, Finding, PolicyReport, PolicySourceReport, Severity,
};
use crate::report::page::{Item, Page, Place};
use crate::report::{Context, Tone, escape};
use crate::sender::Verdict;

/// Writes the nine steps: which are well, which need somebody, in their order.
pub(super) fn full(page: &mut Page<'_>, report: &DomainReport) {
    page.section("What to do");
    if report.certainty == CertaintyReport::Ours {
        page.prose(
            2,
            "What failed may be our own network: repeat the check from another host, or with another \
             --resolver or --source, or a longer --timeout, before you change anything.",
        );
    }
    let mut has_act = false;
    for step in &STEPS {
        let number = step.number;
        let codes = codes(report, number);
        let status = if !codes.is_empty() {
            Status::Act
        } else if has_act && step.waits {
            Status::Then
        } else {
            (step.judge)(report)
        };
        has_act |= status == Status::Act;
        let item = Item::new(2, status.tone(), status.as_str(), step.title);
        page.push(item.numbered(number).in_columns(WORD_CHARS));
        if !codes.is_empty() {
            page.prose(
                Place::Beside,
                format!("see {} above", escape::list(&codes, codes.len())),
            );
        }
        if let Some(text) = (step.say)(report, page.context) {
            page.prose(Place::Beside, text);
        }
        // A name that begins with `-` would be taken for an option.
        if escape::is_shell_safe(report.domain.as_str()) {
            let lines = (step.paste)(report, page.context);
            page.verbatim(Place::Beside, lines.join("\n"));
        }
    }
}

/// How a step stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Status {
    /// It needs somebody.
    Act,
    /// It is well.
    Done,
    /// Only the reader can know.
    Look,
    /// It comes after the steps before it.
    Then,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Act => "ACT",
            Self::Look => "look",
            Self::Done => "done",
            Self::Then => "then",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Act => Tone::Bad,
            Self::Look => Tone::Warn,
            Self::Done => Tone::Good,
            Self::Then => Tone::Faint,
        }
    }
}

/// One of the nine steps.
struct Step {
    number: u8,
    title: &'static str,
    /// Whether it is pointless before what comes before it is done.
    waits: bool,
    /// How it stands if no finding belongs to it.
    judge: fn(&DomainReport) -> Status,
    /// What is known of it already.
    say: fn(&DomainReport, &Context) -> Option<String>,
    /// Lines to paste.
    paste: fn(&DomainReport, &Context) -> Vec<String>,
}

const STEPS: [Step; 9] = [
    Step {
        number: 1,
        title: "fetch the live policy and note the hosts that it lists",
        waits: false,
        judge: |report| done_if(live(report).is_some_and(|policy| policy.valid)),
        say: lists,
        paste: |report, _| vec![format!("curl -sS {}", url(report))],
    },
    Step {
        number: 2,
        title: "compare them with the hosts that are meant to take the mail",
        waits: false,
        judge: |report| done_if(live(report).is_some_and(covers_all)),
        say: unlisted,
        paste: |report, _| {
            let hosts: Vec<_> = report
                .mx
                .iter()
                .map(|host| host.host.as_str())
                .filter(|host| escape::is_shell_safe(host))
                .take(MAX_HOSTS)
                .collect();
            if hosts.is_empty() {
                return Vec::new();
            }
            vec![format!(
                "curl -sS {} | stickler lint policy - --mx {}",
                url(report),
                hosts.join(" ")
            )]
        },
    },
    Step {
        number: 3,
        title: "find where the policy is really hosted",
        waits: false,
        judge: |report| done_if(!report.fetch.edges.is_empty()),
        say: hosting,
        paste: |report, _| {
            vec![format!(
                "dig +noall +answer mta-sts.{0} A mta-sts.{0} AAAA",
                report.domain
            )]
        },
    },
    Step {
        number: 4,
        title: "compare the live MX records with the hosts that are meant",
        waits: false,
        judge: |report| {
            if report.mx_error.is_some() {
                Status::Act
            } else {
                Status::Look
            }
        },
        say: live_mx,
        paste: |report, _| vec![format!("dig +short MX {}", report.domain)],
    },
    Step {
        number: 5,
        title: "correct the policy at its source: first the body, at every address, then the id",
        waits: false,
        judge: |report| {
            if needs_correction(report) {
                Status::Then
            } else {
                done_if(live(report).is_some_and(covers_all))
            }
        },
        say: corrected,
        paste: new_record,
    },
    Step {
        number: 6,
        title: "verify that every address of the policy host serves the correction",
        waits: true,
        judge: |report| done_if(agree(report)),
        say: |_, _| None,
        paste: |report, _| {
            report
                .fetch
                .edges
                .iter()
                .take(MAX_EDGES)
                .map(|edge| {
                    let address = if edge.address.is_ipv6() {
                        format!("[{}]", edge.address)
                    } else {
                        edge.address.to_string()
                    };
                    format!(
                        "curl -sS --resolve 'mta-sts.{}:443:{address}' {}",
                        report.domain,
                        url(report)
                    )
                })
                .collect()
        },
    },
    Step {
        number: 7,
        title: "test the mail path again",
        waits: true,
        judge: |report| done_if(report.verdict <= Verdict::DeliverUnprotected),
        say: |_, _| None,
        paste: |report, context| vec![check(context, report.domain.as_str())],
    },
    Step {
        number: 8,
        title: "check the domains that moved in the same phase or share the policy's host",
        waits: true,
        judge: |_| Status::Look,
        say: |_, _| Some("write them into a file, one domain a line".to_owned()),
        paste: |_, context| vec![check(context, "--input FILE")],
    },
    Step {
        number: 9,
        title: "record the final alignment",
        waits: true,
        judge: |_| Status::Look,
        say: |_, _| None,
        paste: |report, context| {
            vec![check(
                context,
                &format!("--format json --output {0}.json {0}", report.domain),
            )]
        },
    },
];

/// The words for how a step stands are no longer.
const WORD_CHARS: usize = 4;

/// What a policy in a fix begins with.
const BODY: &str = "version: STSv1";

/// How many MX hosts go into one command.
const MAX_HOSTS: usize = 32;

/// How many edges get a line of their own.
const MAX_EDGES: usize = 8;

/// Returns the codes of what is more than a note at a step.
fn codes(report: &DomainReport, step: u8) -> Vec<&str> {
    let mut codes = Vec::new();
    for finding in &report.findings {
        if finding.step == step
            && finding.severity < Severity::Note
            && !codes.contains(&finding.code.as_str())
        {
            codes.push(&finding.code);
        }
    }
    codes
}

/// Says which hosts the live policy lists.
fn lists(report: &DomainReport, context: &Context) -> Option<String> {
    let policy = live(report)?;
    (!policy.mx.is_empty()).then(|| {
        format!(
            "it lists {}",
            escape::list(&policy.mx, context.list_limit())
        )
    })
}

/// Says which live MX hosts the live policy does not list.
fn unlisted(report: &DomainReport, context: &Context) -> Option<String> {
    let hosts: Vec<_> = live(report)?
        .mx_matches
        .iter()
        .filter(|found| found.pattern.is_none())
        .map(|found| found.host.as_str())
        .collect();
    (!hosts.is_empty())
        .then(|| format!("not listed: {}", escape::list(&hosts, context.list_limit())))
}

/// Says where the policy host's name leads.
fn hosting(report: &DomainReport, context: &Context) -> Option<String> {
    let addresses: Vec<_> = report
        .fetch
        .edges
        .iter()
        .map(|edge| edge.address.to_string())
        .collect();
    if addresses.is_empty() {
        return None;
    }
    let addresses = escape::list(&addresses, context.list_limit());
    Some(match report.fetch.cname.last() {
        Some(name) => format!("at {name} ({addresses})"),
        None => format!("at {addresses}"),
    })
}

/// Says which MX records are live.
fn live_mx(report: &DomainReport, context: &Context) -> Option<String> {
    let hosts: Vec<_> = report
        .mx
        .iter()
        .map(|host| format!("{} {}", host.preference, host.host))
        .collect();
    (!hosts.is_empty()).then(|| format!("now {}", escape::list(&hosts, context.list_limit())))
}

/// Says where the corrected policy stands; one that ends MTA-STS corrects nothing, and is the second choice.
fn corrected(report: &DomainReport, _: &Context) -> Option<String> {
    let with_body =
        |is_end: bool| fixes(report).find(|(_, fix)| fix.contains(BODY) && ends_sts(fix) == is_end);
    let (finding, _) = with_body(false).or_else(|| with_body(true))?;
    let what = match with_body(false) {
        Some(_) => "the corrected policy",
        None => "the policy that ends MTA-STS",
    };
    Some(format!("{what} stands at {} above", finding.code))
}

/// Returns whether each policy in a fix is of mode none.
fn ends_sts(fix: &str) -> bool {
    !fix.contains("\nmode: enforce\n") && !fix.contains("\nmode: testing\n")
}

/// Returns the record to publish after the corrected body, unless a fix has it.
fn new_record(report: &DomainReport, context: &Context) -> Vec<String> {
    // A fix with a record has chosen its id: a second one here would only confuse.
    if !needs_correction(report) || fixes(report).any(|(_, fix)| fix.contains("v=STSv1")) {
        return Vec::new();
    }
    vec![format!(
        "_mta-sts.{}. 3600 IN TXT \"v=STSv1; id={};\"",
        report.domain,
        context.now.to_timestamp().strftime("%Y%m%dT%H%M%S")
    )]
}

/// Returns whether the policy is what has to change.
fn needs_correction(report: &DomainReport) -> bool {
    !codes(report, 2).is_empty()
        || !codes(report, 5).is_empty()
        || fixes(report).any(|(_, fix)| fix.contains(BODY))
}

fn fixes(report: &DomainReport) -> impl Iterator<Item = (&Finding, &str)> {
    report
        .findings
        .iter()
        .filter_map(|finding| Some((finding, finding.fix.as_deref()?)))
}

fn done_if(is_well: bool) -> Status {
    if is_well { Status::Done } else { Status::Look }
}

/// Returns the live policy, to the letter if it can be read so.
fn live(report: &DomainReport) -> Option<&PolicyReport> {
    let mut live = report
        .policies
        .iter()
        .filter(|policy| policy.source == PolicySourceReport::Live);
    let first = live.clone().next();
    live.find(|policy| policy.valid).or(first)
}

fn covers_all(policy: &PolicyReport) -> bool {
    !policy.mx_matches.is_empty()
        && policy
            .mx_matches
            .iter()
            .all(|found| found.pattern.is_some())
}

/// Returns whether every edge serves the same body.
fn agree(report: &DomainReport) -> bool {
    let edges = &report.fetch.edges;
    !edges.is_empty()
        && edges.iter().all(|edge| edge.error.is_none())
        && edges
            .iter()
            .zip(edges.iter().skip(1))
            .all(|(one, other)| one.body_sha256 == other.body_sha256)
}

/// Returns the command of another check, with the options that this one had.
fn check(context: &Context, arguments: &str) -> String {
    if context.check_options.is_empty() {
        format!("stickler check {arguments}")
    } else {
        format!("stickler check {} {arguments}", context.check_options)
    }
}

/// Returns the policy's address as the RFC builds it, safe to paste: the domain is a checked name.
fn url(report: &DomainReport) -> String {
    format!("https://mta-sts.{}/.well-known/mta-sts.txt", report.domain)
}
