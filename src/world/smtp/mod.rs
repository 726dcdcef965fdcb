//! The SMTP receivers: a relay of ours before one plain server, so that the wire is ours to spoil.

mod dialogue;
mod greylist;
mod lines;
mod upstream;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use self::dialogue::{Dialogue, End};
pub(super) use self::greylist::Greylist;
use self::lines::Lines;
use super::door::Serve;
use super::history::Request;
use super::served::Shared;
use super::tls;
use crate::fakes::{DialogueFault, ListenerFault, Receiver, SmtpFault};

/// The octets of a TLS handshake record begin with this one.
const HANDSHAKE_RECORD: u8 = 22;

/// Serves the connections to one address, whatever is there at the time.
#[derive(Clone, Debug)]
pub(super) struct SmtpServer {
    pub(super) address: IpAddr,
    pub(super) shared: Arc<Shared>,
}

impl Serve for SmtpServer {
    async fn serve(self, stream: TcpStream) {
        if let Err(error) = Box::pin(self.converse(stream)).await {
            tracing::debug!(address = %self.address, %error, "an SMTP connection ended early");
        }
    }
}

impl SmtpServer {
    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        let history = &self.shared.history;
        let served = self.shared.served();
        let Some(served) = served.smtp.get(&self.address) else {
            history.record_unannounced(Request::SmtpConnect {
                server: String::new(),
                address: self.address,
            });
            return tls::reset(&stream);
        };
        let receiver = &served.receiver;
        history.record(Request::SmtpConnect {
            server: receiver.host.to_string(),
            address: self.address,
        });
        stream.set_nodelay(true)?;
        if let Some(SmtpFault::Listener(fault)) = receiver.fault {
            return match fault {
                ListenerFault::Silence => tls::wait_for_end(&mut stream).await,
                // The door does the first two; they are here only while a fault is being set.
                ListenerFault::Refused | ListenerFault::Blackhole | ListenerFault::Reset => {
                    tls::reset(&stream)
                }
            };
        }
        let mut dialogue = Dialogue::new(receiver, self.address, &self.shared);
        let mut lines = Lines::new(stream);
        if dialogue.greet(&mut lines).await? == End::Closed {
            return lines.close().await;
        }
        loop {
            if dialogue.run(&mut lines).await? == End::Closed {
                return lines.close().await;
            }
            // Whatever came with STARTTLS is thrown away (RFC 3207, Section 4.2).
            let mut stream = lines.into_inner();
            if !self.begins_handshake(receiver, &mut stream).await? {
                lines = Lines::new(stream);
                continue;
            }
            let handshake = tls::read_client_hello(stream).await?;
            history.record(Request::SmtpHandshake {
                server: receiver.host.to_string(),
                address: self.address,
                sni: tls::sni(&handshake),
            });
            match receiver.fault {
                Some(SmtpFault::Alert(alert)) => return tls::answer(alert, handshake.io).await,
                Some(SmtpFault::Tls(fault)) if !tls::is_spared(fault, &handshake) => {
                    return tls::suffer(fault, handshake.io).await;
                }
                Some(SmtpFault::Listener(_) | SmtpFault::Tls(_) | SmtpFault::Dialogue(_))
                | None => {}
            }
            let stream = tls::finish(handshake, Arc::clone(&served.config)).await?;
            dialogue.enter_tls(tls::version_name(&stream));
            let mut lines = Lines::new(stream);
            // STARTTLS is not offered inside TLS, so the dialogue can only end.
            dialogue.run(&mut lines).await?;
            return lines.close().await;
        }
    }

    /// Waits for what follows the answer to STARTTLS, and spoils it.
    async fn begins_handshake(
        &self,
        receiver: &Receiver,
        stream: &mut TcpStream,
    ) -> io::Result<bool> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if receiver.fault == Some(DialogueFault::InjectedLater.into()) {
            stream.write_all(b"250 injected\r\n").await?;
        }
        // After another code than 220 a careful client stays in clear text.
        let is_in_doubt = receiver.starttls.is_some()
            || receiver.fault == Some(DialogueFault::Starttls250.into());
        Ok(!is_in_doubt || first == [HANDSHAKE_RECORD])
    }
}
