//! What holds for every story, from a file or from code.

use std::net::IpAddr;

use super::expectation::{Asked, Expectation};
use super::moment::Moment;
use super::origin::Origin;
use super::reserved::{is_documentation_address, is_reserved};
use super::state::State;
use crate::facts::{DnsName, DnsNameError};
use crate::fakes::RecordData;

/// Why a story cannot be played.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct StoryError {
    /// Where in the story.
    pub place: String,
    /// What is wrong.
    pub fault: StoryFault,
}

/// What is wrong with a story.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoryFault {
    /// There is no step.
    #[error("the story has no step")]
    NoStep,
    /// A step does not come after the one before it.
    #[error("the step does not lie after the one before it")]
    OutOfOrder,
    /// Something is expected where no step has begun.
    #[error("something is expected before the first step")]
    BeforeTheFirstStep,
    /// No step expects anything.
    #[error("the story expects nothing")]
    ExpectsNothing,
    /// A text is no name.
    #[error("`{text}`: {error}")]
    Name {
        /// The text.
        text: Box<str>,
        /// What is wrong with it.
        error: DnsNameError,
    },
    /// There is no such class of sender.
    #[error("no class of sender is named `{0}`")]
    Class(Box<str>),
    /// A sender has no such name.
    #[error("no sender is named `{0}`")]
    Sender(Box<str>),
    /// A policy domain has no such name.
    #[error("no domain is named `{0}`")]
    Domain(DnsName),
    /// An MX host has no such name.
    #[error("no server is named `{0}`")]
    Server(DnsName),
    /// A request is about a name that the DNS does not declare.
    #[error("no name `{0}` is declared")]
    Undeclared(DnsName),
    /// A name may be somebody's.
    #[error("`{0}` may be somebody's name: use one below `.test` or `.example`")]
    ForeignName(Box<str>),
    /// An address may be somebody's.
    #[error("{0} may be somebody's address: use one that is kept for documentation")]
    ForeignAddress(IpAddr),
    /// There are more hosts than addresses.
    #[error("there are more hosts than addresses kept for documentation")]
    TooManyHosts,
}

/// Looks at every moment, and reports what is wrong and where.
pub(super) fn check(moments: &[Moment]) -> Result<(), (Origin, StoryFault)> {
    if moments.is_empty() {
        return Err((Origin::default(), StoryFault::NoStep));
    }
    let mut before = None;
    let mut expects_something = false;
    for moment in moments {
        if before.is_some_and(|before| before >= moment.at) {
            return Err((moment.origin, StoryFault::OutOfOrder));
        }
        before = Some(moment.at);
        guard(&moment.state).map_err(|fault| (moment.origin, fault))?;
        for expectation in moment.flush.iter().chain(&moment.expect) {
            expects_something = true;
            can_be_looked_up(expectation, &moment.state)
                .map_err(|fault| (expectation.origin, fault))?;
        }
        for check in &moment.check {
            expects_something = true;
            is_domain(&check.domain, &moment.state).map_err(|fault| (check.origin, fault))?;
        }
    }
    if expects_something {
        Ok(())
    } else {
        Err((Origin::default(), StoryFault::ExpectsNothing))
    }
}

/// Refuses names and addresses that may be somebody's: what is served, is served on real sockets.
fn guard(state: &State) -> Result<(), StoryFault> {
    let internet = &state.internet;
    let hosts = state.domains.iter().chain(&state.servers);
    let names = hosts.chain(&state.policy_hosts).map(DnsName::as_str);
    let in_dns = state
        .views()
        .flat_map(|view| view.names.keys().map(String::as_str));
    let is_foreign = |name: &&str| !is_reserved(name);
    if let Some(name) = names.chain(in_dns).find(is_foreign) {
        return Err(StoryFault::ForeignName(name.into()));
    }
    let in_dns = state
        .views()
        .flat_map(|view| view.names.values())
        .flat_map(|name| name.answers.values())
        .flat_map(|answer| &answer.records)
        .filter_map(RecordData::address);
    let served = internet.https.keys().chain(internet.smtp.keys()).copied();
    let is_foreign = |address: &IpAddr| !is_documentation_address(*address);
    match served.chain(in_dns).find(is_foreign) {
        Some(address) => Err(StoryFault::ForeignAddress(address)),
        None => Ok(()),
    }
}

fn can_be_looked_up(expectation: &Expectation, state: &State) -> Result<(), StoryFault> {
    is_domain(&expectation.domain, state)?;
    let mut senders = expectation.senders.iter();
    if let Some(name) = senders.find(|name| state.sender(name).is_none()) {
        return Err(StoryFault::Sender(name.clone()));
    }
    let received = expectation.received.iter().map(|received| &received.server);
    let mut servers = expectation.via.iter().chain(received);
    if let Some(name) = servers.find(|name| !state.servers.contains(name)) {
        return Err(StoryFault::Server(name.clone()));
    }
    let mut requests = expectation.asked.iter().chain(&expectation.not_asked);
    match requests.find(|asked| !state.declares(asked.name())) {
        Some(asked) => Err(StoryFault::Undeclared(Asked::name(asked).clone())),
        None => Ok(()),
    }
}

fn is_domain(domain: &DnsName, state: &State) -> Result<(), StoryFault> {
    if state.domains.contains(domain) {
        Ok(())
    } else {
        Err(StoryFault::Domain(domain.clone()))
    }
}
