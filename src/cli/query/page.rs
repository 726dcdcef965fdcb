//! What a sidecar holds, for people.

use std::time::Duration;

use crate::report::time::span;
use crate::report::{Context, escape};
use crate::sidecar::explain::{Explained, Kind};

/// Tells of one domain in a line.
pub(super) fn line(told: &Explained) -> String {
    match &told.policy {
        Some(policy) if told.standing == Kind::Policy => {
            let failing = told.failing.as_ref().map_or_else(String::new, |failing| {
                format!(", fetches fail: {}", escape::line(&failing.error))
            });
            format!(
                "{}  {}, id {}, until {}{failing}",
                told.domain, policy.mode, policy.id, policy.expires_at
            )
        }
        Some(_) | None => format!("{}  {}", told.domain, why(told)),
    }
}

/// Tells all that is known of a domain.
pub(super) fn page(told: &Explained, context: &Context) -> String {
    let mut text = match told.standing {
        Kind::Policy => format!("{}: a policy holds\n", told.domain),
        Kind::None => format!("{}: no policy applies: {}\n", told.domain, why(told)),
        Kind::Pending | Kind::Unreadable => {
            format!("{}: it is not known: {}\n", told.domain, why(told))
        }
    };
    let mut row = |name: &str, value: &str| text.push_str(&format!("  {name:<9} {value}\n"));
    if let Some(policy) = &told.policy {
        let ended = if told.standing == Kind::Policy {
            ""
        } else {
            ", which ended"
        };
        row(
            "policy",
            &format!("id {}, mode {}{ended}", policy.id, policy.mode),
        );
        for (index, pattern) in policy.mx.iter().enumerate() {
            row(if index == 0 { "mx" } else { "" }, pattern);
        }
        row("fetched", &context.moment(policy.fetched_at));
        row(
            "until",
            &format!(
                "{} (max_age {}, {})",
                context.moment(policy.expires_at),
                policy.max_age_secs,
                span(Duration::from_secs(policy.max_age_secs))
            ),
        );
    }
    if let Some(failing) = &told.failing {
        row(
            "failing",
            &format!(
                "each fetch since {}: {}",
                context.moment(failing.since),
                escape::line(&failing.error)
            ),
        );
    }
    if let (Some(looked), Some(believed)) = (told.looked_at, told.believed_until) {
        row("looked", &context.moment(looked));
        row(
            "again",
            &format!("asked after {}", context.moment(believed)),
        );
    }
    if let Some(due) = told.due {
        row(
            "due",
            &format!("{} though nobody asks", context.moment(due)),
        );
    }
    if told.is_at_work {
        row("now", "a look-up runs");
    }
    if let Some(mx) = &told.mx {
        let listed = match &mx.pattern {
            Some(pattern) => format!("{} is listed, by {pattern}", mx.host),
            None => format!(
                "{} is not listed: no mail goes there under enforce",
                mx.host
            ),
        };
        row("host", &listed);
    }
    row("Postfix", &told.answers.postfix);
    row("3.10 on", &told.answers.postfix310);
    row("Exim", &told.answers.exim);
    for (index, change) in told.changes.iter().enumerate() {
        let name = if index == 0 { "changes" } else { "" };
        row(
            name,
            &format!(
                "{}  {}",
                context.moment(change.at),
                escape::line(&change.now)
            ),
        );
    }
    text
}

fn why(told: &Explained) -> String {
    escape::line(told.why.as_deref().unwrap_or("nothing is known")).to_string()
}
