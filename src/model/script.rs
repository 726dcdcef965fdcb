//! What an MX host says at each step, if the session gets there.

use super::certificate::Certificate;
use crate::facts::smtp::{Reply, SmtpFailureKind, TlsFailureKind};
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};
use crate::facts::{DnsName, UnixTime};
use crate::fakes::{
    AlertFault, DialogueFault, ListenerFault, Receiver, SmtpFault, TlsFault, TlsVersions,
};

/// An MX host at one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Script {
    /// The name of the MX host that this address belongs to.
    pub host: DnsName,
    /// What goes wrong with the connection.
    pub connect: Option<SmtpFailureKind>,
    /// The greeting.
    pub greeting: Result<Reply, SmtpFailureKind>,
    /// The answer to EHLO, before and after TLS; the latter without STARTTLS.
    pub ehlo: Result<Reply, SmtpFailureKind>,
    /// The answer to HELO, which a sender says where EHLO is not known.
    pub helo: Result<Reply, SmtpFailureKind>,
    /// The answer to STARTTLS.
    pub starttls: Result<Reply, SmtpFailureKind>,
    /// Octets that follow the answer to STARTTLS before the handshake.
    pub injected: Option<Box<[u8]>>,
    /// What goes wrong with the handshake before a certificate is seen.
    pub handshake: Option<TlsFailureKind>,
    /// The TLS version.
    pub tls_version: Box<str>,
    /// The certificate it presents.
    pub certificate: Certificate,
    /// The answer to RCPT the first time that a sender names a recipient, if it differs.
    pub greylist: Option<Reply>,
    /// The answer to RCPT.
    pub rcpt: Reply,
    /// The answer to the end of the message.
    pub end_of_data: Reply,
}

impl Script {
    /// Makes the script of a receiver, without what its fault does.
    fn healthy(receiver: &Receiver, certificate: Certificate) -> Self {
        Self {
            host: receiver.host.clone(),
            connect: None,
            greeting: Ok(reply(220, &["ready"])),
            ehlo: Ok(reply(250, &["hello", "STARTTLS"])),
            helo: Ok(reply(250, &["hello"])),
            starttls: Ok(reply(220, &["go ahead"])),
            injected: None,
            handshake: None,
            tls_version: match receiver.versions {
                TlsVersions::Tls12 => "TLSv1.2".into(),
                TlsVersions::Both | TlsVersions::Tls13 => "TLSv1.3".into(),
            },
            certificate,
            greylist: None,
            rcpt: reply(250, &["OK"]),
            end_of_data: reply(250, &["OK"]),
        }
    }

    /// Returns what a receiver says to a sender that asks for `host`, in a story that starts at `start`.
    #[must_use]
    pub fn of(receiver: &Receiver, host: &DnsName, start: UnixTime) -> Self {
        let mut script = match Certificate::shown(&receiver.identity, host, start) {
            Some(certificate) => Self::healthy(receiver, certificate),
            None => Self {
                handshake: Some(TlsFailureKind::Alert(NO_CERTIFICATE)),
                ..Self::healthy(receiver, Certificate::default())
            },
        };
        match receiver.fault {
            Some(SmtpFault::Listener(fault)) => script.hear(fault),
            Some(SmtpFault::Tls(fault)) => script.shake_hands(fault),
            Some(SmtpFault::Alert(fault)) => {
                script.handshake = Some(match received(fault) {
                    Some(received) => TlsFailureKind::Alert(received),
                    None => TlsFailureKind::OldVersion,
                });
            }
            Some(SmtpFault::Dialogue(fault)) => script.speak(fault),
            None => {}
        }
        if let Some(code) = receiver.starttls {
            script.starttls = Ok(reply(code, &["no"]));
        }
        script
    }

    fn hear(&mut self, fault: ListenerFault) {
        match fault {
            ListenerFault::Refused => self.connect = Some(SmtpFailureKind::Refused),
            ListenerFault::Blackhole => self.connect = Some(SmtpFailureKind::TimedOut),
            ListenerFault::Silence => self.greeting = Err(SmtpFailureKind::TimedOut),
            ListenerFault::Reset => self.greeting = Err(SmtpFailureKind::Reset),
        }
    }

