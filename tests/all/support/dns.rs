//! A DNS server over UDP and TCP whose replies a test makes.

use std::net::SocketAddr;
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// How a question came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// The server; dropping it ends it.
pub(crate) struct DnsServer {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl DnsServer {
    /// Starts on a free port; `answer` makes the reply, or none for silence.
    pub(crate) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&Message, Transport) -> Option<Message> + Send + Sync + 'static,
    {
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let answer = Arc::new(answer);
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let answer = Arc::clone(&answer);
            async move {
                let mut octets = [0; 4_096];
                loop {
                    let (length, from) = udp.recv_from(&mut octets).await.unwrap();
                    let asked = Message::from_vec(&octets[..length]).unwrap();
                    if let Some(reply) = answer(&asked, Transport::Udp) {
                        let _gone = udp.send_to(&reply.to_vec().unwrap(), from).await;
                    }
                }
            }
        });
        tasks.spawn(async move {
            loop {
                let (mut stream, _from) = tcp.accept().await.unwrap();
                let length = usize::from(stream.read_u16().await.unwrap());
                let mut octets = vec![0; length];
                stream.read_exact(&mut octets).await.unwrap();
                let asked = Message::from_vec(&octets).unwrap();
                if let Some(reply) = answer(&asked, Transport::Tcp) {
                    let octets = reply.to_vec().unwrap();
                    stream
                        .write_u16(u16::try_from(octets.len()).unwrap())
                        .await
                        .unwrap();
                    let _gone = stream.write_all(&octets).await;
                }
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }
}

/// Begins the reply to a question.
pub(crate) fn reply_to(asked: &Message, rcode: ResponseCode) -> Message {
    let mut reply = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = true;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = rcode;
    reply.queries.clone_from(&asked.queries);
    reply
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

pub(crate) fn record(owner: &str, ttl: u32, data: RData) -> Record {
    Record::from_rdata(name(owner), ttl, data)
}

pub(crate) fn cname(owner: &str, ttl: u32, target: &str) -> Record {
    record(owner, ttl, RData::CNAME(CNAME(name(target))))
}

/// The SOA that says how long an absence may be believed: the lesser of its TTL and its minimum.
pub(crate) fn soa(ttl: u32, minimum: u32) -> Record {
    let soa = SOA::new(name("ns.test."), name("host.test."), 1, 2, 3, 4, minimum);
    record("test.", ttl, RData::SOA(soa))
}
