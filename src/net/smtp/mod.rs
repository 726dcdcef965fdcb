//! SMTP, as a sender speaks it: greeting, EHLO, STARTTLS, EHLO, perhaps a message, QUIT.

mod connect;
mod envelope;
pub mod framing;
mod handshake;
mod session;
mod tap;
mod wire;

pub(super) use session::SmtpClient;
