//! The run: many domains at once, each result written as it comes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::CheckArgs;
use super::domains::Domains;
use super::evidence::Evidence;
use super::intentions::{self, Meaning};
use super::rounds::LiveRounds;
use super::waiting::Teller;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::jobs::Jobs;
use crate::cli::live;
use crate::cli::output::{Output, keep_apart, tell};
use crate::cli::repeat::quoted;
use crate::cli::values::{NextHop, Probe};
use crate::diagnose::document::{DomainReport, SentReport, Severity};
use crate::diagnose::send::{self, Envelope};
use crate::diagnose::vantage::Vantage;
use crate::diagnose::wait::{Wait, Waiting, check_when_there};
use crate::diagnose::{self, Checked, exit_code};
use crate::facts::DnsName;
use crate::facts::smtp::SmtpPort;
use crate::net::Live;
use crate::net::routes::Routes;
use crate::report::text::{self, Tally};
use crate::report::{self, Company, Context, Run, Sink, Steps};
use crate::sender::candidates::MxUse;
use crate::sender::memo::{MxHosts, Probes};
use crate::sender::{Limits, Network as _, Reach, Stop};
use crate::sts::ledger::Ledger;

/// Checks every domain.
///
/// # Errors
///
/// When an option, the input, the store or the output cannot be used.
pub async fn run(args: &CheckArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let mut domains = Domains::read(args)?;
    let Some(meaning) = intentions::read(args, &mut domains, environment.look_of_messages())?
    else {
        return Ok(Exit::Usage);
    };
    intentions::hold_to_policies(args, &meaning)?;
    if domains.names.is_empty() {
        if domains.has_bad_line {
            return Ok(Exit::Usage);
        }
        bail!("no domain is given: name one, or a file of them with --input FILE");
    }
    if let Some(probe) = &args.send {
        if args.no_smtp {
            bail!("--send speaks to an MX host, and --no-smtp to none: leave one of them out");
        }
        hold_to_the_domain(probe, args.next_hop.as_ref(), &domains.names)?;
    }
    let next_hop = args.next_hop.as_ref();
    let smtp_port = next_hop.map_or_else(SmtpPort::default, |hop| hop.port);
    let reach = Reach::default();
    let network = live::network(&args.network, args.work.helo.as_ref(), smtp_port)?
        .noting_reach(reach.clone());
    for line in args.inherited.lines(&args.network) {
        tell(line);
    }
    let store = environment.store_for(&args.network, &args.cache);
    keep_apart(args.output.output.as_deref(), store)?;
    let evidence = Evidence::open(store)?;
    let (names, for_domains) = by_way_of(next_hop, domains.names);
    let company = if names.len() > 1 {
        Company::Many
    } else {
        Company::Alone
    };
    let output = Output::open(args.output.output.as_deref())?;
    let head = Run {
        source_address: args.network.source,
        ..Run::new(network.now(), resolvers(&network))
    };
    let options = report::check::Options {
        context: context(args, environment, &network, company),
        order: names.clone(),
    };
    let form = report::check::form(args.output.format.into(), head, options);
    let mut sink = Sink::new(output, form);
    let mut tally = Tally::default();
    let mut exit = if domains.has_bad_line {
        Exit::Usage
    } else {
        Exit::Success
    };
    let stop = Stop::default();
    // Who waits takes no place: only those that look at once are counted.
    let at_once = match args.intended.wait {
        Some(_) => NonZeroUsize::new(names.len()).unwrap_or(args.work.jobs),
        None => args.work.jobs,
    };
    let jobs = Jobs::new("domains", at_once, environment).stopped_by(stop.clone());
    let patience = args.intended.wait.map(|patience| Patience {
        wait: Wait::new(network.clock().stopwatch(), patience),
        rounds: LiveRounds::new(network.clone(), args.work.jobs),
        teller: Teller {
            progress: jobs.progress(),
            context: environment.context(None, network.now()),
        },
    });
    let job = Arc::new(Job {
        network,
        patience,
        probes: Probes::noting_reach(reach),
        evidence,
        options: diagnose::Options {
            limits: Limits {
                mx: next_hop.map_or(MxUse::LookedUp, |hop| hop.mx),
                ..Limits::default()
            },
            mx_hosts: if args.no_smtp {
                MxHosts::Assumed
            } else {
                MxHosts::Probed
            },
            smtp_port,
            time: Some(args.work.deadline),
            stop: Some(stop.clone()),
            allowed: args.network.allow_net.clone(),
            vantage: vantage(args, &meaning),
            intentions: meaning.intentions,
            wait_for: (args.intended.wait).map(|_| args.intended.wait_for.into()),
        },
        send: args.send.clone(),
        for_domains,
        stop: stop.clone(),
    });
    let checked = jobs.run(
        names,
        |domain| {
            let job = Arc::clone(&job);
            async move { job.check(domain).await }
        },
        |report| {
            tally.add(&report);
            let exit = exit_of(&report, args.fail_on.into());
            sink.write(report).context("writing the result")?;
            Ok(exit)
        },
    );
    exit = exit.and(checked.await?);
    if job.evidence.has_failed() {
        exit = exit.and(Exit::Usage);
    }
    sink.finish().context("writing the result")?.finish()?;
    if args.output.output.is_some() && tally.domains() > 0 {
        let context = context(args, environment, &job.network, company);
        tell(text::outcome(&tally, &context));
    }
    Ok(exit)
}

