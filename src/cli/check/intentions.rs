//! What is intended for the domains of a run, from options and files.

use std::path::Path;

use anyhow::bail;

use super::CheckArgs;
use super::domains::Domains;
use super::intention_file;
use super::policy_file::{not_to_the_letter, read_policy};
use crate::cli::output::tell_problem;
use crate::cli::repeat::quoted;
use crate::cli::spelling::hint;
use crate::diagnose::intended::{Intention, Intentions, Phase};
use crate::diagnose::vantage::IntendedOptions;
use crate::facts::DnsName;
use crate::report::text::Look;
use crate::sender::Limits;

/// What is intended, and the options that say it once more.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) intentions: Intentions,
    pub(super) options: Option<IntendedOptions>,
}

/// Reads what is intended. The domains of a file are those of the run, or those of the run have to be among them.
///
/// # Errors
///
/// When options do not go together, or a file cannot be read. `None` where the file of `--intended` is wrong: what
/// is wrong with it has been reported, with this look.
pub(super) fn read(
    args: &CheckArgs,
    domains: &mut Domains,
    look: Look,
) -> anyhow::Result<Option<Meaning>> {
    let intended = &args.intended;
    let phase = intended.phase.map(Phase::from);
    if (intended.intended.is_some() || !intended.intended_mx.is_empty()) && args.next_hop.is_some()
    {
        bail!(
            "--next-hop passes over the MX records of the domain, and what is intended is about them: leave one of them out"
        );
    }
    match (&intended.intended, intended.intended_mx.as_slice()) {
        (Some(_), [_, ..]) => bail!(
            "--intended says what is intended for each domain, and --intended-mx for all of them: leave one of them out"
        ),
        (Some(_), []) if intended.intended_policy.is_some() => bail!(
            "--intended-policy goes with --intended-mx; in the file of --intended a policy is `policy` or \
             `policy_file` of its domain"
        ),
        (Some(_), []) if intended.intended_id.is_some() => bail!(
            "--intended-id goes with --intended-mx; in the file of --intended an id is `id` of its domain"
        ),
        (Some(path), []) => {
            let mut intentions = match intention_file::load(path) {
                Ok(intentions) => intentions,
                Err(problems) => {
                    for problem in &problems {
                        tell_problem("", problem, look);
                    }
                    return Ok(None);
                }
            };
            narrow(path, &intentions, domains)?;
            for intention in intentions.values_mut() {
                intention.phase = phase;
            }
            let options = format!(
                "--intended {}{}",
                quoted(&path.to_string_lossy()),
                of_phase(phase)
            );
            Ok(Some(Meaning {
                intentions,
                options: Some(IntendedOptions {
                    of_one: options.clone(),
                    of_all: Some(options),
                }),
            }))
        }
        (None, hosts @ [_, ..]) => {
            if domains.names.is_empty() && !domains.has_bad_line {
                bail!(
                    "no domain is given: name it before --intended-mx, which takes every name that follows for an MX \
                     host"
                );
            }
            of_hosts(args, hosts, domains, phase).map(Some)
        }
        (None, []) if intended.intended_policy.is_some() => {
            bail!(
                "--intended-policy goes with --intended-mx: name the hosts that are to take the mail"
            )
        }
        (None, []) if intended.intended_id.is_some() => {
            bail!("--intended-id goes with --intended-mx: name the hosts that are to take the mail")
        }
        (None, []) if phase.is_some() => {
            bail!(
                "--phase goes with --intended-mx or --intended: name the hosts that are to take the mail"
            )
        }
        (None, []) => Ok(Some(Meaning::default())),
    }
}

/// Means the same hosts for every domain of the run.
fn of_hosts(
    args: &CheckArgs,
    hosts: &[DnsName],
    domains: &Domains,
    phase: Option<Phase>,
) -> anyhow::Result<Meaning> {
    let mut meaning = Meaning::default();
    let Some(mut intention) = Intention::new(hosts.iter().cloned()) else {
        return Ok(meaning);
    };
    let most = Limits::default().mx_hosts;
    if intention.hosts().len() > most {
        bail!(
            "--intended-mx names {} hosts: name {most} at most, for no more MX hosts of a domain are connected to",
            intention.hosts().len()
        );
    }
    intention.phase = phase;
    let path = args.intended.intended_policy.as_deref();
    if let Some(path) = path {
        let to_publish = read_policy(path)?
            .map_err(|error| anyhow::anyhow!("{}:{}", path.display(), not_to_the_letter(&error)))?;
        intention.policy = Some(to_publish);
    }
    intention.id.clone_from(&args.intended.intended_id);
    let names: Vec<&str> = intention.hosts().iter().map(DnsName::as_str).collect();
    let policy = path.map_or_else(String::new, |path| {
        format!(" --intended-policy {}", quoted(&path.to_string_lossy()))
    });
    let id = (intention.id.as_ref()).map_or_else(String::new, |id| format!(" --intended-id {id}"));
    meaning.options = Some(IntendedOptions {
        of_one: format!(
            "--intended-mx {}{policy}{id}{}",
            names.join(" "),
            of_phase(phase)
        ),
        of_all: None,
    });
    for domain in &domains.names {
        meaning.intentions.insert(domain.clone(), intention.clone());
    }
    Ok(meaning)
}

/// Holds a wait to domains of which a policy is intended: one that waits for less than its caller thinks would let an
/// id out too early.
///
/// # Errors
///
/// When there is nothing to wait for.
pub(super) fn hold_to_policies(args: &CheckArgs, meaning: &Meaning) -> anyhow::Result<()> {
    if args.intended.wait.is_none() {
        return Ok(());
    }
    if meaning.intentions.is_empty() {
        bail!(
            "--wait waits for what is intended: say it with --intended-mx HOST... --intended-policy FILE, or with \
             --intended FILE"
        );
    }
    let mut intentions = meaning.intentions.iter();
    match intentions.find(|(_, intention)| intention.policy.is_none()) {
        Some((domain, _)) => bail!(
            "--wait waits for a policy, and none is intended for {domain}: name it with --intended-policy, or in the file \
             of --intended with `policy` or `policy_file`"
        ),
        None => Ok(()),
    }
}

fn of_phase(phase: Option<Phase>) -> String {
    phase.map_or_else(String::new, |phase| format!(" --phase {}", phase.as_str()))
}

/// Takes the domains of the file, or holds those of the run to them.
fn narrow(path: &Path, intentions: &Intentions, domains: &mut Domains) -> anyhow::Result<()> {
    if domains.names.is_empty() && !domains.has_bad_line {
        domains.names = intentions.keys().cloned().collect();
        return Ok(());
    }
    match domains
        .names
        .iter()
        .find(|name| !intentions.contains_key(*name))
    {
        Some(unknown) => bail!(
            "`{}` says nothing of {unknown}{}",
            path.display(),
            hint(unknown.as_str(), intentions.keys().map(DnsName::as_str))
        ),
        None => Ok(()),
    }
}
