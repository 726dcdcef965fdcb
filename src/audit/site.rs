//! The domain of a requirement, as it is laid out in the fake Internet.

use std::time::Duration;

use crate::fakes::{
    Answer, Certificate, CertificateFault, DEFAULT_TTL, DialogueFault, Edge, HttpsFault, Identity,
    Name, Page, RecordData, RecordKind, Response, SmtpFault,
};
use crate::story::World;

/// The usual life of a policy: a week.
const LIFE: &str = "604800";

/// A policy domain below `.test`, to be laid out. In the texts that it is given `{d}` stands for its name, `{life}`
/// for the usual life of a policy, and `{short}` for one that runs out during the audit.
#[derive(Debug)]
pub(super) struct Site<'w> {
    world: &'w mut World,
    domain: String,
    short_life: Duration,
}

impl<'w> Site<'w> {
    pub(super) fn new(world: &'w mut World, name: &str, short_life: Duration) -> Self {
        Self {
            world,
            domain: domain_of(name),
            short_life,
        }
    }

    /// Lays out a domain whose one MX host gives all that its policy demands.
    pub(super) fn healthy(&mut self) -> &mut Self {
        self.txt(&["v=STSv1; id=1;"])
            .policy("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n")
            .mx(&[(10, "mx")])
            .server("mx")
    }

    /// Lays out a domain without a policy.
    pub(super) fn open(&mut self) -> &mut Self {
        self.mx(&[(10, "mx")]).server("mx")
    }

    /// Lays out a domain whose policy is enforced and lists its one MX host, which offers no STARTTLS: mail arrives
    /// there only if no policy applies.
    pub(super) fn trap(&mut self) -> &mut Self {
        self.healthy().fault("mx", DialogueFault::StarttlsAbsent)
    }

    /// Publishes these texts at `_mta-sts`.
    pub(super) fn txt(&mut self, texts: &[&str]) -> &mut Self {
        self.world.domain(&self.domain).txt(texts);
        self
    }

    /// Publishes one record of several strings at `_mta-sts`.
    pub(super) fn strings(&mut self, strings: &[&str]) -> &mut Self {
        let strings = strings.iter().map(|string| string.as_bytes().into());
        let record = RecordData::Txt(strings.collect());
        let name = Name::new([(RecordKind::Txt, Answer::new([record], DEFAULT_TTL))]);
        self.name("_mta-sts", name)
    }

    /// Puts this in the place of what the DNS says of the name below the domain.
    pub(super) fn name(&mut self, label: &str, name: Name) -> &mut Self {
        let owner = self.host(label);
        self.world.internet.dns.names.insert(owner, name);
        self
    }

    /// Takes the record at `_mta-sts` away.
    pub(super) fn without_txt(&mut self) -> &mut Self {
        self.name("_mta-sts", Name::default())
    }

    /// Lets a name be an alias of another.
    pub(super) fn alias(&mut self, label: &str, target: &str) -> &mut Self {
        let target = self.host(target);
        self.name(label, Name::alias(target, DEFAULT_TTL))
    }

    /// Lets the record be an alias of one that lies elsewhere.
    pub(super) fn moved_record(&mut self) -> &mut Self {
        let txt = RecordData::txt("v=STSv1; id=1;");
        let record = Name::new([(RecordKind::Txt, Answer::new([txt], DEFAULT_TTL))]);
        self.name("record", record).alias("_mta-sts", "record")
    }

    /// Adds a subdomain whose mail goes to the domain's own MX host, and which has neither record nor policy.
    pub(super) fn subdomain(&mut self) -> &mut Self {
        let (sub, host) = (self.host("sub"), self.host("mx"));
        self.world.domain(&sub).mx(&[(10, &host)]);
        self
    }

    /// Serves a policy that is enforced at another host below the domain.
    pub(super) fn another_page(&mut self, label: &str) -> &mut Self {
        let body = self.filled("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n");
        let (host, ours) = (self.host(label), self.host("mta-sts"));
        let mut found = None;
        for (address, edge) in &mut self.world.internet.https {
            if edge.pages.contains_key(&ours) {
                edge.pages.insert(host.clone(), Response::ok(&body).into());
                edge.identity = Identity::of(Certificate::new([ours.clone(), host.clone()]));
                found = Some(*address);
            }
        }
        let records = found.map(RecordData::of_address);
        self.name(
            label,
            Name::new([(RecordKind::A, Answer::new(records, DEFAULT_TTL))]),
        )
    }

    /// Serves this body.
    pub(super) fn policy(&mut self, body: &str) -> &mut Self {
        let page = Response::ok(self.filled(body));
        self.page(page)
    }

