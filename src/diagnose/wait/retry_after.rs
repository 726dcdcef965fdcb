//! When a policy host that has nothing to give yet wants to be asked again ([RFC 9110, Section 10.2.3]).
//!
//! [RFC 9110, Section 10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

use super::super::kept_copy::{MAX_SECS, seconds};
use super::gather::Facts;
use super::missing::in_reach;
use crate::facts::UnixTime;

/// Returns how long edges that have nothing to give yet want to be left alone; the longest of it counts.
pub(super) fn retry_after(facts: Facts<'_>, now: UnixTime) -> Option<Duration> {
    let edges = facts.policy_host.into_iter().flat_map(in_reach);
    edges
        .filter_map(|edge| edge.outcome.as_ref().ok())
        .filter(|response| matches!(response.status, 429 | 503))
        .filter_map(|response| {
            let mut values = response.headers.named("retry-after");
            values.find_map(|value| span(value, now))
        })
        .max()
}

/// Reads `delay-seconds` or an `HTTP-date`; a date counts from `now`, and one that has passed asks for no pause.
fn span(value: &[u8], now: UnixTime) -> Option<Duration> {
    seconds(value).or_else(|| {
        let span = http_date(value)?.saturating_duration_since(now);
        Some(span.min(Duration::from_secs(MAX_SECS)))
    })
}

/// Reads a date in any of the three forms that a recipient has to accept (§5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and
/// the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn http_date(value: &[u8]) -> Option<UnixTime> {
    let value = value.trim_ascii();
    let obsolete = || {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .into_iter()
            .find_map(|form| DateTime::strptime(form, value).ok())
            .and_then(|date| TimeZone::UTC.to_timestamp(date).ok())
    };
    let read = DateTimeParser::new().parse_timestamp(value).ok();
    let secs = read.or_else(obsolete)?.as_second();
    // Of what lies before 1970 no more is of interest than that it has passed.
    Some(UnixTime::from_secs(u64::try_from(secs).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::span;
    use crate::facts::UnixTime;

    #[test]
    fn a_date_counts_from_now_and_is_bounded_as_seconds_are() {
        // 1994-11-06T08:49:07Z
        let now = UnixTime::from_secs(784_111_747);
        for (value, expected) in [
            ("30", Some(30)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            (" Sun, 06 Nov 1994 08:49:37 GMT\t", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:49:06 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Mon, 01 Jan 1900 00:00:00 GMT", Some(0)),
            ("99999999999", Some(1 << 31)),
            ("Thu, 30 Dec 9999 00:00:00 GMT", Some(1 << 31)),
            // The wrong day of the week, a month that is none, RFC 3339, words.
            ("Mon, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nvo 1994 08:49:37 GMT", None),
            ("1994-11-06T08:49:37Z", None),
            ("soon", None),
            ("-30", None),
            ("", None),
        ] {
            let found = span(value.as_bytes(), now).map(|span| span.as_secs());
            assert_eq!(found, expected, "{value:?}");
        }
        assert_eq!(span(b"\xff", now), None);
    }
}
