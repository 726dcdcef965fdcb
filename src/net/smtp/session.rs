//! One SMTP session ([RFC 5321]; STARTTLS by [RFC 3207]), with lettre for commands and the message.
//!
//! lettre's own `starttls()` and `send()` are not used: the first believes replies that were injected, the
//! second reads the features offered before TLS.
//!
//! [RFC 5321]: https://www.rfc-editor.org/rfc/rfc5321
//! [RFC 3207]: https://www.rfc-editor.org/rfc/rfc3207

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};

use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Starttls};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, timeout, timeout_at};

use crate::facts::smtp::{
    MessageExchange, Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpRequest, SmtpStep,
    TlsExchange, TlsFailure, TlsFailureKind, TlsUse, TranscriptLine,
};
use crate::facts::tls::SmallerHello;
use crate::sender::Reach;

use super::super::causes;
use super::super::config::{Deadlines, HeloName};
use super::super::tls::TlsClients;
use super::envelope::Envelope;
use super::handshake::shake_hands;
use super::wire::{ForTls, Wire, WireFault};

/// Runs SMTP sessions.
#[derive(Clone, Debug)]
pub(in super::super) struct SmtpClient {
    pub(in super::super) tls: TlsClients,
    pub(in super::super) deadlines: Deadlines,
    pub(in super::super) helo: HeloName,
    pub(in super::super) source: Option<IpAddr>,
    pub(in super::super) reach: Option<Reach>,
}

/// What a connection left to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rest {
    Nothing,
    /// The message goes out in clear text, over a connection that knows nothing of TLS.
    DeliverInClear,
}

impl SmtpClient {
    /// Runs the session that `request` asks for, over a connection to `routed`.
    pub(in super::super) async fn run(
        &self,
        request: &SmtpRequest,
        routed: SocketAddr,
    ) -> SmtpExchange {
        let mut exchange = SmtpExchange::new(request.host.clone(), request.address);
        let rest = Box::pin(self.connect(request, routed, Some(request.tls), &mut exchange)).await;
        if let Some(TlsExchange {
            certificate: None,
            outcome:
                Err(TlsFailure {
                    kind: TlsFailureKind::Alert(first),
                    ..
                }),
        }) = &mut exchange.tls
            && first.alert.may_be_about_the_hello()
        {
            first.smaller_hello = Box::pin(self.try_smaller_hello(request, routed)).await;
        }
        if rest == Rest::DeliverInClear {
            let mut second = SmtpExchange::new(request.host.clone(), request.address);
            Box::pin(self.connect(request, routed, None, &mut second)).await;
            // What TLS was like stands in the first; the rest is the second's.
            exchange.greeting = second.greeting.or(exchange.greeting);
            exchange.ehlo = second.ehlo.or(exchange.ehlo);
            exchange.delivery = second.delivery;
            exchange.failure = second.failure;
            append_transcript(&mut exchange.transcript, second.transcript);
        }
        exchange
    }

    /// Shakes hands once more, without a post-quantum key share, to see what comes of that.
    async fn try_smaller_hello(&self, request: &SmtpRequest, routed: SocketAddr) -> SmallerHello {
        let smaller = Self {
            tls: self.tls.with_smaller_hello(),
            ..self.clone()
        };
        let probe = SmtpRequest {
            message: None,
            ..request.clone()
        };
        let mut exchange = SmtpExchange::new(request.host.clone(), request.address);
        smaller
            .connect(&probe, routed, Some(request.tls), &mut exchange)
            .await;
        match exchange.tls.map(|tls| tls.outcome) {
            Some(Err(TlsFailure {
                kind: TlsFailureKind::Alert(second),
                ..
            })) => SmallerHello::Alert(second.alert),
            Some(Ok(_) | Err(_)) | None => SmallerHello::EndedOtherwise,
        }
    }