    /// Serves this page in the place of the policy.
    pub(super) fn page(&mut self, page: Response) -> &mut Self {
        self.world.domain(&self.domain).page(page);
        self
    }

    /// Serves the policy with this status.
    pub(super) fn status(&mut self, status: u16) -> &mut Self {
        self.edges(|edge| {
            for page in edge.pages.values_mut() {
                if let Page::Response(response) = page {
                    response.status = status;
                }
            }
        })
    }

    /// Lets the policy host suffer this.
    pub(super) fn policy_host(&mut self, fault: impl Into<HttpsFault>) -> &mut Self {
        let fault = fault.into();
        self.edges(|edge| edge.fault = Some(fault))
    }

    /// Lets the certificate of the policy host have this fault.
    pub(super) fn policy_certificate(&mut self, fault: CertificateFault) -> &mut Self {
        let host = self.host("mta-sts");
        let certificate = Certificate::new([host]).with_fault(fault);
        self.edges(|edge| edge.identity = Identity::of(certificate.clone()))
    }

    /// Changes what serves the policy.
    pub(super) fn edges(&mut self, change: impl Fn(&mut Edge)) -> &mut Self {
        let host = self.host("mta-sts");
        for edge in self.world.internet.https.values_mut() {
            if edge.pages.contains_key(&host) {
                change(edge);
            }
        }
        self
    }

    /// Publishes these MX records: preferences, and hosts below the domain; the empty one is the domain itself.
    pub(super) fn mx(&mut self, records: &[(u16, &str)]) -> &mut Self {
        let records: Vec<(u16, String)> = records
            .iter()
            .map(|(preference, label)| (*preference, self.host(label)))
            .collect();
        let records: Vec<(u16, &str)> = records
            .iter()
            .map(|(preference, host)| (*preference, &**host))
            .collect();
        self.world.domain(&self.domain).mx(&records);
        self
    }

    /// Runs a healthy MX host below the domain.
    pub(super) fn server(&mut self, label: &str) -> &mut Self {
        let host = self.host(label);
        self.world.server(&host);
        self
    }

    /// Lets an MX host suffer this.
    pub(super) fn fault(&mut self, label: &str, fault: impl Into<SmtpFault>) -> &mut Self {
        let host = self.host(label);
        self.world.server(&host).fault(fault);
        self
    }

    /// Lets an MX host have no fault any more.
    pub(super) fn mended(&mut self, label: &str) -> &mut Self {
        let host = self.host(label);
        for receiver in self.world.internet.smtp.values_mut() {
            if receiver.host.as_str() == host {
                receiver.fault = None;
            }
        }
        self
    }

    /// Lets the certificate of an MX host have this fault.
    pub(super) fn certificate(&mut self, label: &str, fault: CertificateFault) -> &mut Self {
        let certificate = Certificate::new([self.host(label)]).with_fault(fault);
        self.identity(label, &Identity::of(certificate))
    }

    /// Lets the certificate of an MX host be for these hosts.
    pub(super) fn covers(&mut self, label: &str, labels: &[&str]) -> &mut Self {
        let names: Vec<String> = labels.iter().map(|label| self.host(label)).collect();
        self.identity(label, &Identity::of(Certificate::new(names)))
    }

    /// Lets an MX host show its certificate only to those who ask for its name.
    pub(super) fn needs_sni(&mut self, label: &str) -> &mut Self {
        let certificate = Certificate::new([self.host(label)]);
        self.identity(label, &Identity::by_name_only(&certificate))
    }

    /// Lets an MX host show these certificates.
    fn identity(&mut self, label: &str, identity: &Identity) -> &mut Self {
        let host = self.host(label);
        for receiver in self.world.internet.smtp.values_mut() {
            if receiver.host.as_str() == host {
                receiver.identity = identity.clone();
            }
        }
        self
    }

    /// Returns the name of a host below the domain; the empty label stands for the domain itself.
    pub(super) fn host(&self, label: &str) -> String {
        host_of(&self.domain, label)
    }

    /// Fills a text in.
    pub(super) fn filled(&self, text: &str) -> String {
        text.replace("{d}", &self.domain)
            .replace("{life}", LIFE)
            .replace("{short}", &self.short_life.as_secs().to_string())
    }
}

/// Returns the domain of a requirement of that name.
pub(super) fn domain_of(name: &str) -> String {
    format!("{name}.test")
}

/// Returns the name of a host below a domain; the empty label stands for the domain itself.
pub(super) fn host_of(domain: &str, label: &str) -> String {
    if label.is_empty() {
        domain.to_owned()
    } else {
        format!("{label}.{domain}")
    }
}
