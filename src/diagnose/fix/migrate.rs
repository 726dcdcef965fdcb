//! Policies to publish around a cutover: both old and new hosts before it, the old ones gone after it.
//!
//! What is intended is known to be the owner's, so no fix here is held up by the caution of those that are made from
//! live MX records.

use super::body::Body;
use super::policy::serve;
use super::value::Fix;
use crate::diagnose::command::{ZoneRecord, policy_url};
use crate::facts::{DnsName, UnixTime};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// The live policy with the intended hosts, beside all that it lists already.
#[must_use]
pub fn overlap(live: &Policy, missing: &[&DnsName], record: ZoneRecord) -> Fix {
    let body = Body::of(live).and_hosts(missing);
    let fix = body.remark_in(Fix::default());
    if !body.is_longer() {
        return fix;
    }
    serve(fix, "First serve this, which drops no host,", &body, record)
}

/// The policy that is to be published, as it is.
#[must_use]
pub fn publish(policy: &Policy, record: ZoneRecord) -> Fix {
    Fix::from(format!(
        "Serve the policy that is to be published as {}:",
        policy_url(record.domain())
    ))
    .body(policy.clone())
    .line("When every address serves it, and not before, change the record:")
    .publish(record)
}

/// The policy that is to be published, with the hosts that it leaves out.
#[must_use]
pub fn complete(policy: &Policy, missing: &[&DnsName], record: ZoneRecord) -> Fix {
    let body = Body::of(policy).and_hosts(missing);
    let fix = body.remark_in(Fix::default());
    if !body.is_longer() {
        return fix;
    }
    let lead = "In the place of the policy that is to be published serve this,";
    serve(fix, lead, &body, record)
}

/// The live policy without its old entries, and from when on.
#[must_use]
pub fn retire(
    live: &Policy,
    old: &[&MxPattern],
    (safe_from, now): (UnixTime, UnixTime),
    record: ZoneRecord,
) -> Fix {
    let body = Body::of(live).without(old);
    let lead = if safe_from <= now {
        "Nobody needs the old entries any more: serve this".to_owned()
    } else {
        format!("Not before {safe_from} serve this")
    };
    serve(Fix::default(), &lead, &body, record)
}
