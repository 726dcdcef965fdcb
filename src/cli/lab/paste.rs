//! The options that lead into the lab, ready to paste, and as variables for a shell.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::repeat::quoted;
use crate::facts::UnixTime;
use crate::net::routes::Route;

/// What leads into the lab.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::cli) struct Ways {
    /// The resolver that everybody has.
    pub(in crate::cli) resolver: SocketAddr,
    /// Where addresses really are.
    pub(in crate::cli) routes: Vec<Route>,
    /// The authority that the lab's certificates come from.
    pub(in crate::cli) ca_file: PathBuf,
    /// The virtual time.
    pub(in crate::cli) now: UnixTime,
}

impl Ways {
    /// Returns the options, one a line, continued as a shell wants it.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = vec![format!("--resolver {}", self.resolver)];
        for route in &self.routes {
            options.push(format!("--connect-to {}", quoted(&route.to_string())));
        }
        let ca_file = self.ca_file.to_string_lossy();
        options.push(format!("--ca-file {}", quoted(&ca_file)));
        options.push(format!("--now {}", quoted(&self.now.to_string())));
        options
    }

    /// Returns the same as variables, the ones that the options can stand in.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        let routes: Vec<String> = self.routes.iter().map(ToString::to_string).collect();
        let ca_file = self.ca_file.to_string_lossy();
        [
            ("STICKLER_RESOLVER", self.resolver.to_string()),
            ("STICKLER_CONNECT_TO", routes.join(",")),
            ("STICKLER_CA_FILE", ca_file.into_owned()),
            ("STICKLER_NOW", self.now.to_string()),
        ]
    }

    /// Returns the variables as a shell reads them.
    fn assignments(&self) -> String {
        self.variables()
            .iter()
            .map(|(name, value)| format!("{name}={}\n", quoted(value)))
            .collect()
    }

    /// Writes the variables to `path`, at once: a reader gets the old ones or the new ones.
    pub(in crate::cli) fn write_to(&self, path: &Path) -> io::Result<()> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        fs::write(&draft, self.assignments())?;
        fs::rename(&draft, path)
    }
}

#[cfg(test)]
mod tests {
    use super::Ways;
    use crate::facts::UnixTime;

    #[test]
    fn options_and_variables_say_the_same() {
        let ways = Ways {
            resolver: "127.0.0.1:5353".parse().unwrap(),
            routes: vec![
                "192.0.2.1:25:127.0.0.1:4025".parse().unwrap(),
                "::127.0.0.1:9".parse().unwrap(),
            ],
            ca_file: "/tmp/ca.pem".into(),
            now: UnixTime::from_secs(1_772_438_400),
        };
        assert_eq!(
            ways.options(),
            [
                "--resolver 127.0.0.1:5353",
                "--connect-to 192.0.2.1:25:127.0.0.1:4025",
                "--connect-to ::127.0.0.1:9",
                "--ca-file /tmp/ca.pem",
                "--now 2026-03-02T08:00:00Z",
            ]
        );
        assert_eq!(
            ways.assignments(),
            "STICKLER_RESOLVER=127.0.0.1:5353\n\
             STICKLER_CONNECT_TO=192.0.2.1:25:127.0.0.1:4025,::127.0.0.1:9\n\
             STICKLER_CA_FILE=/tmp/ca.pem\n\
             STICKLER_NOW=2026-03-02T08:00:00Z\n"
        );
    }
}
