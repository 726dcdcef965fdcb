//! The fake Internet on loopback.

pub mod fault;
pub mod history;
pub mod state;

pub use fault::{
    DialogueFault, DnsFault, HttpsFault, ListenerFault, SmtpFault, TlsFault, UnknownName,
};
pub use history::{Request, Transport};
pub use state::{
    Answer, CertificateFault, CertificateSpec, Edge, Framing, Identity, KeyKind, Life, NameState,
    Pace, Page, Receiver, RecordData, RecordKind, Response, Site, TlsVersions, View, WorldState,
};
