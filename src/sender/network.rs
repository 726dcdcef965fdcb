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

/// A network on which one server of a zone can be asked by itself, as no sender does.
pub trait Authorities: Network {
    /// Asks for the addresses of such a server, which many zones may share.
    fn find_server(&self, question: &Question) -> impl Future<Output = DnsAnswer> + Send {
        self.lookup(question)
    }

    /// Notes an address at which such a server has answered, so that nobody has to ask for it.
    fn note_server(&self, _host: &DnsName, _address: IpAddr) {}

    /// Asks the server `host` of a zone, at `address` and port 53, for what it says itself: without recursion,
    /// past every cache, CNAMEs followed only as far as its own reply goes. One that does not answer for the
    /// zone (no AA, a referral) is a [`NotAuthoritative`] failure.
    ///
    /// [`NotAuthoritative`]: crate::facts::dns::DnsFailureKind::NotAuthoritative
    fn ask_server(
        &self,
        host: &DnsName,
        address: IpAddr,
        question: &Question,
    ) -> impl Future<Output = DnsAnswer> + Send;
}