    /// Makes one connection and speaks over it; without a use for TLS, in clear text.
    async fn connect(
        &self,
        request: &SmtpRequest,
        routed: SocketAddr,
        tls_use: Option<TlsUse>,
        exchange: &mut SmtpExchange,
    ) -> Rest {
        let wire = match self.open(routed).await {
            Ok(wire) => wire,
            Err(failure) => {
                exchange.failure = Some(failure);
                return Rest::Nothing;
            }
        };
        let mut dialogue = Dialogue {
            client: self,
            request,
            wire: wire.clone(),
            exchange,
            ends_at: Instant::now() + self.deadlines.smtp_session,
        };
        let rest = match dialogue.hold(tls_use).await {
            Ok(rest) => rest,
            Err(failure) => {
                exchange.failure = Some(failure);
                Rest::Nothing
            }
        };
        let answers = exchange
            .failure
            .as_ref()
            .is_none_or(|failure| failure.kind != SmtpFailureKind::TimedOut);
        if answers && wire.fault().is_none() {
            // Nobody needs the answer: the facts are in, and a server that does not answer is no fault.
            let _answered = timeout(self.deadlines.smtp_quit, wire.quit()).await;
        }
        exchange.transcript = wire.take_transcript();
        rest
    }
}

/// A session in progress.
struct Dialogue<'a> {
    client: &'a SmtpClient,
    request: &'a SmtpRequest,
    wire: Wire,
    exchange: &'a mut SmtpExchange,
    ends_at: Instant,
}

