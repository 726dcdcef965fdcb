//! One session with the model's MX host.

use super::script::Script;
use crate::facts::UnixTime;
use crate::facts::smtp::{
    Message, MessageExchange, Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpRequest,
    SmtpStep, TlsExchange, TlsFailure, TlsFailureKind, TlsSession, TlsUse,
};

/// One session with a receiver, in the order of RFC 3207.
pub(super) struct Session<'a> {
    receiver: &'a Script,
    request: &'a SmtpRequest,
    now: UnixTime,
    exchange: SmtpExchange,
}

/// Whether a session goes on.
type Step = Result<(), ()>;

impl<'a> Session<'a> {
    pub(super) fn run(
        receiver: &'a Script,
        request: &'a SmtpRequest,
        now: UnixTime,
    ) -> SmtpExchange {
        let mut session = Self {
            receiver,
            request,
            now,
            exchange: SmtpExchange::new(request.host.clone(), request.address),
        };
        // What ended the session stands in the exchange.
        let _ended = session.speak().is_err();
        session.exchange
    }

    fn speak(&mut self) -> Step {
        if let Some(kind) = self.receiver.connect {
            return self.fail(kind, SmtpStep::Connect);
        }
        self.exchange.greeting = Some(self.hear(&self.receiver.greeting, SmtpStep::Greeting)?);
        self.go_on_after(self.exchange.greeting.clone())?;
        self.exchange.ehlo = Some(self.hear(&self.receiver.ehlo, SmtpStep::Ehlo)?);
        // A message that may go in clear text goes on with HELO.
        let greets_again = self.exchange.lacks_ehlo()
            && self.request.tls == TlsUse::Opportunistic
            && self.request.message.is_some();
        if greets_again {
            let reply = self.hear(&self.receiver.helo, SmtpStep::Ehlo)?;
            self.go_on_after(Some(reply))?;
        } else {
            self.go_on_after(self.exchange.ehlo.clone())?;
        }
        let is_encrypted = self.start_tls()?;
        match (&self.request.message, self.request.tls) {
            (Some(_), TlsUse::Verified) if !is_encrypted => Err(()),
            (Some(message), _) => {
                self.exchange.delivery = Some(self.hand_over(message));
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Returns whether the session is inside TLS now.
    fn start_tls(&mut self) -> Result<bool, ()> {
        let goes_on_in_clear = self.request.tls == TlsUse::Opportunistic;
        if !self.exchange.offers_starttls() {
            return Ok(false);
        }
        let reply = self.hear(&self.receiver.starttls, SmtpStep::Starttls)?;
        let is_220 = reply.code == 220;
        self.exchange.starttls = Some(reply);
        if !is_220 {
            return Ok(false);
        }
        self.exchange.injected = self.receiver.injected.clone();
        if self.exchange.injected.is_some() {
            // RFC 3207, Section 6: nothing more is said to who may be somebody else.
            return Err(());
        }
        if let Some(kind) = self.receiver.handshake {
            self.exchange.tls = Some(TlsExchange {
                certificate: None,
                outcome: Err(TlsFailure {
                    kind,
                    detail: Box::default(),
                }),
            });
            return if goes_on_in_clear { Ok(false) } else { Err(()) };
        }
        let certificate = self
            .receiver
            .certificate
            .present(&self.request.host, self.now);
        let is_refused = self.request.tls == TlsUse::Verified && !certificate.faults.is_empty();
        self.exchange.tls = Some(TlsExchange {
            certificate: Some(certificate),
            outcome: if is_refused {
                Err(TlsFailure {
                    kind: TlsFailureKind::CertificateRefused,
                    detail: Box::default(),
                })
            } else {
                Ok(TlsSession {
                    version: self.receiver.tls_version.clone(),
                    cipher_suite: "TLS_AES_256_GCM_SHA384".into(),
                    key_exchange: None,
                })
            },
        });
        if is_refused {
            return Err(());
        }
        let mut reply = self.hear(&self.receiver.ehlo, SmtpStep::EhloAfterTls)?;
        reply.lines.retain(|line| &**line != "STARTTLS");
        self.exchange.ehlo_after_tls = Some(reply);
        Ok(true)
    }

    fn hand_over(&self, _message: &Message) -> MessageExchange {
        let ok = || Reply {
            code: 250,
            lines: vec!["OK".into()],
        };
        let mut exchange = MessageExchange {
            mail: Some(ok()),
            rcpt: Some(self.receiver.rcpt.clone()),
            ..MessageExchange::default()
        };
        if self.receiver.rcpt.is_class(2) {
            exchange.data = Some(Reply {
                code: 354,
                lines: vec!["go on".into()],
            });
            exchange.end_of_data = Some(self.receiver.end_of_data.clone());
        }
        exchange
    }

    fn hear(
        &mut self,
        answer: &Result<Reply, SmtpFailureKind>,
        during: SmtpStep,
    ) -> Result<Reply, ()> {
        match answer {
            Ok(reply) => Ok(reply.clone()),
            Err(kind) => {
                self.fail(*kind, during)?;
                Err(())
            }
        }
    }

    fn go_on_after(&self, reply: Option<Reply>) -> Step {
        if reply.is_some_and(|reply| reply.is_class(2)) {
            Ok(())
        } else {
            Err(())
        }
    }

    fn fail(&mut self, kind: SmtpFailureKind, during: SmtpStep) -> Step {
        self.exchange.failure = Some(SmtpFailure {
            kind,
            during,
            detail: Box::default(),
        });
        Err(())
    }
}
