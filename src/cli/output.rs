//! Where results go: standard output or a file, and what a reader who went away means.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::report::escape;
use crate::report::text::{self, Look};
use crate::scenario::Problem;

/// A result's destination. What was written is not sure to be there before [`Output::finish`]; a file that is
/// there already stays as it is until then.
#[derive(Debug)]
pub struct Output(Destination);

#[derive(Debug)]
enum Destination {
    /// A draft beside the file whose place it takes at the end.
    Draft {
        draft: BufWriter<NamedTempFile>,
        target: PathBuf,
    },
    /// What can only be written straight: a device, a pipe, a file in a folder that takes no other.
    Straight(BufWriter<File>),
    Stdout(BufWriter<Stdout>),
}

impl Output {
    /// Opens `path`, or else standard output: before the work begins, so that it is not done for nothing.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let destination = match path {
            Some(path) => Destination::open(path)
                .map_err(without_draft)
                .with_context(|| format!("cannot write `{}`", path.display()))?,
            None => Destination::Stdout(BufWriter::new(io::stdout())),
        };
        Ok(Self(destination))
    }

    /// Writes out what is still held back, and puts the file in its place.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Destination::Draft { draft, target } => {
                let draft = draft.into_inner().map_err(io::IntoInnerError::into_error)?;
                draft.persist(target)?;
                Ok(())
            }
            Destination::Straight(mut file) => file.flush(),
            Destination::Stdout(mut stdout) => stdout.flush(),
        }
    }
}

impl Destination {
    fn open(path: &Path) -> io::Result<Self> {
        let old = match std::fs::metadata(path) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Self::straight(path);
        }
        if old.is_some() {
            // A file that may not be written must not be replaced either.
            OpenOptions::new().write(true).open(path)?;
        }
        // A link stays one: what it points to is replaced.
        let target = match std::fs::canonicalize(path) {
            Ok(target) => target,
            Err(_) if old.is_none() && path.is_symlink() => return Self::straight(path),
            Err(_) => path.to_owned(),
        };
        match draft_of(&target, old.as_ref()) {
            Ok(draft) => Ok(Self::Draft {
                draft: BufWriter::new(draft),
                target,
            }),
            Err(_) if old.is_some() => Self::straight(path),
            Err(error) => Err(error),
        }
    }

    fn straight(path: &Path) -> io::Result<Self> {
        File::create(path).map(|file| Self::Straight(BufWriter::new(file)))
    }
}

/// Takes the path of the draft, which nobody gave, off an error.
fn without_draft(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() {
        return error;
    }
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("there is no such folder"),
        io::ErrorKind::NotADirectory => io::Error::other("what it lies in is no folder"),
        kind => kind.into(),
    }
}

/// Makes a draft in the folder of `target`, which `old` stands for now.
fn draft_of(target: &Path, old: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stickler-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What anything else would make there; the system takes off what the umask says.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let draft = builder.tempfile_in(folder)?;
    if let Some(old) = old {
        draft.as_file().set_permissions(old.permissions())?;
    }
    Ok(draft)
}

impl Write for Output {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Destination::Draft { draft, .. } => draft.write(octets),
            Destination::Straight(file) => file.write(octets),
            Destination::Stdout(stdout) => stdout.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Destination::Draft { draft, .. } => draft.flush(),
            Destination::Straight(file) => file.flush(),
            Destination::Stdout(stdout) => stdout.flush(),
        }
    }
}

/// Refuses to put a result in the place of the store.
///
/// # Errors
///
/// When both are the same file.
pub fn keep_apart(output: Option<&Path>, store: Option<&Path>) -> anyhow::Result<()> {
    if let (Some(output), Some(store)) = (output, store)
        && place_of(output) == place_of(store)
    {
        anyhow::bail!(
            "--output `{}` is the store itself: name another file",
            output.display()
        );
    }
    Ok(())
}

/// Returns a path without links and dots, whether or not something stands there.
fn place_of(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = match path.parent()? {
            folder if folder.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
    };
    std::fs::canonicalize(path)
        .ok()
        .or_else(in_folder)
        .or_else(|| std::path::absolute(path).ok())
        .unwrap_or_else(|| path.to_owned())
}

/// Writes a message to standard error, as a terminal can bear it. When even that is gone there is nobody left
/// to tell.
pub fn tell(message: impl std::fmt::Display) {
    // In one piece, so that processes that share a terminal do not tear each other's lines.
    let line = format!("stickler: {}\n", escape::block(&message.to_string()));
    drop(io::stderr().write_all(line.as_bytes()));
}

/// Writes what is wrong with a file to standard error, after `lead`.
pub fn tell_problem(lead: &str, problem: &Problem, look: Look) {
    let text = format!("stickler: {lead}{}\n", text::problem(problem, look));
    drop(io::stderr().write_all(text.as_bytes()));
}

/// Returns whether a run ended because the reader of our output went away.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::Output;

    #[test]
    fn a_file_is_replaced_when_the_result_is_whole_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, "old").unwrap();
        let read = || std::fs::read_to_string(&path).unwrap();
        let mut cut = Output::open(Some(&path)).unwrap();
        cut.write_all(b"half").unwrap();
        cut.flush().unwrap();
        assert_eq!(read(), "old");
        drop(cut);
        assert_eq!(read(), "old");
        let mut whole = Output::open(Some(&path)).unwrap();
        whole.write_all(b"whole").unwrap();
        whole.finish().unwrap();
        assert_eq!(read(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_a_link_its_target() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        let link = folder.path().join("link");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut output = Output::open(Some(&link)).unwrap();
        output.write_all(b"new").unwrap();
        output.finish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let mut device = Output::open(Some("/dev/null".as_ref())).unwrap();
        device.write_all(b"gone").unwrap();
        device.finish().unwrap();
    }
}