    fn shake_hands(&mut self, fault: TlsFault) {
        self.handshake = Some(match fault {
            TlsFault::Tls10Only | TlsFault::Tls11Only => TlsFailureKind::OldVersion,
            TlsFault::LargeHelloRefused => TlsFailureKind::Alert(LARGE_HELLO_REFUSED),
            TlsFault::HandshakeReset => TlsFailureKind::Reset,
            TlsFault::HandshakeClose => TlsFailureKind::Closed,
            TlsFault::HandshakeSilence => TlsFailureKind::TimedOut,
            TlsFault::NotTls => return self.inject(),
        });
    }

    fn speak(&mut self, fault: DialogueFault) {
        match fault {
            DialogueFault::StarttlsAbsent => self.ehlo = Ok(reply(250, &["hello"])),
            DialogueFault::StarttlsStripped => self.ehlo = Ok(reply(250, &["hello", "XXXXXXXX"])),
            DialogueFault::Starttls454 => self.starttls = Ok(reply(454, &["not now"])),
            DialogueFault::Starttls554 => self.starttls = Ok(reply(554, &["no"])),
            DialogueFault::Starttls250 => self.starttls = Ok(reply(250, &["OK"])),
            DialogueFault::InjectedSameSegment | DialogueFault::InjectedLater => self.inject(),
            DialogueFault::Greeting421 => self.greeting = Ok(reply(421, &["not now"])),
            DialogueFault::Greeting554 => self.greeting = Ok(reply(554, &["no"])),
            DialogueFault::Tarpit => self.greeting = Err(SmtpFailureKind::TimedOut),
            // A first line at once and the last one late, yet in time: postscreen's habit is no fault.
            DialogueFault::GreetingMultiline => {}
            DialogueFault::EndlessLine | DialogueFault::EndlessReply => {
                self.greeting = Err(SmtpFailureKind::TooLong);
            }
            DialogueFault::Ehlo502 => self.ehlo = Ok(reply(502, &["what"])),
            DialogueFault::EhloClose => self.ehlo = Err(SmtpFailureKind::Closed),
            DialogueFault::Ehlo502Silence => {
                self.ehlo = Ok(reply(502, &["what"]));
                self.helo = Err(SmtpFailureKind::TimedOut);
            }
            DialogueFault::Greylist => self.greylist = Some(reply(450, &["later"])),
            DialogueFault::Reject => self.rcpt = reply(550, &["no such user"]),
            DialogueFault::MessageDeferred => self.end_of_data = reply(451, &["later"]),
            DialogueFault::MessageRejected => self.end_of_data = reply(554, &["no"]),
        }
    }

    /// Puts octets before the handshake; plain text in its place cannot be told from them.
    fn inject(&mut self) {
        self.injected = Some((*b"250 ").into());
    }
}

/// What a server answers that has no certificate for the name.
pub(super) const NO_CERTIFICATE: AlertReceived = AlertReceived::once(Alert::ACCESS_DENIED);

/// What a server answers to a hello with a post-quantum key share alone.
pub(super) const LARGE_HELLO_REFUSED: AlertReceived = AlertReceived {
    alert: Alert::INTERNAL_ERROR,
    smaller_hello: SmallerHello::EndedOtherwise,
};

/// Returns the alert that a sender sees, in a second handshake too where it makes one; `None` for
/// `protocol_version`, which is the proof of an old version.
pub(super) const fn received(fault: AlertFault) -> Option<AlertReceived> {
    let alert = Alert(fault.number());
    match fault {
        AlertFault::ProtocolVersion => None,
        AlertFault::UnexpectedMessage
        | AlertFault::IllegalParameter
        | AlertFault::DecodeError
        | AlertFault::InternalError => Some(AlertReceived {
            alert,
            smaller_hello: SmallerHello::Alert(alert),
        }),
        AlertFault::BadRecordMac
        | AlertFault::RecordOverflow
        | AlertFault::HandshakeFailure
        | AlertFault::BadCertificate
        | AlertFault::UnsupportedCertificate
        | AlertFault::CertificateRevoked
        | AlertFault::CertificateExpired
        | AlertFault::CertificateUnknown
        | AlertFault::UnknownCa
        | AlertFault::AccessDenied
        | AlertFault::DecryptError
        | AlertFault::InsufficientSecurity
        | AlertFault::InappropriateFallback
        | AlertFault::MissingExtension
        | AlertFault::UnsupportedExtension
        | AlertFault::UnrecognizedName
        | AlertFault::BadCertificateStatusResponse
        | AlertFault::UnknownPskIdentity
        | AlertFault::CertificateRequired
        | AlertFault::NoApplicationProtocol => Some(AlertReceived::once(alert)),
    }
}

fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().map(|line| (*line).into()).collect(),
    }
}
