//! The one trait between the sender and the world: questions out, facts back.

use std::future::Future;
use std::net::IpAddr;

use crate::facts::dns::{DnsAnswer, Question};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, UnixTime};

/// A way to reach DNS, policy hosts and MX hosts: live, in the lab, or in a model's memory.
///
/// Its methods return facts and judge nothing. None of them fails: what went wrong is a fact too. Each is
/// bounded in time and size by the implementation.
pub trait Network: Sync {
    /// Returns the time, by the clock that policies, DNS answers and certificates age by.
    fn now(&self) -> UnixTime;

    /// Asks the DNS one question, CNAMEs followed. Questions that are asked at once, joined in one task, do
    /// not see each other's answers: the cache is read in the first poll, and written in a later one.
    fn lookup(&self, question: &Question) -> impl Future<Output = DnsAnswer> + Send;

    /// Asks the policy host `host`, at `address`, for `/.well-known/mta-sts.txt`: port 443, SNI and Host
    /// are `host`, no redirect followed, nothing cached, no connection used again.
    fn get_policy(
        &self,
        host: &DnsName,
        address: IpAddr,
    ) -> impl Future<Output = HttpExchange> + Send;

    /// Runs one SMTP session, on port 25 unless the network has another.
    fn smtp(&self, request: &SmtpRequest) -> impl Future<Output = SmtpExchange> + Send;
}