impl Dialogue<'_> {
    async fn hold(&mut self, tls_use: Option<TlsUse>) -> Result<Rest, SmtpFailure> {
        let Some(mut connection) = self.introduce(tls_use).await? else {
            return Ok(Rest::Nothing);
        };
        let Some(tls_use) = tls_use else {
            self.deliver(&mut connection).await?;
            return Ok(Rest::Nothing);
        };
        if self.exchange.lacks_ehlo() || !self.exchange.offers_starttls() {
            if tls_use == TlsUse::Opportunistic {
                self.deliver(&mut connection).await?;
            }
            return Ok(Rest::Nothing);
        }
        let reply = self
            .call(SmtpStep::Starttls, connection.command(Starttls))
            .await?;
        self.exchange.starttls = Some(reply.clone());
        let may_go_in_clear = self.goes_unprotected(Some(tls_use));
        match reply.code {
            // RFC 3207, Section 4: 220 alone says that the server is ready.
            220 => self.secure(connection, tls_use, may_go_in_clear).await,
            // Another 2xx leaves open what the server waits for now, so this connection is of no more use.
            200..=299 if may_go_in_clear => Ok(Rest::DeliverInClear),
            _ => {
                if tls_use == TlsUse::Opportunistic {
                    self.deliver(&mut connection).await?;
                }
                Ok(Rest::Nothing)
            }
        }
    }

    /// Reads the greeting and says EHLO, or HELO where that is all a server knows; `None` if it was refused.
    async fn introduce(
        &mut self,
        tls_use: Option<TlsUse>,
    ) -> Result<Option<AsyncSmtpConnection>, SmtpFailure> {
        let step = SmtpStep::Greeting;
        let wire = self.wire.clone();
        let greeting = self.hear(step, wire.reply()).await?;
        self.exchange.greeting = Some(greeting.clone());
        if greeting.is_class(3) {
            return Err(unexpected(step, &greeting));
        }
        if !greeting.is_class(2) {
            return Ok(None);
        }
        let step = SmtpStep::Ehlo;
        let name = self.client_id();
        let ehlo = format!("EHLO {name}");
        let mut reply = self.hear(step, wire.say(&ehlo)).await?;
        self.exchange.ehlo = Some(reply.clone());
        if self.exchange.lacks_ehlo() && self.goes_unprotected(tls_use) {
            // RFC 5321, Section 3.2: "the client SHOULD fall back and send HELO"
            let helo = format!("HELO {name}");
            reply = self.hear(step, wire.say(&helo)).await?;
        }
        if reply.is_class(3) {
            return Err(unexpected(step, &reply));
        }
        if !reply.is_class(2) {
            return Ok(None);
        }
        // lettre would say EHLO itself, and QUIT if it is refused; so it is told what was answered already.
        self.wire.set_introduced(&greeting, &reply);
        let transport = Box::new(self.wire.clone());
        let connect = AsyncSmtpConnection::connect_with_transport(transport, &name);
        let connection = timeout_at(self.deadline(), connect)
            .await
            .map_err(|_elapsed| self.timed_out(step))?
            .map_err(|error| SmtpFailure {
                kind: SmtpFailureKind::Protocol,
                during: step,
                detail: causes::describe(&error),
            })?;
        Ok(Some(connection))
    }

    /// Waits for a reply that does not pass through lettre.
    async fn hear(
        &self,
        step: SmtpStep,
        reply: impl Future<Output = io::Result<Reply>>,
    ) -> Result<Reply, SmtpFailure> {
        timeout_at(self.deadline(), reply)
            .await
            .map_err(|_elapsed| self.timed_out(step))?
            .map_err(|error| failed(step, WireFault::of(&error)))
    }

    /// Returns whether the session carries a message that may be sent in clear text.
    fn goes_unprotected(&self, tls_use: Option<TlsUse>) -> bool {
        self.request.message.is_some() && tls_use != Some(TlsUse::Verified)
    }

    /// Shakes hands and says EHLO again: what was said before is forgotten (RFC 3207, Section 4.2).
    async fn secure(
        &mut self,
        mut connection: AsyncSmtpConnection,
        tls_use: TlsUse,
        may_go_in_clear: bool,
    ) -> Result<Rest, SmtpFailure> {
        let step = SmtpStep::Starttls;
        let tap = match self
            .wire
            .take_for_tls()
            .map_err(|error| failed(step, WireFault::of(&error)))?
        {
            ForTls::Clean(tap) => tap,
            ForTls::Injected(octets) => {
                self.exchange.injected = Some(octets);
                return Ok(Rest::Nothing);
            }
        };
        let deadline = self.deadline();
        let host = &self.request.host;
        let handshake = shake_hands(&self.client.tls, host, tls_use, tap, deadline).await;
        self.exchange.tls = Some(handshake.facts);
        self.exchange.injected = handshake.injected;
        let Some(stream) = handshake.stream else {
            let injected = self.exchange.injected.is_some();
            return Ok(if may_go_in_clear && !injected {
                Rest::DeliverInClear
            } else {
                Rest::Nothing
            });
        };
        self.wire.set_tls(stream);
        let hello = Ehlo::new(self.client_id());
        let reply = self
            .call(SmtpStep::EhloAfterTls, connection.command(hello))
            .await?;
        let accepted = reply.is_class(2);
        self.exchange.ehlo_after_tls = Some(reply);
        if accepted {
            self.deliver(&mut connection).await?;
        }
        Ok(Rest::Nothing)
    }

    /// Delivers the message, if there is one.
    async fn deliver(&mut self, connection: &mut AsyncSmtpConnection) -> Result<(), SmtpFailure> {
        let Some(message) = self.request.message.as_ref() else {
            return Ok(());
        };
        let envelope = Envelope::new(message, self.exchange)?;
        self.exchange.delivery = Some(MessageExchange::default());
        let step = SmtpStep::Message;
        let mail = Mail::new(envelope.from, envelope.parameters);
        let reply = self.call(step, connection.command(mail)).await?;
        let goes_on = reply.is_class(2);
        self.delivery().mail = Some(reply);
        if !goes_on {
            return Ok(());
        }
        let rcpt = Rcpt::new(envelope.to, Vec::new());
        let reply = self.call(step, connection.command(rcpt)).await?;
        let goes_on = reply.is_class(2);
        self.delivery().rcpt = Some(reply);
        if !goes_on {
            return Ok(());
        }
        let reply = self.call(step, connection.command(Data)).await?;
        let goes_on = reply.is_class(3);
        self.delivery().data = Some(reply);
        if !goes_on {
            return Ok(());
        }
        // lettre ends the message with a line's end of its own.
        let content = message
            .content
            .strip_suffix(b"\r\n")
            .unwrap_or(&message.content);
        self.wire.set_message(Some(message.content.len()));
        let patience = self.client.deadlines.smtp_end_of_data;
        let reply = self
            .call_until(Instant::now() + patience, step, connection.message(content))
            .await
            .map_err(|failure| match failure.kind {
                SmtpFailureKind::TimedOut => SmtpFailure {
                    detail: format!("none in {patience:?}").into(),
                    ..failure
                },
                SmtpFailureKind::Alert(_)
                | SmtpFailureKind::Closed
                | SmtpFailureKind::FamilyOff
                | SmtpFailureKind::GivenUp
                | SmtpFailureKind::NotAsked
                | SmtpFailureKind::NotGlobal
                | SmtpFailureKind::OwnAddress
                | SmtpFailureKind::Protocol
                | SmtpFailureKind::Refused
                | SmtpFailureKind::Reset
                | SmtpFailureKind::TooLong
                | SmtpFailureKind::Unreachable => failure,
            })?;
        self.wire.set_message(None);
        self.delivery().end_of_data = Some(reply);
        Ok(())
    }

    fn delivery(&mut self) -> &mut MessageExchange {
        self.exchange.delivery.get_or_insert_default()
    }

    fn client_id(&self) -> ClientId {
        ClientId::Domain(self.client.helo.to_string())
    }

    fn deadline(&self) -> Instant {
        (Instant::now() + self.client.deadlines.smtp_command).min(self.ends_at)
    }

    async fn call<T>(
        &mut self,
        step: SmtpStep,
        call: impl Future<Output = Result<T, LettreError>>,
    ) -> Result<Reply, SmtpFailure> {
        self.call_until(self.deadline(), step, call).await
    }

    /// Runs a call of lettre's and returns the reply that it was about, whatever lettre made of it.
    async fn call_until<T>(
        &mut self,
        deadline: Instant,
        step: SmtpStep,
        call: impl Future<Output = Result<T, LettreError>>,
    ) -> Result<Reply, SmtpFailure> {
        let outcome = timeout_at(deadline, call).await;
        if let Some(reply) = self.wire.take_reply() {
            return Ok(reply);
        }
        if let Some(fault) = self.wire.fault() {
            return Err(failed(step, fault));
        }
        Err(match outcome {
            Err(_elapsed) => self.timed_out(step),
            Ok(Err(error)) => SmtpFailure {
                kind: SmtpFailureKind::Protocol,
                during: step,
                detail: causes::describe(&error),
            },
            Ok(Ok(_)) => SmtpFailure {
                kind: SmtpFailureKind::Protocol,
                during: step,
                detail: "no reply was read".into(),
            },
        })
    }

    fn timed_out(&self, during: SmtpStep) -> SmtpFailure {
        let waited = if Instant::now() >= self.ends_at {
            format!("the session took {:?}", self.client.deadlines.smtp_session)
        } else {
            format!("none in {:?}", self.client.deadlines.smtp_command)
        };
        SmtpFailure {
            kind: SmtpFailureKind::TimedOut,
            during,
            detail: waited.into(),
        }
    }
}

/// Adds the lines of a second connection, as far as one transcript has room.
fn append_transcript(transcript: &mut Vec<TranscriptLine>, more: Vec<TranscriptLine>) {
    let mut octets: usize = transcript.iter().map(|line| line.text.len()).sum();
    let room = SmtpExchange::MAX_TRANSCRIPT.saturating_sub(transcript.len());
    transcript.extend(more.into_iter().take(room).take_while(|line| {
        octets = octets.saturating_add(line.text.len());
        octets <= SmtpExchange::MAX_TRANSCRIPT_OCTETS
    }));
}

fn failed(during: SmtpStep, fault: WireFault) -> SmtpFailure {
    SmtpFailure {
        kind: fault.kind,
        during,
        detail: fault.detail,
    }
}

fn unexpected(during: SmtpStep, reply: &Reply) -> SmtpFailure {
    SmtpFailure {
        kind: SmtpFailureKind::Protocol,
        during,
        detail: format!("`{reply}` is no answer to it").into(),
    }
}
