//! An MX host of a scenario in the model's words: what it says at each step.

use super::on_model::certificate;
use crate::facts::DnsName;
use crate::facts::smtp::{Reply, SmtpFailureKind, TlsFailureKind};
use crate::model::state::Receiver;
use crate::scenario::state::ServerAddress;
use crate::scenario::{SmtpFault, TlsVersions};

fn reply(code: u16, lines: &[&str]) -> Reply {
    Reply {
        code,
        lines: lines.iter().map(|line| (*line).into()).collect(),
    }
}

pub(super) fn receiver(host: &DnsName, address: &ServerAddress) -> Receiver {
    let mut receiver = Receiver {
        host: host.clone(),
        connect: None,
        greeting: Ok(reply(220, &["ready"])),
        ehlo: Ok(reply(250, &["hello", "STARTTLS"])),
        helo: Ok(reply(250, &["hello"])),
        starttls: Ok(reply(220, &["go ahead"])),
        injected: None,
        handshake: None,
        tls_version: match address.tls {
            TlsVersions::Tls12 => "TLSv1.2".into(),
            TlsVersions::Both | TlsVersions::Tls13 => "TLSv1.3".into(),
        },
        certificate: certificate(&address.certificate),
        greylist: None,
        rcpt: reply(250, &["OK"]),
        end_of_data: reply(250, &["OK"]),
    };
    if let Some(fault) = address.fault {
        afflict(&mut receiver, fault);
    }
    receiver
}

fn afflict(receiver: &mut Receiver, fault: SmtpFault) {
    let greeting = |receiver: &mut Receiver, kind| receiver.greeting = Err(kind);
    match fault {
        SmtpFault::Refused => receiver.connect = Some(SmtpFailureKind::Refused),
        SmtpFault::Blackhole => receiver.connect = Some(SmtpFailureKind::TimedOut),
        SmtpFault::Silence | SmtpFault::Tarpit => greeting(receiver, SmtpFailureKind::TimedOut),
        SmtpFault::Reset => greeting(receiver, SmtpFailureKind::Reset),
        SmtpFault::Tls10Only | SmtpFault::Tls11Only | SmtpFault::AlertProtocolVersion => {
            receiver.handshake = Some(TlsFailureKind::OldVersion);
        }
        SmtpFault::AlertHandshakeFailure => {
            receiver.handshake = Some(TlsFailureKind::NoCommonParameters);
        }
        SmtpFault::HandshakeReset => receiver.handshake = Some(TlsFailureKind::Reset),
        SmtpFault::HandshakeClose => receiver.handshake = Some(TlsFailureKind::Closed),
        SmtpFault::HandshakeSilence => receiver.handshake = Some(TlsFailureKind::TimedOut),
        // Plain text where the handshake should stand cannot be told from what somebody put there.
        SmtpFault::NotTls | SmtpFault::InjectedSameSegment | SmtpFault::InjectedLater => {
            receiver.injected = Some((*b"250 ").into());
        }
        SmtpFault::StarttlsAbsent => receiver.ehlo = Ok(reply(250, &["hello"])),
        SmtpFault::StarttlsStripped => {
            receiver.ehlo = Ok(reply(250, &["hello", "XXXXXXXX"]));
        }
        SmtpFault::Starttls454 => receiver.starttls = Ok(reply(454, &["not now"])),
        SmtpFault::Starttls554 => receiver.starttls = Ok(reply(554, &["no"])),
        SmtpFault::Starttls250 => receiver.starttls = Ok(reply(250, &["OK"])),
        SmtpFault::Greeting421 => receiver.greeting = Ok(reply(421, &["not now"])),
        SmtpFault::Greeting554 => receiver.greeting = Ok(reply(554, &["no"])),
        // A first line at once and the last one late, yet in time: postscreen's habit is no fault.
        SmtpFault::GreetingMultiline => {}
        SmtpFault::EndlessLine | SmtpFault::EndlessReply => {
            greeting(receiver, SmtpFailureKind::Protocol);
        }
        SmtpFault::Ehlo502 => receiver.ehlo = Ok(reply(502, &["what"])),
        SmtpFault::Ehlo502Silence => {
            receiver.ehlo = Ok(reply(502, &["what"]));
            receiver.helo = Err(SmtpFailureKind::TimedOut);
        }
        SmtpFault::Greylist => receiver.greylist = Some(reply(450, &["later"])),
        SmtpFault::Reject => receiver.rcpt = reply(550, &["no such user"]),
        SmtpFault::MessageDeferred => receiver.end_of_data = reply(451, &["later"]),
        SmtpFault::MessageRejected => receiver.end_of_data = reply(554, &["no"]),
    }
}
