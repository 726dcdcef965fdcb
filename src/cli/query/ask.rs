//! The question, over the control socket, and the answer, on its way out.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{Export, QueryArgs, page};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, tell};
use crate::cli::output_args::AnswerFormat;
use crate::cli::serve::control_path;
use crate::report::json;
use crate::sidecar::explain::{Explained, Kind};
use crate::sidecar::setup::systemd::CONTROL_SOCKET;

/// How long an answer may take: longer than any look-up is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks, and tells what was answered.
///
/// # Errors
///
/// When no sidecar answers, or it cannot do what was asked.
pub fn run(args: &QueryArgs, environment: &Environment) -> anyhow::Result<Exit> {
    let path = match control_path(args.control.as_ref(), &environment.directories)? {
        Some(path) if args.control.is_none() => or_of_unit(path, Path::new(CONTROL_SOCKET)),
        Some(path) => path,
        None => bail!("--control none names no socket"),
    };
    let question = match (&args.domain, args.forget) {
        (None, _) if args.alive => "alive".to_owned(),
        (None, _) => "dump".to_owned(),
        (Some(domain), true) => format!("forget {}", domain.name()),
        (Some(domain), false) => match &args.mx {
            Some(mx) => format!("query {} {mx}", domain.name()),
            None => format!("query {}", domain.name()),
        },
    };
    let mut output = Output::open(args.output.output.as_deref())?;
    let mut exit = Exit::Success;
    for line in ask(&path, &question)? {
        let line = line.with_context(|| format!("reading from {}", path.display()))?;
        let value: Value = serde_json::from_str(&line)
            .with_context(|| format!("{} answers something else than a sidecar", path.display()))?;
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            bail!("the sidecar says: {error}");
        }
        if value.get("alive").is_some() {
            return Ok(Exit::Success);
        }
        if let Some(forgotten) = value.get("forgotten").and_then(Value::as_bool) {
            tell(format_args!(
                "{}",
                if forgotten {
                    "forgotten"
                } else {
                    "nothing was held"
                }
            ));
            return Ok(if forgotten {
                Exit::Success
            } else {
                Exit::Failure
            });
        }
        let told: Explained = serde_json::from_value(value)
            .with_context(|| format!("{} answers in another version's words", path.display()))?;
        match (args.all, args.export, args.output.format) {
            (true, Some(Export::Postfix), _) => {
                if let Some(value) = told.answers.postfix.strip_prefix("OK ") {
                    writeln!(output, "{}\t{value}", told.domain)?;
                }
            }
            (true, None, AnswerFormat::Json) => writeln!(output, "{line}")?,
            (true, None, AnswerFormat::Text) => writeln!(output, "{}", page::line(&told))?,
            (false, _, AnswerFormat::Json) => writeln!(output, "{}", json::pretty(&told)?)?,
            (false, _, AnswerFormat::Text) => {
                let context = environment.context(args.output.output.as_deref(), told.at);
                write!(output, "{}", page::page(&told, &context))?;
            }
        }
        if !args.all {
            exit = verdict(&told);
        }
    }
    output.finish()?;
    Ok(exit)
}

/// Returns the user's own socket, or the one of the system's service where there is no other.
fn or_of_unit(own: PathBuf, of_unit: &Path) -> PathBuf {
    if !own.exists() && of_unit.exists() {
        of_unit.to_owned()
    } else {
        own
    }
}

fn verdict(told: &Explained) -> Exit {
    let is_unlisted = told.mx.as_ref().is_some_and(|mx| mx.pattern.is_none());
    match told.standing {
        Kind::Policy if is_unlisted => Exit::Failure,
        Kind::Policy => Exit::Success,
        Kind::None => Exit::Failure,
        Kind::Pending | Kind::Unreadable => Exit::Undetermined,
    }
}

fn ask(
    path: &Path,
    question: &str,
) -> anyhow::Result<impl Iterator<Item = std::io::Result<String>> + use<>> {
    let no_sidecar = || {
        format!(
            "no sidecar answers at {}: is `stickler serve` running, and by this user?",
            path.display()
        )
    };
    let mut stream = UnixStream::connect(path).with_context(no_sidecar)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "{question}").with_context(no_sidecar)?;
    Ok(BufReader::new(stream).lines())
}

#[cfg(test)]
mod tests {
    use super::or_of_unit;

    #[test]
    fn the_service_of_the_system_is_asked_where_the_user_runs_none() {
        let folder = tempfile::tempdir().unwrap();
        let [there, there_too, gone] = ["a", "b", "c"].map(|name| folder.path().join(name));
        for path in [&there, &there_too] {
            std::fs::write(path, "").unwrap();
        }
        for (own, of_unit, expected) in [
            (&there, &there_too, &there),
            (&there, &gone, &there),
            (&gone, &there, &there),
            (&gone, &folder.path().join("d"), &gone),
        ] {
            assert_eq!(
                or_of_unit(own.clone(), of_unit),
                *expected,
                "{own:?} {of_unit:?}"
            );
        }
    }
}
