//! How a domain changed, as it is shown: its ids and bodies, its record, edges and MX records.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::UnixTime;
use crate::report::{Context, escape};
use crate::sts::ledger::{Change, EdgeSeen, Ledger, MxSeen, Part, RecordSeen, Update};
use crate::sts::policy::MaxAge;

/// How many hexadecimal digits of a checksum tell bodies apart for people.
const SHOWN_DIGITS: usize = 12;

/// How many MX hosts of one change are named before the rest is counted.
const SHOWN_HOSTS: usize = 8;

/// How a domain changed.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct History {
    /// The largest `max_age` of any policy that is remembered.
    largest_max_age_secs: Option<u32>,
    /// The changes of a body or an id that came without the other, in the order in which they were seen.
    updates: Vec<UpdateShown>,
    /// How the domain was set up when its first policy was seen, then what changed, one row a check that saw a
    /// change.
    changes: Vec<ChangeShown>,
}

/// A change of a body or an id that came without the other.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "snake_case",
    tag = "kind"
)]
enum UpdateShown {
    /// The body changed under one id. Where a new id followed, that is the right order, seen midway.
    BodyChanged {
        id: String,
        at: UnixTime,
        /// The id that came with the new body later; null while none did.
        followed_by: Option<String>,
        followed_at: Option<UnixTime>,
    },
    /// An id came before its body: senders that fetched between hold the old body under the new id.
    IdBeforeBody {
        id: String,
        at: UnixTime,
        body_at: UnixTime,
    },
    /// The id changed over one body.
    IdChanged {
        from: String,
        to: String,
        at: UnixTime,
    },
}

/// What was as it is from this check on; null where nothing changed, or nothing was seen.
#[derive(Debug, JsonSchema, Serialize)]
struct ChangeShown {
    /// The check that saw it first.
    seen_at: UnixTime,
    record: Option<RecordSeen>,
    edges: Option<Vec<EdgeSeen>>,
    mx: Option<MxSeen>,
}

impl History {
    /// Tells what the ledger tells.
    pub(super) fn of(ledger: &Ledger) -> Self {
        Self {
            largest_max_age_secs: ledger.largest_max_age().map(|max_age| max_age.as_secs()),
            updates: ledger.updates().iter().map(UpdateShown::of).collect(),
            changes: ChangeShown::gather(ledger.changes()),
        }
    }

    /// Returns the largest `max_age` of any policy that is remembered.
    pub(super) fn largest_max_age(&self) -> Option<MaxAge> {
        MaxAge::from_secs(self.largest_max_age_secs?)
    }

    /// Says it in lines; nothing where nothing changed and nothing is known of the set-up.
    pub(super) fn in_words(&self, context: &Context) -> String {
        let mut text = String::new();
        for update in &self.updates {
            let update = update.in_words(context);
            text.push_str(&format!("  {update}\n"));
        }
        for change in &self.changes {
            let seen_at = context.moment(change.seen_at);
            text.push_str(&format!("  {seen_at}\n"));
            for (name, lines) in change.in_words() {
                for (place, line) in lines.iter().enumerate() {
                    let name = if place == 0 { name } else { "" };
                    text.push_str(&format!("    {name:<7} {}\n", escape::line(line)));
                }
            }
        }
        if !text.is_empty() {
            text.insert_str(0, "\nchanges\n");
        }
        text
    }
}

impl UpdateShown {
    fn of(update: &Update<'_>) -> Self {
        match *update {
            Update::BodyChanged {
                id,
                at,
                followed_by,
            } => Self::BodyChanged {
                id: id.to_string(),
                at,
                followed_by: followed_by.map(|(id, _)| id.to_string()),
                followed_at: followed_by.map(|(_, at)| at),
            },
            Update::IdBeforeBody { id, at, body_at } => Self::IdBeforeBody {
                id: id.to_string(),
                at,
                body_at,
            },
            Update::IdChanged { from, to, at } => Self::IdChanged {
                from: from.to_string(),
                to: to.to_string(),
                at,
            },
        }
    }

