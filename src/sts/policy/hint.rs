//! What would probably be right instead of a fault.

use super::{Field, MaxAge, Mode, PolicyErrorKind};
use crate::facts::DnsName;
use crate::sts::mx::{MxPattern, MxPatternError};
use crate::sts::name::PolicyNameError;

impl PolicyErrorKind {
    /// Returns what would probably be right, as a sentence for the one who wrote the policy.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BareCr => Some("end each line with LF or CR LF".into()),
            Self::BlankLine => {
                Some("remove the blank line: at most one line end may follow the last field".into())
            }
            Self::ByteOrderMark => Some("save the file as UTF-8 without a byte order mark".into()),
            Self::Empty => Some("the file is there: write the policy into it".into()),
            Self::LeadingSpace => Some(
                "remove the white space before the field; a template that is indented keeps its indentation"
                    .into(),
            ),
            Self::SpaceBeforeColon { name } => Some(format!("did you mean `{name}:`")),
            Self::MaxAge { found } => Some(hint_for_max_age(found)),
            Self::MaxAgeTooLarge { .. } => Some(format!("the most is `{}`", MaxAge::MAX)),
            Self::Missing {
                field,
                similar: Some(similar),
            } => Some(format!("did you mean `{field}` by `{similar}`")),
            Self::Mode { found } => meant_mode(found).map(|mode| format!("did you mean `{mode}`")),
            Self::Mx { found, error } => hint_for_mx(found, error),
            Self::NoColon { text } => hint_for_line(text),
            Self::Missing {
                field,
                similar: None,
            } => Some(format!(
                "add the line `{}`",
                match field {
                    Field::MaxAge => "max_age: 604800",
                    Field::Mode => "mode: testing",
                    Field::Mx => "mx: mx1.example.com",
                    Field::Version => "version: STSv1",
                }
            )),
            Self::NoMx {
                similar: Some(similar),
                ..
            } => Some(format!("did you mean `mx` by `{similar}`")),
            Self::NoMx { similar: None, .. } => {
                Some("add a line `mx: mx1.example.com` for each host of the MX records".into())
            }
            Self::Version { .. } => Some("the only version is `STSv1`, in this spelling".into()),
            Self::Control { .. } | Self::Name { .. } | Self::Value { .. } => None,
        }
    }
}

/// `mode=enforce`, `mode enforce`.
fn hint_for_line(text: &str) -> Option<String> {
    let (name, value) = text
        .split_once('=')
        .or_else(|| {
            let (name, value) = text.trim().split_once([' ', '\t'])?;
            Field::meant_by(name).map(|_field| (name, value))
        })
        .map(|(name, value)| (name.trim(), value.trim()))?;
    Some(format!("did you mean `{name}: {value}`"))
}

/// Returns the mode that was meant by another word.
fn meant_mode(found: &str) -> Option<Mode> {
    let word = found
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
    if begins(&["enforc", "strict"]) {
        Some(Mode::Enforce)
    } else if begins(&["test", "report", "monitor"]) {
        Some(Mode::Testing)
    } else if begins(&["none", "off", "disable"]) {
        Some(Mode::None)
    } else {
        [Mode::Enforce, Mode::Testing, Mode::None]
            .into_iter()
            .find(|mode| strsim::osa_distance(&word, &mode.to_string()) <= 2 && word.len() > 3)
    }
}

/// `7d`, `604,800`, `604800 ; a week`.
fn hint_for_max_age(found: &str) -> String {
    let digits: String = found.chars().filter(char::is_ascii_digit).collect();
    let is_near = !digits.is_empty()
        && digits.len() <= 8
        && found
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '+' | '_' | ',' | '.' | ' ' | '\'' | '"'));
    let secs = if is_near {
        Some(digits)
    } else {
        span_secs(found)
            .filter(|secs| *secs <= u64::from(MaxAge::MAX.as_secs()))
            .map(|secs| secs.to_string())
    };
    match secs {
        Some(secs) => format!("did you mean `{secs}`"),
        None => "give whole seconds in plain digits, as in `604800` for a week".into(),
    }
}

/// Reads a span as people write it: `7d`, `1 week`.
fn span_secs(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let unit_secs = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        "y" | "year" | "years" => 31_536_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(unit_secs)
}

fn hint_for_mx(found: &str, error: &MxPatternError) -> Option<String> {
    let bare = found
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'));
    if bare.is_empty() {
        return Some("name a host, or remove the line".into());
    }
    if let Some(host) = after_preference(bare) {
        return Some(format!(
            "did you mean `{host}`: a policy has no preferences"
        ));
    }
    if bare.contains([',', ' ', ';']) {
        return Some("give each host an `mx` line of its own".into());
    }
    if let Some((_, host)) = bare.split_once('@') {
        return pattern(host)
            .map(|host| format!("did you mean `{host}`: an `mx` is a host, not a mail address"));
    }
    let host = bare.split_once("://").map_or(bare, |(_scheme, host)| host);
    let host = host.split(['/', ':']).next().unwrap_or(host);
    let suggestion = match error {
        MxPatternError::Star => format!("*.{}", host.strip_prefix('*')?),
        MxPatternError::Name(PolicyNameError::EmptyLabel) => {
            format!("*.{}", host.strip_prefix('.')?)
        }
        MxPatternError::Name(PolicyNameError::TrailingDot | PolicyNameError::Character { .. }) => {
            host.to_owned()
        }
        MxPatternError::Name(PolicyNameError::Empty | PolicyNameError::HyphenAtEdge) => {
            return None;
        }
    };
    pattern(&suggestion).map(|pattern| format!("did you mean `{pattern}`"))
}

/// Returns what follows the preference of an MX record: `10 mx.example.com`.
fn after_preference(text: &str) -> Option<MxPattern> {
    let (preference, host) = text.split_once([' ', '\t'])?;
    preference.parse::<u16>().ok()?;
    pattern(host.trim())
}

/// Reads a pattern, a dot at its end forgiven; §3.2 wants A-labels, and a U-label has one.
fn pattern(text: &str) -> Option<MxPattern> {
    let text = text.trim_end_matches('.');
    text.parse()
        .ok()
        .or_else(|| text.parse::<DnsName>().ok()?.to_string().parse().ok())
}
