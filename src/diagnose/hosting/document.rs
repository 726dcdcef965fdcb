//! Where the policy really lives, in the shape that reports print.

use schemars::JsonSchema;
use serde::Serialize;

use super::found::{Arrangement, Confidence, Hosting, Relation};
use super::places::{ContractEnd, PlaceKind};
use super::sign::{Sign, SignKind};

/// Where the policy really lives.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HostingReport {
    /// The place that keeps the policy, by the name that people call it; null where nothing tells.
    pub place: Option<String>,
    /// What that is.
    pub kind: Option<PlaceKind>,
    /// How sure it is.
    pub sure: Confidence,
    /// When somebody last looked at what is known of the place, as year, month and day.
    pub as_of: Option<String>,
    /// Everything that tells a place, the one that names `place` first, then the strongest.
    pub signs: Vec<SignReport>,
    /// Where the file is changed there; null where the place is not known.
    pub change_at: Option<String>,
    /// Whether the file there follows when the MX records change; null where it is not known, or where the owner
    /// keeps the file.
    pub follows_mx: Option<bool>,
    /// What becomes of the file there when the contract ends; null where it is not known, or where there is none.
    pub contract_end: Option<ContractEnd>,
    /// How `mta-sts` and `_mta-sts` are delegated.
    pub arrangement: Arrangement,
    /// The place that the record is an alias of; null if it is none, or of no known place.
    pub record_place: Option<String>,
    /// The providers that the MX hosts belong to, in the order of the hosts; those that are not known are left out.
    pub mail_providers: Vec<String>,
    /// Who keeps the policy, and who takes the mail.
    pub relation: Relation,
}

/// Something that tells a place.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct SignReport {
    /// What kind of sign it is.
    pub sign: SignKind,
    /// The place that it tells.
    pub place: String,
    /// What was seen: a name, an address, a header and its value.
    pub seen: String,
}

impl From<&Sign> for SignReport {
    fn from(sign: &Sign) -> Self {
        Self {
            sign: sign.kind,
            place: sign.place.name.to_string(),
            seen: sign.seen.to_string(),
        }
    }
}

impl From<&Hosting> for HostingReport {
    fn from(hosting: &Hosting) -> Self {
        let place = hosting.place;
        let first = hosting.strongest();
        let others = hosting.signs.iter().filter(|sign| Some(*sign) != first);
        Self {
            place: place.map(|place| place.name.to_string()),
            kind: place.map(|place| place.kind),
            sure: hosting.certainty,
            as_of: place.map(|place| place.date.to_string()),
            signs: first
                .into_iter()
                .chain(others)
                .map(SignReport::from)
                .collect(),
            change_at: place.map(|place| place.change_at.to_string()),
            follows_mx: place.and_then(|place| place.follows_mx),
            contract_end: place.and_then(|place| place.contract_end),
            arrangement: hosting.arrangement,
            record_place: hosting.record_place.map(|place| place.name.to_string()),
            mail_providers: (hosting.mail.iter())
                .map(|provider| provider.name.to_string())
                .collect(),
            relation: hosting.relation,
        }
    }
}

impl HostingReport {
    /// Says in a few words which place it is, and how sure that is: `EasyDMARC`, `looks like nginx`.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.place, self.sure) {
            (Some(place), Confidence::Documented) => place.clone(),
            (Some(place), Confidence::LooksLike | Confidence::CannotTell) => {
                format!("looks like {place}")
            }
            (None, _) => "cannot tell".to_owned(),
        }
    }

    /// Says which place it is, how sure that is and by which sign.
    #[must_use]
    pub fn place_by_sign(&self) -> String {
        let Some(sign) = self.signs.first().filter(|_| self.place.is_some()) else {
            return "cannot tell at which place: no name, address, header, certificate or body that is known of any"
                .to_owned();
        };
        let documented = match self.sure {
            Confidence::Documented => " (documented)",
            Confidence::LooksLike | Confidence::CannotTell => "",
        };
        format!("{}{documented}, by {}", self.name(), sign.words())
    }

    /// Says what becomes of the file there when the MX records change and when the contract ends; nothing where that
    /// is not known.
    #[must_use]
    pub fn what_then(&self) -> Option<String> {
        let follows = match self.follows_mx {
            Some(false) => Some("it does not follow the MX records".to_owned()),
            Some(true) => Some("it follows the MX records".to_owned()),
            None => None,
        };
        let end = self
            .contract_end
            .map(|end| format!("when the contract ends {end}"));
        let parts: Vec<String> = follows.into_iter().chain(end).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Says how the two names are delegated; nothing where neither is.
    #[must_use]
    pub const fn delegation(&self) -> Option<&'static str> {
        match self.arrangement {
            Arrangement::Apart => {
                Some("policy and id are delegated to different places: they can drift apart")
            }
            Arrangement::Both => Some("policy and id are both delegated there"),
            Arrangement::None => None,
            Arrangement::PolicyHostOnly => Some("the policy is delegated, the id is not"),
            Arrangement::RecordOnly => Some("the id is delegated, the policy is not"),
        }
    }

    /// Says who takes the mail, and whether that is who keeps the policy; nothing where that is not known.
    #[must_use]
    pub fn mail(&self) -> Option<String> {
        let who = match self.mail_providers.as_slice() {
            [] => "another provider".to_owned(),
            providers => providers.join(" and "),
        };
        Some(match self.relation {
            Relation::CannotTell if self.mail_providers.is_empty() => return None,
            Relation::CannotTell => format!("mail at {who}"),
            Relation::MailAtProvider => format!("mail at {who}, the policy kept by the owner"),
            Relation::OneProvider => format!("mail at {who}: one provider for both"),
            Relation::OwnersOwn => "policy and mail are the owner's own".to_owned(),
            Relation::PolicyAtProvider => "mail at the owner's own hosts".to_owned(),
            Relation::TwoProviders => format!("mail at {who}: two providers"),
        })
    }
}

impl SignReport {
    /// Says what it is.
    fn words(&self) -> String {
        let seen = &self.seen;
        match self.sign {
            SignKind::PolicyHostAlias => format!("the CNAME to {seen}"),
            SignKind::Address => format!("its address {seen}"),
            SignKind::AddressOfMx => format!("{seen}, the address of an MX host"),
            SignKind::Header => format!("the header `{seen}`"),
            SignKind::Certificate => format!("its certificate, {seen}"),
            SignKind::Body => format!("the body, {seen}"),
            SignKind::RecordAlias => format!("the CNAME of the record to {seen}"),
        }
    }
}
