//! A story on other addresses: those that a lab of containers really has.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::state::State;
use super::whole::Story;
use crate::fakes::{Internet, RecordData, View};

/// The addresses that servers can stand at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Places {
    /// Those of edges of policy hosts.
    pub edges: Vec<IpAddr>,
    /// Those of MX hosts: the first for the first that the story names, usually the old one.
    pub mx: Vec<IpAddr>,
}

/// Why a story does not fit on some addresses.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PlacesError {
    /// There are too few of them.
    #[error("the story has {wanted} addresses of {what}, and there are places for {there_are}")]
    TooFew {
        /// Of which hosts.
        what: &'static str,
        /// How many it has.
        wanted: usize,
        /// How many there are.
        there_are: usize,
    },
    /// It has name servers, which stand at no place.
    #[error("the story has name servers of its own, and there is no place for them")]
    NameServers,
    /// An address is of the other family.
    #[error("the story has a server at {0}, and there is no place of that family")]
    Family(IpAddr),
}

impl Story {
    /// Returns the story with its servers at these places, the same one from the first step to the last.
    ///
    /// # Errors
    ///
    /// When there are too few places, or none at all for what the story has.
    pub fn at_places(&self, places: &Places) -> Result<Self, PlacesError> {
        let (mut edges, mut receivers) = (Vec::new(), Vec::new());
        for State {
            internet, servers, ..
        } in self.moments.iter().map(|moment| &moment.state)
        {
            if !internet.name_servers.is_empty() {
                return Err(PlacesError::NameServers);
            }
            edges.extend(internet.https.keys().copied());
            for server in servers {
                let of_server = internet
                    .smtp
                    .iter()
                    .filter(|(_, receiver)| receiver.host == *server);
                receivers.extend(of_server.map(|(address, _)| *address));
            }
            receivers.extend(internet.smtp.keys().copied());
        }
        let mut moved = BTreeMap::new();
        for (what, addresses, places) in [
            ("policy hosts", edges, &places.edges),
            ("MX hosts", receivers, &places.mx),
        ] {
            place(what, addresses, places, &mut moved)?;
        }
        let mut story = self.clone();
        for moment in &mut story.moments {
            move_state(&mut moment.state, &moved);
            for expectation in moment.flush.iter_mut().chain(&mut moment.expect) {
                let address = &mut expectation.via_address;
                *address = address.map(|address| to(&moved, address));
            }
        }
        Ok(story)
    }
}

/// Gives each address a place, in order.
fn place(
    what: &'static str,
    addresses: Vec<IpAddr>,
    places: &[IpAddr],
    moved: &mut BTreeMap<IpAddr, IpAddr>,
) -> Result<(), PlacesError> {
    let mut wanted: Vec<IpAddr> = Vec::new();
    for address in addresses {
        if !wanted.contains(&address) {
            wanted.push(address);
        }
    }
    if wanted.len() > places.len() {
        return Err(PlacesError::TooFew {
            what,
            wanted: wanted.len(),
            there_are: places.len(),
        });
    }
    for (address, place) in wanted.into_iter().zip(places) {
        if address.is_ipv4() != place.is_ipv4() {
            return Err(PlacesError::Family(address));
        }
        // What serves both policies and mail stays one host.
        moved.entry(address).or_insert(*place);
    }
    Ok(())
}

fn to(moved: &BTreeMap<IpAddr, IpAddr>, address: IpAddr) -> IpAddr {
    moved.get(&address).copied().unwrap_or(address)
}

fn move_state(state: &mut State, moved: &BTreeMap<IpAddr, IpAddr>) {
    let Internet {
        mut dns,
        mut views,
        name_servers,
        https,
        smtp,
    } = Internet::clone(&state.internet);
    for view in [&mut dns].into_iter().chain(views.values_mut()) {
        move_view(view, moved);
    }
    state.internet = Arc::new(Internet {
        dns,
        views,
        name_servers,
        https: keyed(https, moved),
        smtp: keyed(smtp, moved),
    });
    for sender in &mut state.senders {
        sender.edge = sender.edge.map(|address| to(moved, address));
    }
}

