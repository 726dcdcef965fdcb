//! What servers that lag gave before a step.

use crate::fakes::{Internet, View};

/// Tells the servers that lag what they gave in the state before; in the first one nothing came before.
pub(in crate::scenario) fn look_back(internet: &mut Internet, before: Option<&Internet>) {
    for (address, edge) in &mut internet.https {
        let old = before.and_then(|before| before.https.get(address));
        edge.lag = edge.lag.take().and_then(|mut lag| {
            lag.before.clone_from(&old?.pages);
            (lag.before != edge.pages).then_some(lag)
        });
    }
    for (address, server) in &mut internet.name_servers {
        let old = before.and_then(|before| Some((before, before.name_servers.get(address)?)));
        server.lag = server.lag.take().and_then(|mut lag| {
            let (before, old) = old?;
            // What everybody saw then, and what it said otherwise.
            let names = before.dns.names.iter().chain(&old.says.names);
            lag.before = View {
                names: names
                    .map(|(name, said)| (name.clone(), said.clone()))
                    .collect(),
                ..old.says.clone()
            };
            Some(lag)
        });
    }
}
