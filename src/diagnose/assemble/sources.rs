//! Where the policy comes from: the record, the policy host's edges; and the TLSRPT record.

use sha2::{Digest, Sha256};

use super::certificate;
use crate::diagnose::document::{EdgeReport, FetchReport, RecordReport, TlsRptReport};
use crate::diagnose::survey::PolicyHost;
use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::facts::http::HttpExchange;
use crate::sender::discover::no_edge;
use crate::sts::fetch;
use crate::sts::reading::Reading;
use crate::sts::record::{self, Selection};
use crate::tlsrpt;

/// How much of a policy body a report shows, in octets.
const SHOWN_BODY_BYTES: usize = 4_096;

/// How many octets of a TXT record a report shows.
const SHOWN_TEXT_BYTES: usize = 1_024;

pub(super) fn record(answer: Option<&DnsAnswer>) -> RecordReport {
    let Some(answer) = answer else {
        return RecordReport {
            texts: Vec::new(),
            id: None,
            ttl_secs: None,
            cname: Vec::new(),
            error: Some("the name is too long to have a record at _mta-sts".to_owned()),
            tolerant_only: false,
        };
    };
    let letter = record::select(answer.texts(), Reading::Letter);
    let tolerant = record::select(answer.texts(), Reading::Tolerant);
    let error = match (&answer.outcome, &letter) {
        (DnsOutcome::Failed(failure), _) => Some(failure.to_string()),
        (_, Selection::Record(_)) => None,
        (_, Selection::Unusable(error)) => Some(error.to_string()),
        (DnsOutcome::NxDomain { .. }, Selection::NoRecord) => Some("NXDOMAIN".to_owned()),
        (DnsOutcome::NoData { .. }, Selection::NoRecord) => Some("no TXT record".to_owned()),
        (DnsOutcome::Records { .. }, Selection::NoRecord) => {
            Some("no TXT record begins with `v=STSv1;`".to_owned())
        }
    };
    RecordReport {
        texts: answer
            .texts()
            .map(|text| {
                let octets = text.joined();
                let shown = octets.get(..SHOWN_TEXT_BYTES).unwrap_or(&octets);
                shown.escape_ascii().to_string()
            })
            .collect(),
        id: letter
            .record()
            .or(tolerant.record())
            .map(|record| record.id().to_string()),
        ttl_secs: answer.ttl().map(|ttl| ttl.as_secs()),
        cname: answer
            .aliases
            .iter()
            .map(|alias| alias.target.clone())
            .collect(),
        error,
        tolerant_only: letter.record().is_none() && tolerant.record().is_some(),
    }
}

pub(super) fn fetch(domain: &DnsName, host: Option<&PolicyHost>) -> FetchReport {
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let Some(host) = host else {
        return FetchReport {
            url,
            cname: Vec::new(),
            edges: Vec::new(),
            error: Some("the name is too long to have a policy host".to_owned()),
        };
    };
    FetchReport {
        url,
        cname: host.aliases.clone(),
        edges: host.edges.iter().map(edge).collect(),
        error: host
            .edges
            .is_empty()
            .then(|| no_edge(&host.name, &host.addresses).to_string()),
    }
}

fn edge(exchange: &HttpExchange) -> EdgeReport {
    let response = exchange.outcome.as_ref().ok();
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
        body_sha256: response.map(|response| {
            Sha256::digest(&response.body)
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect()
        }),
        certificate: exchange.certificate.as_ref().map(certificate),
        error: fetch::judge(exchange, Reading::Letter)
            .err()
            .map(|error| error.to_string()),
    }
}

pub(super) fn tlsrpt(answer: Option<&DnsAnswer>) -> TlsRptReport {
    let Some(answer) = answer else {
        return TlsRptReport {
            record: None,
            error: None,
        };
    };
    let failure = match &answer.outcome {
        DnsOutcome::Failed(failure) => Some(failure.to_string()),
        DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => {
            None
        }
    };
    match tlsrpt::record::select(answer.texts()) {
        tlsrpt::record::Selection::NoRecord => TlsRptReport {
            record: None,
            error: failure,
        },
        tlsrpt::record::Selection::Record(record) => TlsRptReport {
            record: Some(record.to_string()),
            error: None,
        },
        tlsrpt::record::Selection::Unusable(error) => TlsRptReport {
            record: None,
            error: Some(error.to_string()),
        },
    }
}