fn keyed<T>(servers: BTreeMap<IpAddr, T>, moved: &BTreeMap<IpAddr, IpAddr>) -> BTreeMap<IpAddr, T> {
    servers
        .into_iter()
        .map(|(address, server)| (to(moved, address), server))
        .collect()
}

fn move_view(view: &mut View, moved: &BTreeMap<IpAddr, IpAddr>) {
    let answers = view
        .names
        .values_mut()
        .flat_map(|name| name.answers.values_mut());
    for record in answers.flat_map(|answer| &mut answer.records) {
        if let Some(address) = record.address() {
            *record = RecordData::of_address(to(moved, address));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::{Places, PlacesError};
    use crate::fakes::RecordKind;
    use crate::sender::Verdict;
    use crate::story::Story;

    fn story() -> Story {
        Story::builder("cutover", "2026-03-02T08:00:00Z".parse().unwrap())
            .sender("strict", "strict")
            .step(Duration::ZERO, "all is well", |world| {
                let policy = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 86400\n";
                let domain = world.domain("corp.test").txt(&["v=STSv1; id=1;"]);
                domain.policy(policy).mx(&[(10, "mx.old.test")]);
                world.server("mx.old.test");
            })
            .expect("corp.test", Verdict::Deliver)
            .step(Duration::from_secs(60), "the MX moves", |world| {
                world.domain("corp.test").mx(&[(10, "a.mx.new.test")]);
                world.server("a.mx.new.test");
            })
            .build()
            .unwrap()
    }

    fn addresses(last: &[u8]) -> Vec<IpAddr> {
        last.iter()
            .map(|last| IpAddr::from([203, 0, 113, *last]))
            .collect()
    }

    #[test]
    fn servers_stand_at_their_places_and_the_dns_says_so() {
        let places = Places {
            edges: addresses(&[11, 12]),
            mx: addresses(&[21, 22, 23]),
        };
        let placed = story().at_places(&places).unwrap();
        let last = &placed.moments[1].state.internet;
        let of = |name: &str| last.dns.names[name].answers[&RecordKind::A].records[0].address();
        for (name, place) in [
            ("mta-sts.corp.test", 11),
            ("mx.old.test", 21),
            ("a.mx.new.test", 22),
        ] {
            assert_eq!(of(name), Some([203, 0, 113, place].into()), "{name}");
        }
        let edges: Vec<&IpAddr> = last.https.keys().collect();
        assert_eq!(edges, [&addresses(&[11])[0]]);
        let hosts: Vec<(IpAddr, &str)> = last
            .smtp
            .iter()
            .map(|(address, receiver)| (*address, receiver.host.as_str()))
            .collect();
        let [old, new] = addresses(&[21, 22])[..] else {
            unreachable!("two");
        };
        assert_eq!(hosts, [(old, "mx.old.test"), (new, "a.mx.new.test")]);
    }

    #[test]
    fn servers_take_the_places_in_the_order_in_which_they_are_told() {
        let story = Story::builder("two", "2026-03-02T08:00:00Z".parse().unwrap())
            .sender("strict", "strict")
            .step(Duration::ZERO, "two hosts", |world| {
                world
                    .domain("corp.test")
                    .mx(&[(10, "b.test"), (20, "a.test")]);
                world.server("b.test");
                world.server("a.test");
            })
            .expect("corp.test", Verdict::DeliverUnprotected)
            .build()
            .unwrap();
        let places = Places {
            edges: Vec::new(),
            mx: addresses(&[21, 22]),
        };
        let placed = story.at_places(&places).unwrap();
        let state = &placed.moments[0].state;
        for (server, place) in state.servers.iter().zip(addresses(&[21, 22])) {
            assert_eq!(state.internet.smtp[&place].host, *server, "{place}");
        }
    }

    #[test]
    fn a_story_with_more_servers_than_places_is_refused() {
        let few = Places {
            edges: addresses(&[11]),
            mx: addresses(&[21]),
        };
        assert_eq!(
            story().at_places(&few),
            Err(PlacesError::TooFew {
                what: "MX hosts",
                wanted: 2,
                there_are: 1
            })
        );
        let other = Places {
            edges: vec!["2001:db8::11".parse().unwrap()],
            ..few
        };
        assert!(matches!(
            story().at_places(&other),
            Err(PlacesError::Family(_))
        ));
    }
}
