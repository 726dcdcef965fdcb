//! What the process finds around it.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::network_args::{CacheArgs, NetworkArgs};
use super::output_args::{ColorWhen, CommonArgs};
use super::serve::Directories;
use super::variables::Variables;
use crate::facts::UnixTime;
use crate::report::text::Look;
use crate::report::{Charset, Context, Detail, Style};

/// What the process finds around it, read once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Environment {
    /// The store that is used where no option names one; `None` without a home.
    pub default_store: Option<PathBuf>,
    /// Where a sidecar keeps its files and sockets.
    pub directories: Directories,
    /// The names of the sockets that systemd has bound for us, with colons between.
    pub inherited_names: Option<String>,
    /// Whether results on standard output are coloured.
    pub color: bool,
    /// Whether results are coloured wherever they go.
    pub color_always: bool,
    /// How messages on standard error are written.
    pub messages: Messages,
    /// The width of the terminal at standard error; `None` if it is none.
    pub messages_width: Option<u16>,
    /// Whether there is a person at standard error, who may like a progress bar.
    pub shows_progress: bool,
    /// Whether tables on standard output may be drawn with box characters.
    pub draws_boxes: bool,
    /// The width of the terminal at standard output; `None` if it is none.
    pub width: Option<u16>,
    /// Whether every detail is wanted.
    pub verbose: bool,
}

/// How messages on standard error are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Messages {
    /// In colour.
    Coloured,
    /// As they are.
    Plain,
    /// Without the time: systemd's journal, where they go, notes it itself.
    ToJournal,
}

impl Environment {
    /// Looks around.
    #[must_use]
    pub fn read(common: &CommonArgs, variables: &Variables) -> Self {
        let set = |name: &str| variables.get(name).map(OsStr::to_owned);
        let is_dumb = is_dumb(variables);
        let colors = |is_terminal: bool| colors(common.color, variables, is_terminal);
        Self {
            default_store: default_store(set("XDG_CACHE_HOME"), set("HOME")),
            directories: directories(&set),
            inherited_names: set("LISTEN_FDNAMES")
                .map(|names| names.to_string_lossy().into_owned()),
            color: colors(io::stdout().is_terminal()),
            color_always: common.color == ColorWhen::Always,
            messages: if colors(io::stderr().is_terminal()) {
                Messages::Coloured
            } else if set("JOURNAL_STREAM").is_some_and(|stream| is_standard_error(&stream)) {
                Messages::ToJournal
            } else {
                Messages::Plain
            },
            messages_width: messages_width(),
            shows_progress: io::stderr().is_terminal() && !is_dumb,
            draws_boxes: io::stdout().is_terminal()
                && !is_dumb
                && ["LC_ALL", "LC_CTYPE", "LANG"]
                    .into_iter()
                    .find_map(set)
                    .is_some_and(|locale| is_utf8(&locale.to_string_lossy())),
            width: io::stdout()
                .is_terminal()
                .then(terminal_size::terminal_size)
                .flatten()
                .map(|(terminal_size::Width(columns), _)| columns),
            verbose: common.verbose > 0,
        }
    }

    /// Returns how a result is coloured that goes to `output`, or else to standard output.
    #[must_use]
    pub const fn style(&self, output: Option<&Path>) -> Style {
        if self.color_always || (self.color && output.is_none()) {
            Style::Colour
        } else {
            Style::Plain
        }
    }

    /// Returns how a mistake in a file is shown that is reported on `output`, or else on standard output.
    #[must_use]
    pub fn look(&self, output: Option<&Path>) -> Look {
        Look {
            style: self.style(output),
            width: self.width.filter(|_| output.is_none()),
        }
    }

    /// Returns how a mistake in a file is shown that is reported on standard error.
    #[must_use]
    pub const fn look_of_messages(&self) -> Look {
        Look {
            style: match self.messages {
                Messages::Coloured => Style::Colour,
                Messages::Plain | Messages::ToJournal => Style::Plain,
            },
            width: self.messages_width,
        }
    }

    /// Returns the same before there are arguments to go by.
    #[must_use]
    pub fn look_without_arguments(color: ColorWhen, variables: &Variables) -> Look {
        Look {
            style: if colors(color, variables, io::stderr().is_terminal()) {
                Style::Colour
            } else {
                Style::Plain
            },
            width: messages_width(),
        }
    }

    /// Returns how text is shown that goes to `output`, or else to standard output: local time, and what the
    /// terminal can do.
    #[must_use]
    pub fn context(&self, output: Option<&Path>, now: UnixTime) -> Context {
        let is_file = output.is_some();
        Context {
            time_zone: TimeZone::system(),
            width: self.width.filter(|_| !is_file),
            style: self.style(output),
            charset: if self.draws_boxes && !is_file {
                Charset::Utf8
            } else {
                Charset::Ascii
            },
            detail: if self.verbose {
                Detail::Full
            } else {
                Detail::Brief
            },
            ..Context::plain(now)
        }
    }

