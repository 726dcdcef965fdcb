//! Fetches a policy: one GET on one fresh connection ([RFC 8461, Section 3.3]).
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Response, Url};
use tokio::time::{Instant, timeout_at};

use crate::facts::DnsName;
use crate::facts::http::{
    BodyEnd, Headers, HttpExchange, HttpFailure, HttpFailureKind, HttpResponse,
};
use crate::facts::smtp::TlsUse;
use crate::facts::tls::{AlertReceived, SmallerHello};

use super::causes::{self, SocketFault};
use super::tls::{HandshakeFault, Inside, TlsClients, Witness};

/// Fetches policies.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    pub(super) tls: TlsClients,
    pub(super) user_agent: Box<str>,
    pub(super) max_body_bytes: u64,
    /// For the connection and the TLS handshake.
    pub(super) connect_deadline: Duration,
    /// For the connection alone.
    pub(super) silence_deadline: Duration,
    pub(super) fetch_deadline: Duration,
    pub(super) source: Option<IpAddr>,
}

impl Fetcher {
    /// Fetches from `host`, whose address is `address`, over a connection to `routed`; after an alert that may
    /// be about the size of our hello, over a second one with a smaller hello, to see what comes of that.
    pub(super) async fn fetch(
        &self,
        host: &DnsName,
        address: IpAddr,
        routed: SocketAddr,
    ) -> HttpExchange {
        let mut exchange = self.fetch_once(host, address, routed).await;
        if let Err(HttpFailure {
            kind: HttpFailureKind::Alert(first),
            ..
        }) = &mut exchange.outcome
            && exchange.certificate.is_none()
            && first.alert.may_be_about_the_hello()
        {
            let smaller = Self {
                tls: self.tls.with_smaller_hello(),
                ..self.clone()
            };
            let second = smaller.fetch_once(host, address, routed).await;
            first.smaller_hello = match second.outcome {
                Err(HttpFailure {
                    kind: HttpFailureKind::Alert(second),
                    ..
                }) => SmallerHello::Alert(second.alert),
                Ok(_) | Err(_) => SmallerHello::EndedOtherwise,
            };
        }
        exchange
    }

    async fn fetch_once(
        &self,
        host: &DnsName,
        address: IpAddr,
        routed: SocketAddr,
    ) -> HttpExchange {
        let witness = self.tls.witness(host, TlsUse::Verified);
        let outcome = self.get(host, routed, &witness).await;
        HttpExchange {
            address,
            certificate: witness.certificate(),
            outcome,
        }
    }

    async fn get(
        &self,
        host: &DnsName,
        routed: SocketAddr,
        witness: &Arc<Witness>,
    ) -> Result<HttpResponse, HttpFailure> {
        let began = Instant::now();
        let deadline = began + self.fetch_deadline;
        let url = policy_url(host)?;
        let client = self.client(host, routed, witness)?;
        let mut sent = pin!(client.get(url).send());
        let mut answered = timeout_at(deadline.min(began + self.silence_deadline), &mut sent).await;
        if answered.is_err() {
            if !witness.has_begun() {
                return Err(HttpFailure {
                    kind: HttpFailureKind::ConnectTimedOut,
                    detail: format!("no answer in {:?}", self.silence_deadline).into(),
                });
            }
            answered = timeout_at(deadline, sent).await;
        }
        let response = answered
            .map_err(|_elapsed| HttpFailure {
                kind: timed_out(witness),
                detail: format!("no response in {:?}", self.fetch_deadline).into(),
            })?
            .map_err(|error| to_failure(&error, witness))?;
        Ok(self.read(response, deadline).await)
    }

    /// Makes a client for one fetch: each has its own verifier, so a chain belongs to the edge it came from.
    fn client(
        &self,
        host: &DnsName,
        routed: SocketAddr,
        witness: &Arc<Witness>,
    ) -> Result<Client, HttpFailure> {
        let nothing_sent = |detail: Box<str>| HttpFailure {
            kind: HttpFailureKind::Unreachable,
            detail,
        };
        let (tls, _name) = self
            .tls
            .connection(witness, Inside::Http)
            .map_err(|error| nothing_sent(causes::describe(&error)))?;
        Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .http1_only()
            .user_agent(&*self.user_agent)
            // §3.3: "HTTP 3xx redirects MUST NOT be followed"
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .connect_timeout(self.connect_deadline)
            .local_address(self.source)
            .resolve_to_addrs(host.as_str(), &[routed])
            .dns_resolver(NoResolver)
            .build()
            .map_err(|error| nothing_sent(causes::describe(&error)))
    }

