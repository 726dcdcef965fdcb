//! Findings about the addresses of the policy host: a sender asks one of them, nobody knows which.

use super::codes::{self, Code};
use super::coverage::severity_under;
use super::found::{Findings, listed};
use crate::diagnose::case::Case;
use crate::diagnose::document::Severity;
use crate::diagnose::fix::{self, Fix};
use crate::diagnose::judged::Edge;
use crate::diagnose::kept_copy::KeptCopy;
use crate::facts::{DnsName, Say, Sentence, UnixTime};
use crate::sender::{Families, Verdict};
use crate::sts::fetch::{FetchError, Fetched};
use crate::sts::reading::Reading;
use crate::sts::record::RecordId;

/// How many addresses one finding names at once.
const NAMED: usize = 4;

pub(super) fn find(case: &Case<'_>, found: &mut Findings) {
    find_split(case, found);
    find_poisoned(case, found);
    find_unasked(case, found);
}

/// Addresses that serve the same, and what.
struct Group<'c, 'a> {
    says: Sentence,
    edges: Vec<&'c Edge<'a>>,
}

impl Group<'_, '_> {
    /// Returns the family of address that all of them have; `None` where they are of both.
    fn family(&self) -> Option<Families> {
        [Families::Ipv4, Families::Ipv6].into_iter().find(|family| {
            let mut edges = self.edges.iter();
            edges.all(|edge| family.have(edge.exchange.address))
        })
    }

    /// Adds who serves what: `over IPv6, 2001:db8::80: mode enforce, mx mx.old.test`.
    fn say(&self, family: Option<Families>, now: UnixTime, detail: &mut Sentence) {
        match family {
            Some(Families::Ipv4) => detail.words("over IPv4, "),
            Some(Families::Ipv6) => detail.words("over IPv6, "),
            Some(Families::Both) | None => detail,
        }
        .words(addresses(&self.edges))
        .words(": ")
        .add(&self.says);
        say_kept(&self.edges, now, detail);
    }
}

/// The addresses of the policy host must serve the same thing.
fn find_split(case: &Case<'_>, found: &mut Findings) {
    let edges = || {
        case.judged
            .edges
            .iter()
            .filter(|edge| !edge.exchange.is_out_of_reach() && !edge.exchange.is_special())
    };
    let serves = |edge: &&Edge<'_>| edge.in_reading(Reading::Tolerant).is_ok();
    let mut groups: Vec<Group<'_, '_>> = Vec::new();
    for edge in edges() {
        let says = describe(edge.in_reading(Reading::Tolerant));
        match groups.iter_mut().find(|group| group.says == says) {
            Some(group) => group.edges.push(edge),
            None => groups.push(Group {
                says,
                edges: vec![edge],
            }),
        }
    }
    if groups.len() < 2 {
        return;
    }
    let serving = groups
        .iter()
        .filter(|group| group.edges.iter().any(serves))
        .count();
    let holds_mail = case.rows.iter().any(|row| row.verdict >= Verdict::Defer);
    let is_ours = case.judged.edges.iter().any(|edge| {
        edge.in_reading(Reading::Tolerant)
            .as_ref()
            .is_err_and(FetchError::is_ours)
    });
    let severity = if holds_mail && !is_ours {
        Severity::Error
    } else {
        Severity::Warning
    };
    // Each family serves a policy, and not the same one: more than one address that is behind by chance.
    let families: Vec<Option<Families>> = groups.iter().map(Group::family).collect();
    let by_family = match families[..] {
        [Some(one), Some(other)] => one != other && serving == 2,
        _ => false,
    };
    let mut detail = Sentence::default();
    for (place, (group, family)) in groups.iter().zip(families).enumerate() {
        detail.words(if place > 0 { "; " } else { "" });
        group.say(family.filter(|_| by_family), case.now, &mut detail);
    }
    let address = |edge: &Edge<'_>| edge.exchange.address;
    let domain = case.judged.domain;
    let fix = match serving {
        0 => fix::no_edge(domain, edges().map(address)),
        1 => fix::failing_edges(domain, edges().filter(|edge| !serves(edge)).map(address)),
        _ => fix::edges(domain, edges().map(address), case.now),
    };
    let (code, fix): (&Code, Fix) = if by_family {
        (&codes::EDGE_FAMILIES, one_family_behind(domain).and(fix))
    } else {
        (&codes::EDGE_SPLIT, fix)
    };
    found.add(code, severity, detail, Some(fix));
}

fn one_family_behind(domain: &DnsName) -> Fix {
    Fix::from(format!(
        "One family leads elsewhere than the other: see whether the A or the AAAA records of mta-sts.{domain} still name \
         the host from before a move, and whether the web server has the same site at both."
    ))
}

