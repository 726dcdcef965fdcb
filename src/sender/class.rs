//! How a kind of sender behaves, as data.
//!
//! RFC 8461 leaves a sender much room: when it asks for the TXT record, whether it refreshes. What a
//! migration does to mail depends on it, so the room is spelled out and every class is a row of it.

use std::time::Duration;

use super::candidates::ImplicitMx;
use crate::sts::reading::Reading;
use crate::sts::refresh::DAILY;

/// How long a sender keeps a message that it cannot deliver, unless said otherwise: five days
/// ([RFC 5321, Section 4.5.4.1]: "at least 4-5 days").
///
/// [RFC 5321, Section 4.5.4.1]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.1
pub const QUEUE_LIFE: Duration = Duration::from_secs(5 * 86_400);

/// The behaviour of a kind of sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SenderClass {
    /// Its name, as scenarios and reports write it.
    pub name: &'static str,
    /// One sentence on what it is.
    pub about: &'static str,
    /// When it asks for the TXT record.
    pub txt_use: TxtUse,
    /// How long after a successful fetch it fetches again, whatever the TXT record says; `None`: never.
    pub refresh_after: Option<Duration>,
    /// How it reads records and policies.
    pub reading: Reading,
    /// Which name it takes for the MX host of a domain that is an alias and has no MX record.
    pub implicit_mx: ImplicitMx,
    /// How long a message stays queued before it bounces.
    pub queue_life: Duration,
}

/// When a sender asks for the TXT record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TxtUse {
    /// Before each delivery ([RFC 8461, Section 5.1]).
    ///
    /// [RFC 8461, Section 5.1]: https://www.rfc-editor.org/rfc/rfc8461#section-5.1
    BeforeEachDelivery,
    /// Never: it does not know MTA-STS.
    Never,
    /// Only without a valid cached policy, and again when an enforced policy stopped a delivery: the least
    /// that Section 5.1 asks for.
    WithoutPolicyOrAfterFailure,
}

/// The classes, conforming ones first.
const CLASSES: [SenderClass; 4] = [
    SenderClass {
        name: "strict",
        about: "asks for the TXT record before each delivery and fetches the policy once a day",
        txt_use: TxtUse::BeforeEachDelivery,
        refresh_after: Some(DAILY),
        reading: Reading::Letter,
        implicit_mx: ImplicitMx::AliasEnd,
        queue_life: QUEUE_LIFE,
    },
    SenderClass {
        name: "lazy",
        about: "asks for the TXT record only without a valid policy and after an enforce failure; never refreshes",
        txt_use: TxtUse::WithoutPolicyOrAfterFailure,
        refresh_after: None,
        reading: Reading::Letter,
        implicit_mx: ImplicitMx::AliasEnd,
        queue_life: QUEUE_LIFE,
    },
    SenderClass {
        name: "no-refresh",
        about: "asks for the TXT record before each delivery; never refreshes",
        txt_use: TxtUse::BeforeEachDelivery,
        refresh_after: None,
        reading: Reading::Letter,
        implicit_mx: ImplicitMx::AliasEnd,
        queue_life: QUEUE_LIFE,
    },
    SenderClass {
        name: "no-sts",
        about: "does not know MTA-STS; TLS only if offered",
        txt_use: TxtUse::Never,
        refresh_after: None,
        reading: Reading::Letter,
        implicit_mx: ImplicitMx::AliasEnd,
        queue_life: QUEUE_LIFE,
    },
];

impl SenderClass {
    /// Returns all classes, the conforming ones first.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &CLASSES
    }

    /// Returns the class that does all that RFC 8461 asks of a sender.
    #[must_use]
    pub const fn strict() -> &'static Self {
        let [strict, ..] = &CLASSES;
        strict
    }

    /// Returns the class of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Returns the classes that `check` judges: the two ends of what RFC 8461 leaves open. What a class between
    /// them does at a moment, one of them does.
    #[must_use]
    pub fn judged() -> &'static [Self] {
        const JUDGED: usize = 2;
        CLASSES.split_at(JUDGED).0
    }

    /// Returns whether the class enforces MTA-STS at all.
    #[must_use]
    pub const fn is_conforming(&self) -> bool {
        !matches!(self.txt_use, TxtUse::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::SenderClass;

    #[test]
    fn classes_are_found_by_their_names() {
        for class in SenderClass::all() {
            assert_eq!(SenderClass::by_name(class.name), Some(class));
        }
        assert_eq!(SenderClass::by_name("Strict"), None);
        let judged = SenderClass::judged().iter().map(|class| class.name);
        assert_eq!(judged.collect::<Vec<_>>(), ["strict", "lazy"]);
    }
}
