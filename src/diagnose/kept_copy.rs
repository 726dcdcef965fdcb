//! For how long a cache before the policy host may go on serving what it serves ([RFC 9111]).
//!
//! Senders keep no HTTP caches ("HTTP caching MUST NOT be used", RFC 8461, Section 3.3), but policy hosts stand behind
//! them. One that answers from memory says how old its copy is; until that copy has lived its time, a body that is
//! corrected at its source may reach nobody.
//!
//! [RFC 9111]: https://www.rfc-editor.org/rfc/rfc9111

use std::time::Duration;

use crate::facts::UnixTime;
use crate::facts::http::{Headers, HttpExchange};

/// The most seconds that count ("2147483648", §1.2.2): more than any moment that is of use here.
pub(super) const MAX_SECS: u64 = 1 << 31;

/// A copy that a cache keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeptCopy {
    /// How old it is.
    pub age: Duration,
    /// For how much longer the cache may serve it without asking the policy host; `None` if nothing says.
    pub kept_for: Option<Duration>,
}

impl KeptCopy {
    /// Reads what a response says of its copy; `None` where it comes from no cache, as far as is seen.
    ///
    /// Q: And a response that may be kept for an hour, and has no `Age`? A: A cache that answers from memory has to
    /// send one (§4), so this came from the source. What a cache keeps of it from now on is as it stands there now.
    #[must_use]
    pub fn of(exchange: &HttpExchange) -> Option<Self> {
        let headers = &exchange.outcome.as_ref().ok()?.headers;
        let age = headers.named("age").find_map(seconds)?;
        let kept_for = life(headers).map(|life| life.saturating_sub(age));
        Some(Self { age, kept_for })
    }

    /// Returns until when the cache may serve it, from `now`.
    #[must_use]
    pub fn kept_until(&self, now: UnixTime) -> Option<UnixTime> {
        Some(now.saturating_add(self.kept_for?))
    }
}

/// Returns how long a shared cache may keep a response: what is meant for it alone counts more than what is meant for
/// all (§4.2.1), and a copy that has lived its time may be served while it is renewed (RFC 5861).
fn life(headers: &Headers) -> Option<Duration> {
    let directives: Vec<(String, Option<Duration>)> = headers
        .named("cache-control")
        .flat_map(|value| value.split(|octet| *octet == b','))
        .map(directive)
        .collect();
    let find = |name: &str| directives.iter().find(|(found, _)| found == name);
    if ["no-cache", "no-store", "private"]
        .iter()
        .any(|name| find(name).is_some())
    {
        return Some(Duration::ZERO);
    }
    let value = |name| find(name).and_then(|(_, value)| *value);
    let life = value("s-maxage").or_else(|| value("max-age"))?;
    Some(life.saturating_add(value("stale-while-revalidate").unwrap_or_default()))
}

fn directive(text: &[u8]) -> (String, Option<Duration>) {
    let mut parts = text.splitn(2, |octet| *octet == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    (name, parts.next().and_then(seconds))
}

/// Reads a number of seconds, quoted or not; one that is too large counts as the largest.
pub(super) fn seconds(text: &[u8]) -> Option<Duration> {
    let digits = str::from_utf8(text).ok()?.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let secs = digits.parse().unwrap_or(MAX_SECS);
    Some(Duration::from_secs(secs.min(MAX_SECS)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{KeptCopy, MAX_SECS};
    use crate::facts::http::{BodyEnd, Headers, HttpExchange, HttpResponse};

    #[test]
    fn a_copy_is_kept_until_its_life_is_over() {
        for (headers, expected) in [
            (&[][..], None),
            (&[("cache-control", "max-age=3600")], None),
            (&[("age", "100")], Some((100, None))),
            (
                &[("age", "100"), ("cache-control", "max-age=3600")],
                Some((100, Some(3_500))),
            ),
            (
                &[
                    ("age", "100"),
                    ("cache-control", "public, s-maxage=\"60\", max-age=3600"),
                ],
                Some((100, Some(0))),
            ),
            (
                &[
                    ("age", "0"),
                    ("cache-control", "Max-Age = 5"),
                    ("cache-control", "stale-while-revalidate=10"),
                ],
                Some((0, Some(15))),
            ),
            (
                &[("age", "9"), ("cache-control", "max-age=3600, no-cache")],
                Some((9, Some(0))),
            ),
            (&[("age", "-1")], None),
            (&[("age", "soon")], None),
            (&[("age", "x"), ("age", " 7 ")], Some((7, None))),
            (
                &[
                    ("age", "99999999999999999999"),
                    ("cache-control", "max-age=no"),
                ],
                Some((MAX_SECS, None)),
            ),
        ] {
            let exchange = HttpExchange {
                address: [192, 0, 2, 1].into(),
                certificate: None,
                outcome: Ok(HttpResponse {
                    status: 200,
                    content_types: Vec::new(),
                    location: None,
                    headers: Headers::keep(
                        headers
                            .iter()
                            .map(|(name, value)| (*name, value.as_bytes())),
                    ),
                    body: Box::default(),
                    body_end: BodyEnd::Complete,
                }),
            };
            let expected = expected.map(|(age, kept_for)| KeptCopy {
                age: Duration::from_secs(age),
                kept_for: kept_for.map(Duration::from_secs),
            });
            assert_eq!(KeptCopy::of(&exchange), expected, "{headers:?}");
        }
    }
}