/// A new id beside an old body: a sender that fetches the old one now has the new id for it, and no reason to fetch again.
fn find_poisoned(case: &Case<'_>, found: &mut Findings) {
    let Some(id) = case.judged.live_id() else {
        return;
    };
    let behind = behind(case, id);
    let Some((_, policy)) = behind.first() else {
        return;
    };
    let edges: Vec<&Edge<'_>> = behind.iter().map(|(edge, _)| *edge).collect();
    let left_out = case.judged.uncovered_by(&policy.policy);
    let severity = if left_out.is_empty() {
        Severity::Warning
    } else {
        severity_under(Some(&policy.policy)).min(Severity::Warning)
    };
    let mut detail = Sentence::from(format!(
        "the id {id} is live, and {} still {} the policy from before",
        addresses(&edges),
        if edges.len() == 1 { "serves" } else { "serve" },
    ));
    say_kept(&edges, case.now, &mut detail);
    detail.words(
        ": senders that fetch it there hold it under the new id, and have no reason to fetch again until the id changes \
         once more",
    );
    let domain = case.judged.domain;
    found.add(
        &codes::ID_POISONED,
        severity,
        detail,
        Some(fix::poisoned(
            domain,
            edges.iter().map(|edge| edge.exchange.address),
            case.now,
        )),
    );
}

/// Returns the addresses that serve what was meant to end with this id, with what each serves; none where every
/// address does, or where nobody can tell which is the old one.
///
/// What is intended tells it; else what was seen before: of two bodies the one that has been served for longer is the
/// old one, if it came with another id once.
fn behind<'c, 'a>(case: &'c Case<'a>, id: &RecordId) -> Vec<(&'c Edge<'a>, &'c Fetched)> {
    let serving = || {
        case.judged.edges.iter().filter_map(|edge| {
            let fetched = edge.in_reading(Reading::Tolerant).as_ref().ok()?;
            Some((edge, fetched))
        })
    };
    let split = |is_old: &dyn Fn(&Fetched) -> bool| {
        let (old, new): (Vec<_>, Vec<_>) = serving().partition(|(_, fetched)| is_old(fetched));
        if new.is_empty() { Vec::new() } else { old }
    };
    let intention = case.intended.map(|intended| intended.intention);
    if let Some(intention) = intention
        && let Some(to_publish) = &intention.policy
        && intention.id.as_ref() == Some(id)
    {
        return split(&|fetched| !to_publish.is_served_as(fetched));
    }
    let Some(ledger) = case.ledger else {
        return Vec::new();
    };
    let since = |fetched: &Fetched| ledger.served_since(&fetched.body);
    let newest = serving().map(|(_, fetched)| since(fetched)).max().flatten();
    let had_another_id = |fetched: &Fetched| {
        let mut seen = ledger.policies().iter();
        seen.any(|seen| seen.id != *id && seen.body == fetched.body)
    };
    split(&|fetched| since(fetched) < newest && had_another_id(fetched))
}

/// Addresses beyond those that are asked: each may serve another policy.
fn find_unasked(case: &Case<'_>, found: &mut Findings) {
    let not_tried = case.judged.unasked_edges();
    if not_tried > 0 {
        let domain = case.judged.domain;
        let asked = case.judged.edges.len();
        found.add(
            &codes::EDGE_NOT_TRIED,
            Severity::Warning,
            format!(
                "of {} addresses of mta-sts.{domain} {} were asked: each of the others may serve another policy",
                asked + not_tried,
                asked
            ),
            Some(fix::fewer_edges(domain)),
        );
    }
}

fn addresses(edges: &[&Edge<'_>]) -> String {
    listed(edges.iter().map(|edge| edge.exchange.address), NAMED)
}

/// Adds until when caches may serve their copies, if any show themselves.
fn say_kept(edges: &[&Edge<'_>], now: UnixTime, detail: &mut Sentence) {
    let copies = edges.iter().filter_map(|edge| KeptCopy::of(edge.exchange));
    if let Some(until) = copies.filter_map(|copy| copy.kept_until(now)).max() {
        detail
            .words(" (a cache's copy, kept until ")
            .moment(until)
            .words(" at the latest)");
    }
}

fn describe(fetched: &Result<Fetched, FetchError>) -> Sentence {
    match fetched {
        Ok(fetched) => Sentence::from(format!(
            "mode {}, mx {}",
            fetched.policy.mode(),
            listed(fetched.policy.patterns(), 8)
        )),
        Err(error) => error.sentence(),
    }
}