    fn in_words(&self, context: &Context) -> String {
        match self {
            Self::BodyChanged {
                id,
                at,
                followed_by,
                followed_at,
            } => {
                let at = context.moment(*at);
                let followed = followed_by.as_ref().zip(*followed_at).map_or_else(
                    || "no new id came with it since".to_owned(),
                    |(id, at)| format!("id {id} followed at {}", context.moment(at)),
                );
                format!("the body changed under id {id} at {at}: {followed}")
            }
            Self::IdBeforeBody { id, at, body_at } => format!(
                "id {id} came before its body: at {} with the old one, at {} with the new one",
                context.moment(*at),
                context.moment(*body_at)
            ),
            Self::IdChanged { from, to, at } => format!(
                "the id changed from {from} to {to} at {}, the body did not",
                context.moment(*at)
            ),
        }
    }
}

impl ChangeShown {
    /// Puts together what the same check saw.
    fn gather(changes: &[Change]) -> Vec<Self> {
        let mut gathered: Vec<Self> = Vec::new();
        for change in changes {
            let has_room =
                |last: &&mut Self| last.seen_at == change.seen_at && !last.has(&change.part);
            match gathered.last_mut().filter(has_room) {
                Some(last) => last.put(&change.part),
                None => {
                    let mut new = Self {
                        seen_at: change.seen_at,
                        record: None,
                        edges: None,
                        mx: None,
                    };
                    new.put(&change.part);
                    gathered.push(new);
                }
            }
        }
        gathered
    }

    const fn has(&self, part: &Part) -> bool {
        match part {
            Part::Edges(_) => self.edges.is_some(),
            Part::Mx(_) => self.mx.is_some(),
            Part::Record(_) => self.record.is_some(),
        }
    }

    fn put(&mut self, part: &Part) {
        match part {
            Part::Edges(edges) => self.edges = Some(edges.clone()),
            Part::Mx(mx) => self.mx = Some(mx.clone()),
            Part::Record(record) => self.record = Some(record.clone()),
        }
    }

    /// Returns the name of each part that changed, and what there is of it now, a line each.
    fn in_words(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> {
        let record = self.record.as_ref().map(|record| {
            let record = match record {
                RecordSeen::Missing => "none".to_owned(),
                RecordSeen::Unusable => "none that can be used".to_owned(),
                RecordSeen::Usable { id } => format!("id {id}"),
            };
            ("record", vec![record])
        });
        let edges = self.edges.as_ref().map(|edges| {
            let lines = if edges.is_empty() {
                vec!["no address of the policy host".to_owned()]
            } else {
                edges.iter().map(edge_in_words).collect()
            };
            ("edges", lines)
        });
        let mx = self.mx.as_ref().map(|mx| ("MX", vec![mx_in_words(mx)]));
        record.into_iter().chain(edges).chain(mx)
    }
}

fn edge_in_words(edge: &EdgeSeen) -> String {
    let address = edge.address;
    match (&edge.body_sha256, edge.status) {
        (Some(sha256), _) => {
            let digits: String = sha256.chars().take(SHOWN_DIGITS).collect();
            format!("{address} serves the policy with sha256 {digits}")
        }
        (None, Some(status)) => format!("{address} serves no policy, status {status}"),
        (None, None) => format!("{address} serves no policy"),
    }
}

fn mx_in_words(mx: &MxSeen) -> String {
    match mx {
        MxSeen::Hosts { hosts } => {
            let hosts: Vec<String> = hosts
                .iter()
                .map(|host| format!("{} {}", host.preference, host.host))
                .collect();
            escape::list(&hosts, SHOWN_HOSTS)
        }
        MxSeen::Implicit => "none: the domain is its own MX host".to_owned(),
        MxSeen::NoDomain => "none: the domain does not exist".to_owned(),
        MxSeen::Null => "0 .: the domain takes no mail".to_owned(),
    }
}
