//! What answers in the model.

use std::fmt::Debug;
use std::net::IpAddr;

use super::script::Script;
use crate::facts::dns::{Alias, DnsOutcome, Question};
use crate::facts::http::HttpExchange;
use crate::facts::{DnsName, UnixTime};

/// Resolvers and servers that answer in facts.
pub trait Servers: Clone + Debug + Default + Send + 'static {
    /// Returns what a resolver says about one name, aliases not followed; `None` if nobody declared the name.
    /// A resolver of which the servers know nothing sees what most see.
    fn say(&self, resolver: Option<&str>, question: &Question) -> Option<Said>;

    /// Returns what the name server at an address says itself about one name; `None` if there is none. It may count
    /// the question.
    fn say_at(&mut self, address: IpAddr, question: &Question) -> Option<Said>;

    /// Returns what the edge at an address answers to a GET for the policy of `host`, with what it shows.
    /// It may count the request.
    fn get(&mut self, host: &DnsName, address: IpAddr, now: UnixTime) -> Option<HttpExchange>;

    /// Returns what the MX host at an address says at each step to a sender that asks for `host`.
    fn receive(&self, host: &DnsName, address: IpAddr) -> Option<Script>;

    /// Returns from when to when each certificate is valid.
    fn lives(&self) -> Vec<(UnixTime, UnixTime)>;
}

/// What a resolver says about one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said {
    /// The name is an alias, whatever the question.
    Alias(Alias),
    /// The end of the question.
    Outcome(DnsOutcome),
}
