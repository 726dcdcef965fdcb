//! What is wrong with policies, their hosts and what these answer.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Linter;
use crate::scenario::file::PolicyTable;
use crate::scenario::located::Origin;
use crate::scenario::resolve::end_of_aliases;
use crate::scenario::words::shortened;

/// The headers that say where a body ends: `transfer` has the ways to do that, the wrong ones too.
const FRAMING: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

impl Linter<'_, '_, '_> {
    pub(super) fn policies(&mut self) {
        let tables = self.tables;
        for (_, domain) in tables.domains.iter() {
            let Some(policy) = &domain.policy else {
                continue;
            };
            let shared = policy.cname.as_ref().and_then(|target| {
                let end = end_of_aliases(tables, &target.0);
                let host = tables.hosts.iter().find(|(name, _)| name.value.0 == end);
                host.map(|(_, host)| host)
            });
            // A host of its own that is an alias of nothing that serves policies serves none.
            if policy.cname.is_some() && shared.is_none() {
                continue;
            }
            let base = shared.map_or_else(|| policy.value.clone(), |host| policy.inherit(host));
            let edges = shared.map_or(&policy.edges, |host| &host.edges);
            self.policy(&base, policy.origin);
            for (address, edge) in edges.iter() {
                self.policy(&edge.inherit(&base), address.origin);
            }
        }
    }

    fn policy(&mut self, policy: &PolicyTable, origin: Origin) {
        if let Some(status) = &policy.status
            && !(100..=599).contains(&status.value)
        {
            self.problems.push(
                status.origin,
                format!("the status {} lies outside 100 to 599", status.value),
            );
        }
        let answers = policy
            .status
            .as_ref()
            .is_none_or(|status| status.value == 200);
        let needs_mx = policy
            .mode
            .as_ref()
            .is_some_and(|mode| mode.as_str() != "none");
        if self.could_read_all && !policy.has_body() && policy.fault.is_none() {
            let missing = match (&policy.mode, &policy.max_age, &policy.mx) {
                (None, None, None) if !answers => None,
                (None, _, _) => Some("mode"),
                (Some(_), None, _) => Some("max_age"),
                (Some(_), Some(_), None) if needs_mx => Some("mx"),
                (Some(_), Some(_), _) => None,
            };
            if let Some(missing) = missing {
                self.problems.push_with_help(
                    origin,
                    format!("the policy has no `{missing}`"),
                    "give `mode`, `mx` and `max_age`; to serve a broken one, write its `body`",
                );
            }
        }
        let patterns = policy.mx.iter().flat_map(|mx| mx.iter());
        let values = policy.headers.iter().flat_map(|(_, values)| values.iter());
        let single = [policy.location.as_ref(), policy.reason.as_ref()];
        for text in patterns.chain(values).chain(single.into_iter().flatten()) {
            if text.contains(['\r', '\n']) {
                self.problems
                    .push(text.origin, "a line end cannot stand here");
            }
        }
        for (name, _) in policy.headers.iter() {
            let is_token = !name.is_empty()
                && name
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            if !is_token {
                self.problems.push(
                    name.origin,
                    format!("`{}` is no name of a header", shortened(name)),
                );
            }
            if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
                self.problems.push_with_help(
                    name.origin,
                    format!("`{}` belongs to how the body travels", shortened(name)),
                    "say `transfer` instead: `chunked`, `close` or `cut`",
                );
            }
        }
    }

    /// Finds policy hosts that share an address, and those with edges and nothing that they differ from.
    pub(super) fn policy_addresses(&mut self) {
        let tables = self.tables;
        let own = tables.domains.iter().filter_map(|(name, domain)| {
            let policy = domain.policy.as_ref()?;
            Some((format!("mta-sts.{}", name.0), &policy.value))
        });
        let shared = tables
            .hosts
            .iter()
            .map(|(name, host)| (name.0.to_string(), host));
        let mut taken: BTreeMap<IpAddr, String> = BTreeMap::new();
        for (host, policy) in own.chain(shared) {
            let listed = policy.addresses.iter().flatten();
            let edges = policy.edges.iter().map(|(address, _)| address);
            for address in listed.chain(edges) {
                self.address(address.0, address.origin);
                let other = taken.insert(address.0, host.clone());
                if let Some(other) = other.filter(|other| *other != host) {
                    self.problems.push_with_help(
                        address.origin,
                        format!("{} is an address of {other} already", address.0),
                        "one policy host answers at an address: let both domains be a `cname` of one of `hosts`",
                    );
                }
            }
            if let (None, Some((address, _))) = (&policy.addresses, policy.edges.first()) {
                self.problems.push_with_help(
                    address.origin,
                    format!(
                        "`edges` says what differs at {}, and nothing says from what",
                        address.0
                    ),
                    "list all the host's `addresses`, in the order in which a sender takes them",
                );
            }
        }
    }
}
