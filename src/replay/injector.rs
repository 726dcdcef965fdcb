//! Mail for a sender that is not ours: handed over by SMTP, as a mail client does.

use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::Clock;
use crate::facts::DnsName;
use crate::facts::smtp::{Message, SmtpPort, SmtpRequest, TlsUse};
use crate::net::routes::{Route, RouteFrom, Routes};
use crate::net::{Deadlines, Live, LiveConfig, LiveError, ResolverConfig};
use crate::sender::Network as _;
use crate::sts::certificate::Roots;

/// How long a sender may take for one step of the hand-over.
const STEP: Duration = Duration::from_secs(60);

/// Hands messages to a mail server.
#[derive(Clone, Debug)]
pub struct Injector {
    network: Live,
    host: DnsName,
    at: SocketAddr,
}

impl Injector {
    /// Makes one for the server that listens there.
    ///
    /// # Errors
    ///
    /// When there is no network.
    pub fn new(at: SocketAddr) -> Result<Self, LiveError> {
        let to_it = Route {
            from: RouteFrom::Any,
            port: None,
            to: at,
        };
        let network = Live::new(LiveConfig {
            // No name is looked up.
            resolver: ResolverConfig::Addresses(vec![at]),
            routes: Routes::new([to_it]),
            deadlines: Deadlines::with_step(STEP),
            smtp_port: SmtpPort(at.port()),
            ..LiveConfig::new(Clock::system(), Roots::none())
        })?;
        Ok(Self {
            network,
            host: "sender.test".parse().expect("it is a name"),
            at,
        })
    }

    /// Hands a message over.
    ///
    /// # Errors
    ///
    /// When the server does not take it: what it said, or what ended the session.
    pub async fn inject(&self, message: Message) -> Result<(), NotTaken> {
        let exchange = self
            .network
            .smtp(&SmtpRequest {
                host: self.host.clone(),
                address: self.at.ip(),
                tls: TlsUse::Opportunistic,
                message: Some(message),
            })
            .await;
        let delivery = exchange.delivery.as_ref();
        if delivery.is_some_and(|delivery| delivery.is_delivered()) {
            return Ok(());
        }
        let why = match (
            &exchange.failure,
            delivery.and_then(|delivery| delivery.decisive()),
        ) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(reply)) => format!("it answered {reply}"),
            (None, None) => match exchange.ehlo.or(exchange.greeting) {
                Some(reply) => format!("it answered {reply}"),
                None => "it said nothing".to_owned(),
            },
        };
        Err(NotTaken {
            at: self.at,
            why: why.into(),
        })
    }
}

/// A message that a server did not take.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the mail server at {at} did not take a message: {why}")]
pub struct NotTaken {
    /// Where it listens.
    pub at: SocketAddr,
    /// What happened.
    pub why: Box<str>,
}