    async fn read(&self, mut response: Response, deadline: Instant) -> HttpResponse {
        let status = response.status().as_u16();
        let mut room = HttpResponse::MAX_VALUE_OCTETS;
        let content_types = response
            .headers()
            .get_all(CONTENT_TYPE)
            .iter()
            .map_while(|value| {
                let kept = value.as_bytes().get(..room).unwrap_or(value.as_bytes());
                // An empty value counts too: there is no end to how many of them fit.
                let kept = (room > 0).then_some(kept);
                room = room.saturating_sub(kept.map_or(0, |kept| kept.len().max(1)));
                kept.map(Into::into)
            })
            .collect();
        let location = response.headers().get(LOCATION).map(|value| {
            let value = value.as_bytes();
            let kept = value.get(..HttpResponse::MAX_VALUE_OCTETS);
            kept.unwrap_or(value).into()
        });
        let all = response.headers().iter();
        let headers = Headers::keep(all.map(|(name, value)| (name.as_str(), value.as_bytes())));
        let limit = usize::try_from(self.max_body_bytes).unwrap_or(usize::MAX);
        let mut body: Vec<u8> = Vec::new();
        let body_end = loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    let room = limit.saturating_sub(body.len());
                    body.extend(chunk.iter().take(room));
                    if chunk.len() > room {
                        break BodyEnd::TooLarge {
                            limit_bytes: self.max_body_bytes,
                        };
                    }
                }
                Ok(Ok(None)) => break BodyEnd::Complete,
                Ok(Err(error)) => {
                    break BodyEnd::Interrupted {
                        detail: causes::describe_fetch(&error),
                    };
                }
                Err(_elapsed) => break BodyEnd::TimedOut,
            }
        };
        HttpResponse {
            status,
            content_types,
            location,
            headers,
            body: body.into(),
            body_end,
        }
    }
}

/// Makes the URL of a policy, whose host must come through unchanged.
fn policy_url(host: &DnsName) -> Result<Url, HttpFailure> {
    Url::parse(&format!("https://{host}/.well-known/mta-sts.txt"))
        .ok()
        // `domain` is the host unless the URL takes it for an address.
        .filter(|url| url.domain() == Some(host.as_str()))
        .ok_or_else(|| HttpFailure {
            kind: HttpFailureKind::Unreachable,
            detail: format!("`{host}` cannot be the host of a URL").into(),
        })
}

/// Knows no name: the address is always given, and the system's resolver is never asked.
#[derive(Debug)]
struct NoResolver;

impl Resolve for NoResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let refused = format!("no address was given for {}", name.as_str());
        Box::pin(std::future::ready(Err::<Addrs, _>(refused.into())))
    }
}

fn to_failure(error: &reqwest::Error, witness: &Witness) -> HttpFailure {
    HttpFailure {
        kind: to_kind(error, witness),
        detail: causes::describe_fetch(error),
    }
}

fn to_kind(error: &reqwest::Error, witness: &Witness) -> HttpFailureKind {
    if witness.refused() {
        return HttpFailureKind::CertificateRefused;
    }
    if let Some(error) = causes::find::<rustls::Error>(error) {
        return match HandshakeFault::of(error) {
            HandshakeFault::Alert(alert) => HttpFailureKind::Alert(AlertReceived::once(alert)),
            HandshakeFault::OldVersion => HttpFailureKind::OldTls,
            HandshakeFault::NoCommonParameters => HttpFailureKind::HandshakeFailed,
            // No sender gets further with a server that does not speak TLS, or breaks its rules.
            HandshakeFault::Protocol => HttpFailureKind::Malformed,
        };
    }
    if error.is_timeout() {
        return timed_out(witness);
    }
    if error.is_builder() {
        return HttpFailureKind::Unreachable;
    }
    if let Some(error) = causes::find::<hyper::Error>(error) {
        if causes::is_head_too_large(error) {
            return HttpFailureKind::HeadTooLarge;
        }
        if error.is_parse() {
            return HttpFailureKind::Malformed;
        }
        if error.is_incomplete_message() {
            return HttpFailureKind::Reset;
        }
    }
    match SocketFault::find(error) {
        Some(SocketFault::Refused) => HttpFailureKind::Refused,
        Some(SocketFault::Reset | SocketFault::Closed) if witness.certificate().is_none() => {
            HttpFailureKind::BrokenInHandshake
        }
        Some(SocketFault::Reset | SocketFault::Closed) => HttpFailureKind::Reset,
        Some(SocketFault::TimedOut) => timed_out(witness),
        Some(SocketFault::Exhausted) => HttpFailureKind::Unreachable,
        Some(SocketFault::Local) if error.is_connect() => HttpFailureKind::Unreachable,
        Some(SocketFault::Local) => HttpFailureKind::Reset,
        None => HttpFailureKind::Malformed,
    }
}

/// Without a connection a sender goes on to the host's next address; once there is one it does not.
fn timed_out(witness: &Witness) -> HttpFailureKind {
    if witness.has_begun() {
        HttpFailureKind::TimedOut
    } else {
        HttpFailureKind::ConnectTimedOut
    }
}
