//! What a receiver says, in clear text and inside TLS.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncWrite};

use super::lines::Lines;
use super::upstream::Session;
use crate::fakes::{DialogueFault, Receiver, SmtpFault};
use crate::world::history::Request;
use crate::world::served::Shared;
use crate::world::tasks::pause;

/// The longest message that is taken.
const MAX_MESSAGE_OCTETS: usize = 16 * 1024 * 1024;

/// How much of what "never ends" is sent before there is only silence.
const ENDLESS_OCTETS: usize = 64 * 1024 * 1024;

/// What ends a part of the dialogue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// The connection is over.
    Closed,
    /// The next part follows: the commands after the greeting, or TLS after STARTTLS.
    Next,
}

/// One client's dialogue with a receiver.
#[derive(Debug)]
pub(super) struct Dialogue<'a> {
    receiver: &'a Receiver,
    address: IpAddr,
    shared: &'a Shared,
    tls: Option<String>,
    helo: Option<String>,
    /// What the last MAIL named.
    mail_from: String,
    /// Opened by the first MAIL.
    session: Option<Session>,
}

impl<'a> Dialogue<'a> {
    /// Starts a dialogue in clear text.
    pub(super) const fn new(receiver: &'a Receiver, address: IpAddr, shared: &'a Shared) -> Self {
        Self {
            receiver,
            address,
            shared,
            tls: None,
            helo: None,
            mail_from: String::new(),
            session: None,
        }
    }

    /// Forgets all that was said in clear text (RFC 3207, Section 4.2).
    pub(super) fn enter_tls(&mut self, version: String) {
        self.tls = Some(version);
        self.helo = None;
        self.session = None;
    }

