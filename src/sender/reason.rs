//! Why an attempt ended as it did.

use std::fmt;

use super::deliver::{Skipped, Try};
use super::found::NoPolicy;
use crate::facts::dns::DnsFailure;
use crate::facts::smtp::Reply;
use crate::facts::{DnsName, Say, Sentence};

/// Why a message is delivered or not. `Display` says it in one sentence without a full stop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The policy lists the host, and its certificate is valid.
    Validated {
        /// The MX host.
        host: DnsName,
    },
    /// The policy lists the host, which was not looked at.
    Listed {
        /// The MX host.
        host: DnsName,
    },
    /// The host passes the policy, whose mode is testing.
    PassesTesting {
        /// The MX host.
        host: DnsName,
    },
    /// The host does not pass the policy, whose mode is testing.
    OnlyTesting {
        /// The MX host.
        host: DnsName,
        /// What came of it.
        tried: Option<Box<Try>>,
    },
    /// No policy applies.
    WithoutPolicy {
        /// The MX host.
        host: DnsName,
        /// Why.
        why: NoPolicy,
    },
    /// The policy's mode is none.
    ModeNone {
        /// The MX host.
        host: DnsName,
    },
    /// The domain takes no mail (RFC 7505).
    NullMx,
    /// The domain does not exist.
    NoDomain,
    /// The MX records could not be looked up.
    MxUnknown(DnsFailure),
    /// No MX host has an address, or the domain has neither an MX record nor an address.
    NoAddress {
        /// What was found of each MX host.
        tries: Vec<Try>,
    },
    /// No MX host can be used.
    NoUsableHost {
        /// What came of each, in the order in which they were tried.
        tries: Vec<Try>,
    },
    /// The receiver rejected the message for good.
    Rejected(Reply),
    /// The message has waited too long for this to be mended.
    WaitedTooLong(Box<Self>),
}

impl Reason {
    /// Returns whether it names why the policy could not be fetched.
    #[must_use]
    pub fn names_fetch_error(&self) -> bool {
        match self {
            Self::WithoutPolicy { why, .. } => match why {
                NoPolicy::FetchFailed(_) => true,
                NoPolicy::BackedOff { .. }
                | NoPolicy::MailIsTlsReport
                | NoPolicy::NoRecord
                | NoPolicy::RecordUnusable(_)
                | NoPolicy::RecordUnknown(_)
                | NoPolicy::SenderIgnoresSts => false,
            },
            Self::WaitedTooLong(reason) => reason.names_fetch_error(),
            Self::Validated { .. }
            | Self::Listed { .. }
            | Self::PassesTesting { .. }
            | Self::OnlyTesting { .. }
            | Self::ModeNone { .. }
            | Self::NullMx
            | Self::NoDomain
            | Self::MxUnknown(_)
            | Self::NoAddress { .. }
            | Self::NoUsableHost { .. }
            | Self::Rejected(_) => false,
        }
    }
}

impl Say for Reason {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Validated { host } => sentence.words(format_args!(
                "{host} is in the policy and its certificate is valid"
            )),
            Self::Listed { host } => sentence.words(format_args!(
                "{host} is in the policy, and is taken as sound"
            )),
            Self::PassesTesting { host } => sentence.words(format_args!(
                "{host} passes the policy, whose mode is testing"
            )),
            Self::OnlyTesting { host, tried } => sentence
                .words(format_args!(
                    "mail goes to {host} only because the mode is testing: "
                ))
                .join("", tried.as_deref()),
            Self::WithoutPolicy { host, why } => sentence
                .words(format_args!("mail goes to {host} without MTA-STS: "))
                .add(why),
            Self::ModeNone { host } => sentence.words(format_args!(
                "mail goes to {host} without MTA-STS: the policy's mode is none"
            )),
            Self::NullMx => sentence.words("the domain takes no mail: it has a null MX (RFC 7505)"),
            Self::NoDomain => sentence.words("the domain does not exist"),
            Self::MxUnknown(failure) => sentence
                .words("the MX records could not be looked up: ")
                .add(failure),
            Self::NoAddress { tries } => say_tries(
                "there is no address to send mail to (RFC 5321, Section 5.1): ",
                tries,
                sentence,
            ),
            Self::NoUsableHost { tries } => say_tries("no MX host can be used: ", tries, sentence),
            Self::Rejected(reply) => {
                sentence.words(format_args!("the receiver rejected the message: {reply}"))
            }
            Self::WaitedTooLong(reason) => sentence
                .words("the message has waited too long: ")
                .add(&**reason),
        };
    }
}

/// How many MX hosts a reason names.
const SHOWN: usize = 3;

fn say_tries<'s>(lead: &str, tries: &[Try], sentence: &'s mut Sentence) -> &'s mut Sentence {
    sentence.words(lead).join("; ", tries.iter().take(SHOWN));
    match tries.len().saturating_sub(SHOWN) {
        0 => sentence,
        more => sentence.words(format_args!("; and {more} more")),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

/// What stands against a candidate, or what came of it.
impl Say for Try {
    fn say(&self, sentence: &mut Sentence) {
        let name = &self.candidate.exchange;
        match &self.skipped {
            Some(Skipped::NotListed) => {
                sentence.words(format_args!("{name} is not in the policy"));
            }
            Some(Skipped::NoHost) => {
                sentence.words(format_args!("{name} is not a host name"));
            }
            Some(Skipped::NoAddress(found)) => match &found.failure {
                Some(failure) => {
                    sentence
                        .words(format_args!(
                            "the address of {name} could not be looked up: "
                        ))
                        .add(failure);
                }
                None => {
                    sentence.words(format_args!("{name} {}", found.absence()));
                }
            },
            None => {
                let is_unlisted = self.is_listed == Some(false);
                sentence.words(name);
                sentence.words(if is_unlisted {
                    " is not in the policy ("
                } else {
                    ": "
                });
                // The last address decided: each before it was passed over.
                sentence.join("", self.addresses.last());
                if is_unlisted {
                    sentence.words(")");
                }
            }
        }
    }
}
