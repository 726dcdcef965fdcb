//! The files that belong to the package: those that git tracks. What else lies about is its owner's business.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns what git tracks, paths below the package, sorted; nothing where there is no git, or no repository.
pub(super) fn tracked_files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached"])
        .current_dir(super::root())
        .output();
    let Ok(listed) = listed else {
        return Vec::new();
    };
    let paths = String::from_utf8(listed.stdout).unwrap();
    let mut files: Vec<PathBuf> = paths
        .split_terminator('\0')
        .map(PathBuf::from)
        // One that was deleted and not yet committed is no file any more.
        .filter(|path| super::root().join(path).exists())
        .collect();
    files.sort();
    files
}

/// Returns every Rust file below a folder of the package that git tracks, sorted; where it tracks none there, every
/// one that lies there.
pub(super) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = tracked_files();
    files.retain(|path| path.starts_with(folder));
    if files.is_empty() {
        lying_in(Path::new(folder), &mut files);
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    files
}

fn lying_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(super::root().join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if super::root().join(&path).is_dir() {
            lying_in(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn with_git_and_without_the_same_files_are_found() {
    for folder in ["src", "tests"] {
        let tracked = rust_files(folder);
        assert!(tracked.len() > 50, "{folder}: {tracked:?}");
        let mut lying = Vec::new();
        lying_in(Path::new(folder), &mut lying);
        for file in tracked {
            assert!(lying.contains(&file), "{}", file.display());
        }
    }
}