    /// Greets.
    pub(super) async fn greet<S>(&self, lines: &mut Lines<S>) -> io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = &self.receiver.host;
        if self.has(DialogueFault::Greeting421) {
            let busy = format!("421 4.3.2 {host} is busy, try again later");
            self.say(lines, &busy).await?;
            return Ok(End::Closed);
        }
        if self.has(DialogueFault::Greeting554) {
            let unwelcome = format!("554 5.7.1 {host} does not speak to you");
            self.say(lines, &unwelcome).await?;
            return Ok(End::Closed);
        }
        if self.has(DialogueFault::EndlessLine) {
            lines.send(b"220 ").await?;
            return pour(lines, &[b'x'; 16 * 1024]).await;
        }
        if self.has(DialogueFault::EndlessReply) {
            return pour(lines, &b"220-and so on\r\n".repeat(1024)).await;
        }
        if self.has(DialogueFault::GreetingMultiline) {
            self.say(lines, &format!("220-{host} is coming")).await?;
            pause(self.receiver.pace).await;
        }
        self.say(lines, &format!("220 {host} ESMTP")).await?;
        Ok(End::Next)
    }

    /// Answers commands until the client goes, or until TLS is to begin.
    pub(super) async fn run<S>(&mut self, lines: &mut Lines<S>) -> io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(line) = lines.next().await? {
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let reply = match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" if rest.trim().is_empty() => "501 5.5.4 say who you are".to_owned(),
                "EHLO" if self.refuses_ehlo() => {
                    self.say(lines, "502 5.5.1 command not implemented").await?;
                    if self.has(DialogueFault::Ehlo502Silence) {
                        lines.wait_for_end().await?;
                        return Ok(End::Closed);
                    }
                    continue;
                }
                "EHLO" if self.has(DialogueFault::EhloClose) => return Ok(End::Closed),
                "EHLO" => self.ehlo(rest),
                "HELO" => {
                    self.hello(rest);
                    format!("250 {}", self.receiver.host)
                }
                "STARTTLS" => match self.starttls_refusal() {
                    Some(refusal) => refusal.into_owned(),
                    None => return self.go_ahead(lines).await,
                },
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => match self.data(lines).await? {
                    Some(reply) => reply,
                    None => return Ok(End::Closed),
                },
                "RSET" => self.reset().await?,
                "NOOP" => "250 2.0.0 ok".to_owned(),
                "VRFY" => "252 2.1.5 send some mail, and see".to_owned(),
                "QUIT" => {
                    self.say(lines, "221 2.0.0 bye").await?;
                    return Ok(End::Closed);
                }
                _ => "500 5.5.2 command not recognized".to_owned(),
            };
            self.say(lines, &reply).await?;
        }
        Ok(End::Closed)
    }

    fn has(&self, fault: DialogueFault) -> bool {
        self.receiver.fault == Some(SmtpFault::Dialogue(fault))
    }

    fn refuses_ehlo(&self) -> bool {
        self.has(DialogueFault::Ehlo502) || self.has(DialogueFault::Ehlo502Silence)
    }

    /// Sends a reply, at the receiver's pace.
    async fn say<S>(&self, lines: &mut Lines<S>, reply: &str) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.has(DialogueFault::Tarpit) {
            return lines.send(format!("{reply}\r\n").as_bytes()).await;
        }
        for line in reply.split("\r\n") {
            pause(self.receiver.pace).await;
            lines.send(format!("{line}\r\n").as_bytes()).await?;
        }
        Ok(())
    }

    /// Lets TLS begin.
    async fn go_ahead<S>(&self, lines: &mut Lines<S>) -> io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let reply = self.starttls_go_ahead();
        if self.has(DialogueFault::InjectedSameSegment) {
            // In one segment: that is the point.
            let octets = format!("{reply}\r\n250-injected\r\n250 AUTH PLAIN\r\n");
            lines.send(octets.as_bytes()).await?;
        } else {
            self.say(lines, &reply).await?;
        }
        Ok(End::Next)
    }

    fn hello(&mut self, name: &str) {
        // The plain server takes one word.
        self.helo = name.split_whitespace().next().map(str::to_owned);
        self.session = None;
    }

    fn ehlo(&mut self, name: &str) -> String {
        self.hello(name);
        let offer = if self.has(DialogueFault::StarttlsStripped) {
            "250-XXXXXXXX\r\n"
        } else if self.tls.is_some() || self.has(DialogueFault::StarttlsAbsent) {
            ""
        } else {
            "250-STARTTLS\r\n"
        };
        let host = &self.receiver.host;
        format!("250-{host}\r\n{offer}250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
    }

    /// Returns the refusal of STARTTLS, if it is refused.
    fn starttls_refusal(&self) -> Option<Cow<'static, str>> {
        let refusal = if self.tls.is_some() {
            "503 5.5.1 TLS is already active"
        } else if let Some(code) = self.receiver.starttls {
            // After a 2xx a careless client shakes hands.
            return (code >= 300).then(|| format!("{code} no").into());
        } else if self.has(DialogueFault::StarttlsAbsent)
            || self.has(DialogueFault::StarttlsStripped)
        {
            "500 5.5.2 command not recognized"
        } else if self.has(DialogueFault::Starttls454) {
            "454 4.7.0 TLS is not available now"
        } else if self.has(DialogueFault::Starttls554) {
            "554 5.7.0 TLS is not available"
        } else {
            return None;
        };
        Some(refusal.into())
    }

    /// Returns what lets TLS begin.
    fn starttls_go_ahead(&self) -> Cow<'static, str> {
        match self.receiver.starttls {
            Some(code) => format!("{code} fine").into(),
            None if self.has(DialogueFault::Starttls250) => "250 2.0.0 fine".into(),
            None => "220 2.0.0 go ahead".into(),
        }
    }

    async fn mail(&mut self, rest: &str) -> io::Result<String> {
        let Some(helo) = &self.helo else {
            return Ok("503 5.5.1 say EHLO first".to_owned());
        };
        let Some(from) = path(rest, "FROM:") else {
            return Ok("501 5.5.4 that is no reverse path".to_owned());
        };
        from.clone_into(&mut self.mail_from);
        let session = match &mut self.session {
            Some(session) => session,
            none @ None => match Session::open(helo).await {
                Ok(session) => none.insert(session),
                Err(error) => {
                    tracing::error!(%error, "the plain SMTP server is out of reach");
                    return Ok("451 4.3.0 the fake server failed".to_owned());
                }
            },
        };
        Ok(reply_text(&session.mail(from).await?))
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<String> {
        let Some(session) = &mut self.session else {
            return Ok("503 5.5.1 say MAIL first".to_owned());
        };
        let Some(to) = path(rest, "TO:").filter(|path| !path.is_empty()) else {
            return Ok("501 5.5.4 that is no forward path".to_owned());
        };
        if self.receiver.fault == Some(DialogueFault::Greylist.into())
            && !self
                .shared
                .greylist
                .has_met(self.address, &self.mail_from, to)
        {
            return Ok("450 4.2.0 greylisted, try again later".to_owned());
        }
        if self.receiver.fault == Some(DialogueFault::Reject.into()) {
            return Ok("550 5.1.1 no such user".to_owned());
        }
        Ok(reply_text(&session.rcpt(to).await?))
    }

    async fn reset(&mut self) -> io::Result<String> {
        match &mut self.session {
            Some(session) => Ok(reply_text(&session.command("RSET").await?)),
            None => Ok("250 2.0.0 ok".to_owned()),
        }
    }

    /// Takes a message; without a reply the client has gone, or is to go.
    async fn data<S>(&mut self, lines: &mut Lines<S>) -> io::Result<Option<String>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(session) = &mut self.session else {
            return Ok(Some("503 5.5.1 say MAIL first".to_owned()));
        };
        let go_ahead = reply_text(&session.command("DATA").await?);
        let refused = !go_ahead.starts_with('3');
        if refused {
            return Ok(Some(go_ahead));
        }
        self.say(lines, &go_ahead).await?;
        let mut content = Vec::new();
        loop {
            let Some(line) = lines.next().await? else {
                return Ok(None);
            };
            content.extend_from_slice(&line);
            if line == b".\r\n" {
                break;
            }
            if content.len() > MAX_MESSAGE_OCTETS {
                self.say(lines, "552 5.3.4 the message is too long").await?;
                return Ok(None);
            }
        }
        if self.has(DialogueFault::MessageDeferred) {
            self.session = None;
            return Ok(Some("451 4.3.0 not now".to_owned()));
        }
        if self.has(DialogueFault::MessageRejected) {
            self.session = None;
            return Ok(Some("554 5.6.0 not this".to_owned()));
        }
        let Some(session) = &mut self.session else {
            return Ok(None);
        };
        let (reply, message) = session.content(&content).await?;
        if let Some(message) = message {
            self.shared.history.record(Request::SmtpReceived {
                server: self.receiver.host.to_string(),
                address: self.address,
                tls: self.tls.clone(),
                helo: self.helo.clone().unwrap_or_default(),
                mail_from: message.mail_from,
                rcpt_to: message.rcpt_to,
                data: message.data,
            });
        }
        Ok(Some(reply_text(&reply)))
    }
}

/// Returns the path of a MAIL or RCPT command, without its brackets; parameters after it are let pass.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    let (path, _parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    found.eq_ignore_ascii_case(keyword).then_some(path)
}

/// Returns a reply without its last line end.
fn reply_text(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    text.trim_end_matches(['\r', '\n']).to_owned()
}

/// Sends `octets` again and again, then nothing.
async fn pour<S>(lines: &mut Lines<S>, octets: &[u8]) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for _time in 0..ENDLESS_OCTETS / octets.len() {
        lines.send(octets).await?;
    }
    lines.wait_for_end().await?;
    Ok(End::Closed)
}
