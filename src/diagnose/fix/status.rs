//! What to do about a status other than 200: "Policies fetched via HTTPS are only valid if the HTTP response
//! code is 200 (OK)" ([RFC 8461, Section 3.3]).
//!
//! [RFC 8461, Section 3.3]: https://www.rfc-editor.org/rfc/rfc8461#section-3.3

use super::value::Fix;
use crate::diagnose::command::{Command, policy_url};
use crate::facts::DnsName;

/// Says what to change so that the policy is served with status 200.
pub(super) fn serve(
    domain: &DnsName,
    status: u16,
    location: Option<&str>,
    is_web_page: bool,
) -> Fix {
    let url = policy_url(domain);
    let advice = match status {
        300..=399 => match location {
            Some(to) => format!(
                "Serve the policy itself at {url} with status 200: senders never follow a redirect. Exempt \
                     mta-sts.{domain} from the rule that redirects it to {to}:"
            ),
            None => format!(
                "Serve the policy itself at {url} with status 200, to every request: senders follow no \
                     redirect and hold no copy that could be `not modified`:"
            ),
        },
        401 | 407 => format!(
            "Let everybody read {url}: senders have no password to give. Take the login off it:"
        ),
        403 | 429 if is_web_page => format!(
            "A web page comes with status {status}: a challenge for browsers, say, which no mail server can \
                 pass. Exempt {url} from the bot protection and the rate limits of the firewall or CDN before \
                 the file, and ask from another network too:"
        ),
        403 => format!(
            "Let everybody read {url}: look at the access rules of the web server and at the permissions of \
                 the file:"
        ),
        404 | 410 => format!(
            "Nothing stands at that path. Put the policy at `.well-known/mta-sts.txt` below the document root \
                 of the virtual host mta-sts.{domain}; some servers and site generators leave out what begins \
                 with a dot:"
        ),
        429 => format!(
            "Exempt {url} from the rate limit: mail servers all over the world ask for it, many of them from \
                 one network:"
        ),
        502..=504 | 520..=527 => format!(
            "A proxy or CDN answers for mta-sts.{domain} and gets nothing from the server behind it: look at \
                 that server, and at the address that the proxy has for it:"
        ),
        500..=599 => format!(
            "The web server of mta-sts.{domain} fails at this request: look at its error log:"
        ),
        _ => format!("Serve the policy at {url} with status 200:"),
    };
    Fix::from(advice).run([Command::fetch("-sv", domain)])
}

#[cfg(test)]
mod tests {
    use super::serve;

    #[test]
    fn each_status_has_its_own_remedy() {
        let domain = "corp.test".parse().unwrap();
        for (status, location, is_web_page, expected) in [
            (
                301,
                Some("https://www.corp.test/"),
                true,
                "redirects it to https://www.corp.test/",
            ),
            (304, None, false, "not modified"),
            (401, None, true, "no password"),
            (403, None, true, "challenge for browsers"),
            (403, None, false, "access rules"),
            (429, None, true, "challenge for browsers"),
            (429, None, false, "rate limit"),
            (404, None, true, "Nothing stands at that path"),
            (410, None, false, "Nothing stands at that path"),
            (500, None, false, "error log"),
            (502, None, true, "the server behind it"),
            (503, None, false, "the server behind it"),
            (522, None, true, "the server behind it"),
            (204, None, false, "with status 200"),
        ] {
            let fix = serve(&domain, status, location, is_web_page).to_string();
            assert!(fix.contains(expected), "{status}: {fix}");
            assert!(fix.ends_with("curl -sv https://mta-sts.corp.test/.well-known/mta-sts.txt"));
        }
    }
}