    /// Returns the store of a run on the network, `None` if it has none: a diverted run (by a clock, a
    /// resolver, a route or an authority of its own) does not see what everyone sees, and keeps nothing unless
    /// a store is named.
    #[must_use]
    pub fn store_for<'a>(
        &'a self,
        network: &NetworkArgs,
        cache: &'a CacheArgs,
    ) -> Option<&'a Path> {
        let default = self.default_store.as_deref();
        cache.path(default.filter(|_| !network.is_diverted()))
    }
}

fn is_dumb(variables: &Variables) -> bool {
    variables.get("TERM").is_none_or(|term| term == "dumb")
}

fn colors(color: ColorWhen, variables: &Variables, is_terminal: bool) -> bool {
    match color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            is_terminal && !is_dumb(variables) && variables.get("NO_COLOR").is_none()
        }
    }
}

fn messages_width() -> Option<u16> {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map(|(terminal_size::Width(columns), _)| columns)
}

/// Returns whether standard error still is the stream that `$JOURNAL_STREAM` names by device and inode.
fn is_standard_error(stream: &OsStr) -> bool {
    std::fs::metadata("/dev/stderr")
        .is_ok_and(|found| *stream == *format!("{}:{}", found.dev(), found.ino()))
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Returns `stickler/policies.sqlite` below the user's cache directory. A relative `XDG_CACHE_HOME` is to be
/// ignored, its specification says.
fn default_store(cache_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let cache = cache_home
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| PathBuf::from(home).join(".cache")))?;
    Some(cache.join("stickler").join("policies.sqlite"))
}

/// Returns the directories of a sidecar: those that systemd made for it, else the user's. Without one for sockets
/// they stand beside the state.
fn directories(set: &impl Fn(&str) -> Option<OsString>) -> Directories {
    // systemd names all of them, with colons between; the first is ours.
    let of_unit = |name: &str| {
        let names = set(name)?;
        std::env::split_paths(&names).next()
    };
    let of_user = |name: &str| {
        set(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = of_unit("STATE_DIRECTORY").or_else(|| {
        of_user("XDG_STATE_HOME")
            .or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/state")))
            .map(|path| path.join("stickler"))
    });
    let runtime = of_unit("RUNTIME_DIRECTORY")
        .or_else(|| of_user("XDG_RUNTIME_DIR").map(|path| path.join("stickler")))
        .or_else(|| state.clone());
    Directories { state, runtime }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use clap::{Args, Command, FromArgMatches};

    use super::{Directories, Environment, Messages, default_store};
    use crate::cli::check::CheckArgs;

    #[test]
    fn the_default_store_lies_in_the_cache_directory() {
        for (cache_home, home, expected) in [
            (Some("/c"), Some("/h"), Some("/c/stickler/policies.sqlite")),
            (
                Some("c"),
                Some("/h"),
                Some("/h/.cache/stickler/policies.sqlite"),
            ),
            (None, Some("/h"), Some("/h/.cache/stickler/policies.sqlite")),
            (None, None, None),
        ] {
            assert_eq!(
                default_store(cache_home.map(Into::into), home.map(Into::into)),
                expected.map(PathBuf::from),
                "{cache_home:?} {home:?}"
            );
        }
    }

    #[test]
    fn a_diverted_run_keeps_nothing_unless_a_store_is_named() {
        let environment = Environment {
            default_store: Some("/default".into()),
            directories: Directories::default(),
            inherited_names: None,
            color: false,
            color_always: false,
            messages: Messages::Plain,
            messages_width: None,
            shows_progress: false,
            draws_boxes: false,
            width: None,
            verbose: false,
        };
        for (words, expected) in [
            (&["check"][..], Some("/default")),
            (&["check", "--timeout", "1s"], Some("/default")),
            (&["check", "--cache", "none"], None),
            (&["check", "--cache", "x"], Some("x")),
            (&["check", "--now", "2026-03-02T08:00:00Z"], None),
            (&["check", "--resolver", "127.0.0.1:1"], None),
            (&["check", "--connect-to", "::127.0.0.1:1"], None),
            (&["check", "--ca-file", "ca.pem"], None),
            (&["check", "--ca-file", "ca.pem", "--cache", "x"], Some("x")),
        ] {
            let matches = CheckArgs::augment_args(Command::new("check")).get_matches_from(words);
            let args = CheckArgs::from_arg_matches(&matches).unwrap();
            assert_eq!(
                environment.store_for(&args.network, &args.cache),
                expected.map(Path::new),
                "{words:?}"
            );
        }
    }
}