/// What the checks of a run share.
struct Job {
    network: Live,
    /// How long is waited before a check; `None` if nobody waits.
    patience: Option<Patience>,
    probes: Probes,
    evidence: Evidence,
    options: diagnose::Options,
    send: Option<Probe>,
    /// The domains whose smart host is checked in their place.
    for_domains: Vec<DnsName>,
    /// What ends a check before its time.
    stop: Stop,
}

/// How a run waits.
struct Patience {
    /// As every domain begins: what passed since the run began is spent for all.
    wait: Wait,
    rounds: LiveRounds,
    teller: Teller,
}

impl Job {
    async fn check(&self, domain: DnsName) -> DomainReport {
        let remembered = self.evidence.recall(&domain).await;
        let checked = self.look(&domain, remembered.as_ref()).await;
        self.evidence.record(&domain, checked.look).await;
        let mut report = checked.report;
        report.for_domains.clone_from(&self.for_domains);
        if let Some(probe) = &self.send {
            let envelope = Envelope {
                from: probe.from.as_ref().map(ToString::to_string),
                to: probe.to.to_string(),
            };
            report.sent = self.send(&report, &envelope).await;
        }
        report
    }

    /// Checks a domain, once what is waited for is there.
    async fn look(&self, domain: &DnsName, remembered: Option<&Ledger>) -> Checked {
        let Some(patience) = &self.patience else {
            let network = self.network.for_one_domain();
            return diagnose::check(&network, &self.probes, domain, remembered, &self.options)
                .await;
        };
        let waiting = Waiting {
            rounds: &patience.rounds,
            probes: &self.probes,
            options: &self.options,
            tell: |domain: &DnsName, wait: &Wait| patience.teller.tell(domain, wait),
        };
        check_when_there(&waiting, domain, remembered, patience.wait.clone()).await
    }

    /// Sends the probe message, unless the run was interrupted.
    async fn send(&self, report: &DomainReport, envelope: &Envelope) -> Option<SentReport> {
        if self.stop.is_stopped() {
            tell("no probe was sent, for the check was interrupted");
            return None;
        }
        tokio::select! {
            biased;
            sent = send::send(&self.network, report, envelope) => Some(sent),
            () = self.stop.stopped() => {
                tell("interrupted while the probe was sent: it may have been taken");
                None
            }
        }
    }
}

/// Returns from where the check looks.
fn vantage(args: &CheckArgs, meaning: &Meaning) -> Vantage {
    let network = &args.network;
    Vantage {
        repeat: repeat(args),
        intended: meaning.options.clone(),
        resolver: network.resolver.first().map(|resolver| resolver.0),
        routes: Routes::new(network.connect_to.iter().cloned()),
        // Other programs take one file.
        ca_file: match &network.ca_file[..] {
            [file] => Some(quoted(&file.to_string_lossy())),
            _ => None,
        },
    }
}

/// Returns the options that a repeated check needs; a smart host that is more than a name is one of them.
fn repeat(args: &CheckArgs) -> String {
    let mut options = args.typed_options.clone();
    if let Some(hop) = args
        .next_hop
        .as_ref()
        .filter(|hop| hop.is_more_than_a_name())
    {
        if !options.is_empty() {
            options.push(' ');
        }
        options.push_str(&format!("--next-hop {}", quoted(&hop.to_string())));
    }
    options
}

/// Refuses a probe that would go to the MX hosts of a domain that its recipient is not in.
fn hold_to_the_domain(
    probe: &Probe,
    next_hop: Option<&NextHop>,
    domains: &[DnsName],
) -> anyhow::Result<()> {
    let [domain] = domains else {
        bail!("--send takes one domain, {} are given", domains.len());
    };
    let recipient = probe.to.domain();
    let is_there = recipient.parse().is_ok_and(|name: DnsName| name == *domain);
    if next_hop.is_none() && !is_there {
        bail!(
            "--send: {} is no address of {domain}, and its MX hosts are asked: check {recipient}, or name with \
             --next-hop the host that takes mail for it",
            probe.to
        );
    }
    Ok(())
}

/// With a smart host the smart host is the policy domain, whatever the recipient's domain (RFC 8461, §3.4).
/// Returns the policy domains, and the domains that go by way of them.
fn by_way_of(next_hop: Option<&NextHop>, domains: Vec<DnsName>) -> (Vec<DnsName>, Vec<DnsName>) {
    let Some(next_hop) = next_hop else {
        return (domains, Vec::new());
    };
    for domain in &domains {
        tell(format_args!(
            "mail for {domain} goes by way of {next_hop}; the policy domain is {} then (RFC 8461, §3.4)",
            next_hop.name
        ));
    }
    (vec![next_hop.name.clone()], domains)
}

fn exit_of(report: &DomainReport, fail_on: Severity) -> Exit {
    let of_report = match exit_code(report, fail_on) {
        0 => Exit::Success,
        3 => Exit::Undetermined,
        _ => Exit::Failure,
    };
    match &report.sent {
        Some(sent) if !sent.delivered => of_report.and(Exit::Failure),
        Some(_) | None => of_report,
    }
}

fn resolvers(network: &Live) -> String {
    let addresses: Vec<String> = network
        .resolvers()
        .iter()
        .map(ToString::to_string)
        .collect();
    addresses.join(",")
}

fn context(
    args: &CheckArgs,
    environment: &Environment,
    network: &Live,
    company: Company,
) -> Context {
    Context {
        company,
        steps: if args.steps {
            Steps::Shown
        } else {
            Steps::Left
        },
        fail_on: args.fail_on.into(),
        ..environment.context(args.output.output.as_deref(), network.now())
    }
}
