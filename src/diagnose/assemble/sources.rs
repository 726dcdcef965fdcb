//! Where the policy comes from: the record, the policy host's edges; and the TLSRPT record.

use super::certificate;
use crate::diagnose::case::Case;
use crate::diagnose::command::policy_url;
use crate::diagnose::document::{
    DestinationReport, EdgeReport, FetchReport, HostingReport, RecordReport, TlsRptReport, sha256,
};
use crate::diagnose::id_change;
use crate::diagnose::judged::{Edge, Judged};
use crate::diagnose::kept_copy::KeptCopy;
use crate::facts::dns::{Alias, DnsAnswer, DnsOutcome, TxtRecord};
use crate::facts::{DnsName, Say, UnixTime};
use crate::sts::record::Selection;
use crate::tlsrpt;

/// How much of a policy body a report shows, in octets.
const SHOWN_BODY_BYTES: usize = 4_096;

/// How many octets of a TXT record a report shows.
const SHOWN_TEXT_BYTES: usize = 1_024;

pub(super) fn record(judged: &Judged<'_>) -> RecordReport {
    let Some(answer) = &judged.survey.record else {
        return RecordReport {
            texts: Vec::new(),
            id: None,
            ttl_secs: None,
            cname: Vec::new(),
            error: Some("the name is too long to have a record at _mta-sts".into()),
            tolerant_only: false,
        };
    };
    let (letter, tolerant) = (&judged.record.letter, &judged.record.tolerant);
    let error = match (&answer.outcome, letter) {
        (DnsOutcome::Failed(failure), _) => Some(failure.sentence()),
        (_, Selection::Record(_)) => None,
        (_, Selection::Unusable(error)) => Some(error.sentence()),
        (DnsOutcome::NxDomain { .. }, Selection::NoRecord) => Some("NXDOMAIN".into()),
        (DnsOutcome::NoData { .. }, Selection::NoRecord) => Some("no TXT record".into()),
        (DnsOutcome::Records { .. }, Selection::NoRecord) => {
            Some("no TXT record begins with `v=STSv1;`".into())
        }
    };
    RecordReport {
        texts: answer.texts().map(shown).collect(),
        id: judged.live_id().map(ToString::to_string),
        ttl_secs: answer.ttl().map(|ttl| ttl.as_secs()),
        cname: targets(&answer.aliases).collect(),
        error,
        tolerant_only: letter.record().is_none() && tolerant.record().is_some(),
    }
}

pub(super) fn fetch(case: &Case<'_>) -> FetchReport {
    let judged = case.judged;
    let url = policy_url(judged.domain);
    let hosting = HostingReport::from(&judged.hosting);
    let (Some(host), Some(live)) = (&judged.survey.policy_host, &judged.live) else {
        return FetchReport {
            url,
            cname: Vec::new(),
            hosting,
            edges: Vec::new(),
            edges_not_tried: 0,
            id_safe_from: None,
            error: Some("the name is too long to have a policy host".into()),
        };
    };
    FetchReport {
        url,
        cname: targets(&host.addresses.aliases).collect(),
        hosting,
        edges: (judged.edges.iter())
            .map(|found| edge(found, case.now))
            .collect(),
        edges_not_tried: judged.unasked_edges(),
        id_safe_from: id_change::safe_from(case),
        error: live
            .letter
            .as_ref()
            .err()
            .filter(|_| judged.edges.is_empty())
            .map(Say::sentence),
    }
}

/// Returns the names that CNAMEs led to, in order.
pub(super) fn targets(aliases: &[Alias]) -> impl Iterator<Item = DnsName> {
    aliases.iter().map(|alias| alias.target.clone())
}

fn edge(edge: &Edge<'_>, now: UnixTime) -> EdgeReport {
    let exchange = edge.exchange;
    let response = exchange.outcome.as_ref().ok();
    let copy = KeptCopy::of(exchange);
    let cache_control = response.map(|response| {
        let values = response.headers.named("cache-control");
        let values: Vec<String> = values
            .map(|value| value.escape_ascii().to_string())
            .collect();
        values.join(", ")
    });
    EdgeReport {
        address: exchange.address,
        status: response.map(|response| response.status),
        content_type: response
            .and_then(|response| response.content_types.first())
            .map(|value| value.escape_ascii().to_string()),
        body: response.map(|response| {
            let shown = response
                .body
                .get(..SHOWN_BODY_BYTES)
                .unwrap_or(&response.body);
            String::from_utf8_lossy(shown).into_owned()
        }),
        age_secs: copy.map(|copy| copy.age.as_secs()),
        cache_control: cache_control.filter(|values| !values.is_empty()),
        kept_until: copy.and_then(|copy| copy.kept_until(now)),
        body_sha256: response
            .filter(|response| !response.body.is_empty())
            .map(|response| sha256(&response.body)),
        certificate: exchange.certificate.as_ref().map(certificate::lay_out),
        error: edge.fetched.letter.as_ref().err().map(Say::sentence),
    }
}

pub(super) fn tlsrpt(judged: &Judged<'_>) -> TlsRptReport {
    let failure = match judged.survey.tlsrpt.as_ref().map(|answer| &answer.outcome) {
        Some(DnsOutcome::Failed(failure)) => Some(failure.sentence()),
        Some(
            DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. },
        )
        | None => None,
    };
    let texts: Vec<String> = judged
        .survey
        .tlsrpt
        .iter()
        .flat_map(DnsAnswer::texts)
        .map(shown)
        .collect();
    let error = match &judged.tlsrpt {
        tlsrpt::record::Selection::NoRecord => failure,
        tlsrpt::record::Selection::Record(_) => None,
        tlsrpt::record::Selection::Unusable(error) => Some(error.to_string().into()),
    };
    let is_used = matches!(judged.tlsrpt, tlsrpt::record::Selection::Record(_));
    TlsRptReport {
        record: judged
            .survey
            .tlsrpt
            .iter()
            .flat_map(DnsAnswer::texts)
            .find(|text| is_used && tlsrpt::record::is_meant(text))
            .map(shown),
        texts,
        cname: judged
            .survey
            .tlsrpt
            .iter()
            .flat_map(|answer| targets(&answer.aliases))
            .collect(),
        error,
        destinations: judged
            .survey
            .report_hosts
            .iter()
            .map(|host| DestinationReport {
                uri: host.uri.to_string(),
                error: host.fault().map(|fault| fault.sentence()),
            })
            .collect(),
    }
}

/// Returns a record as it is published, as far as a report shows it.
fn shown(text: &TxtRecord) -> String {
    let octets = text.joined();
    let shown = octets.get(..SHOWN_TEXT_BYTES).unwrap_or(&octets);
    shown.escape_ascii().to_string()
}
