//! Whether the port of the MX hosts can be had from here: many networks let nobody out to port 25.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::survey::Survey;
use crate::facts::smtp::{SmtpExchange, SmtpFailure, SmtpFailureKind};
use crate::facts::{Say, Sentence};
use crate::sender::memo::{CutShort, MxHosts};

/// What connections to the MX hosts came to.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PortReport {
    /// The port.
    pub port: u16,
    /// Whether it can be had from here.
    pub state: PortState,
    /// How many addresses of MX hosts were connected to; those out of reach, as without IPv6, and those left out
    /// are not among them.
    pub addresses_tried: usize,
    /// How many of them answered, were it with a refusal.
    pub addresses_answered: usize,
}

/// Whether the port of the MX hosts can be had from here.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// An address answered, of this domain or of another one of the run.
    Open,
    /// No address of any MX host answered, of any domain of the run.
    SeemsBlocked,
    /// So it is, and what was tried may be one machine, which may be down.
    DownOrBlocked,
    /// Nobody was to connect (`--no-smtp`): the MX hosts are taken as sound.
    NotAsked,
    /// No address was tried, or the check ended before one answered.
    Unknown,
}

impl PortState {
    /// Returns whether a finding says that no address answered.
    #[must_use]
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::DownOrBlocked | Self::SeemsBlocked)
    }
}

/// What ended a check before all was asked.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutShortReport {
    /// Its time was over (`--deadline`).
    Deadline,
    /// Somebody interrupted it.
    Interrupted,
}

impl From<CutShort> for CutShortReport {
    fn from(why: CutShort) -> Self {
        match why {
            CutShort::Deadline { .. } => Self::Deadline,
            CutShort::Interrupted => Self::Interrupted,
        }
    }
}

impl PortReport {
    /// Judges the sessions with the MX hosts of one domain.
    ///
    /// Q: When is it the port, and when the host? A: An answer, were it RST, can only come where the port is open.
    /// Where nothing was answered by anybody, a dead host looks the same as a closed port. That several machines are
    /// dead at once is rare, so it "seems" closed; of a single one, with at most one address of each family, nobody
    /// can tell.
    #[must_use]
    pub fn judge(survey: &Survey) -> Self {
        let mut tried: BTreeMap<IpAddr, bool> = BTreeMap::new();
        let mut all_silent = true;
        for probe in survey.all_hosts().flat_map(|host| &host.probes) {
            if is_tried(probe) {
                *tried.entry(probe.address).or_default() |= probe.is_answered();
                all_silent &= is_silent(probe);
            }
        }
        let addresses_answered = tried.values().filter(|answered| **answered).count();
        Self {
            port: survey.smtp_port.0,
            state: if survey.mx_hosts == MxHosts::Assumed {
                PortState::NotAsked
            } else if addresses_answered > 0 || survey.port_answers {
                PortState::Open
            } else if !tried.is_empty() && all_silent {
                if may_be_one_machine(&tried) {
                    PortState::DownOrBlocked
                } else {
                    PortState::SeemsBlocked
                }
            } else {
                PortState::Unknown
            },
            addresses_tried: tried.len(),
            addresses_answered,
        }
    }

    /// Says that nothing was heard of the MX hosts, and why that may be; `None` if something was, or if none was
    /// tried.
    #[must_use]
    pub fn silence(&self) -> Option<Sentence> {
        match self.state {
            PortState::DownOrBlocked | PortState::SeemsBlocked => Some(self.sentence()),
            PortState::Unknown if self.addresses_tried > 0 => Some(self.sentence()),
            PortState::NotAsked | PortState::Open | PortState::Unknown => None,
        }
    }
}

impl Say for PortReport {
    fn say(&self, sentence: &mut Sentence) {
        let Self {
            port,
            state,
            addresses_tried: tried,
            addresses_answered: answered,
        } = self;
        sentence.words(match state {
            PortState::NotAsked => "MX hosts were not asked".to_owned(),
            PortState::Open => format!("port {port} answers"),
            PortState::SeemsBlocked => format!("port {port} seems blocked from here"),
            PortState::DownOrBlocked => {
                format!("the MX host is down, or port {port} is blocked from here")
            }
            PortState::Unknown => "the check ended before an MX host answered".to_owned(),
        });
        let plural = if *tried == 1 { "" } else { "es" };
        sentence.words(format_args!(
            " ({answered} of {tried} address{plural} answered)"
        ));
    }
}

/// Returns whether the address did not answer a connection, as one does not that a firewall keeps us from.
#[must_use]
pub fn is_silent(probe: &SmtpExchange) -> bool {
    probe.failure.as_ref().is_some_and(SmtpFailure::is_silence)
}

/// Returns whether nobody waited for the address to answer.
#[must_use]
pub fn is_given_up(probe: &SmtpExchange) -> bool {
    let failure = probe.failure.as_ref();
    failure.is_some_and(|failure| failure.kind == SmtpFailureKind::GivenUp)
}

/// Whether there is no more than one address of each family.
fn may_be_one_machine(tried: &BTreeMap<IpAddr, bool>) -> bool {
    let ipv4 = tried.keys().filter(|address| address.is_ipv4()).count();
    ipv4 <= 1 && tried.len() - ipv4 <= 1
}

/// Whether a connection was attempted.
fn is_tried(probe: &SmtpExchange) -> bool {
    probe.failure.as_ref().is_none_or(|failure| {
        !failure.kind.is_out_of_reach()
            && !matches!(
                failure.kind,
                SmtpFailureKind::NotAsked
                    | SmtpFailureKind::NotGlobal
                    | SmtpFailureKind::OwnAddress
            )
    })
}
