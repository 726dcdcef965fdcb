//! No files of one room import each other, directly or over others.
//!
//! A file imports those whose items its code names, wherever the name was re-exported on the way. So a
//! parent's `mod` and `pub use` are no import of the child. A child that names its parent's type while the
//! parent's code names the child's is a circle like any other: the type belongs in a file of its own. What is
//! only called, such as a method that a child gives to its parent's type, names no file and does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::names::Modules;
use super::source::Source;

/// An import: the file that names, the file that defines.
type Import = (PathBuf, PathBuf);

/// What of the second file the first one names.
type Imports = BTreeMap<Import, BTreeSet<String>>;

/// Imports that close a circle: the file that names, the file that defines, why it still does.
const EXEMPTIONS: &[(&str, &str, &str)] = &[];

#[test]
fn no_files_of_a_room_import_each_other_in_circles() {
    let exempt: BTreeSet<Import> = EXEMPTIONS
        .iter()
        .map(|(user, used, _why)| (user.into(), used.into()))
        .collect();
    let judged = Judged::new(&inside_rooms(&Source::library()), &exempt);
    assert!(
        judged.closing.is_empty(),
        "files import each other in circles:\n{}",
        judged.closing.join("\n")
    );
    assert!(
        judged.unneeded.is_empty(),
        "these imports close no circle any more: delete their entries from EXEMPTIONS in {}:\n{}",
        file!(),
        judged.unneeded.join("\n")
    );
}

/// What the imports and their exemptions show.
#[derive(Debug, Default, Eq, PartialEq)]
struct Judged {
    /// The imports that lie on a circle, if the exempt ones were gone.
    closing: Vec<String>,
    /// The exempt ones that lie on none, if the others were gone.
    unneeded: Vec<String>,
}

impl Judged {
    fn new(imports: &Imports, exempt: &BTreeSet<Import>) -> Self {
        let mut below = BTreeMap::<&Path, BTreeSet<&Path>>::new();
        for (user, used) in imports.keys().filter(|import| !exempt.contains(import)) {
            below.entry(user).or_default().insert(used);
        }
        let mut judged = Self::default();
        for (import, names) in imports {
            let (user, used) = import;
            if !exempt.contains(import) && reaches(&below, used, user) {
                judged.closing.push(format!(
                    "{} imports {}: {}",
                    user.display(),
                    used.display(),
                    Vec::from_iter(names.iter().map(String::as_str)).join(", ")
                ));
            }
        }
        for import in exempt {
            let (user, used) = import;
            if !imports.contains_key(import) || !reaches(&below, used, user) {
                judged
                    .unneeded
                    .push(format!("{} -> {}", user.display(), used.display()));
            }
        }
        judged
    }
}

/// Returns whether `from` imports `to`, directly or over others.
fn reaches(below: &BTreeMap<&Path, BTreeSet<&Path>>, from: &Path, to: &Path) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![from];
    while let Some(file) = left.pop() {
        if file == to {
            return true;
        }
        if seen.insert(file) {
            left.extend(below.get(file).into_iter().flatten());
        }
    }
    false
}

/// Returns the imports between files of one room.
fn inside_rooms(sources: &[Source]) -> Imports {
    let rooms: BTreeMap<&Path, String> = sources
        .iter()
        .map(|source| (source.path.as_path(), source.room()))
        .collect();
    let mut imports = Modules::read(sources).imports();
    imports.retain(|(user, used), _| rooms[user.as_path()] == rooms[used.as_path()]);
    imports
}

/// Made-up files: path and code.
type Files<'a> = &'a [(&'a str, &'a str)];

/// Judges made-up files of one room.
fn judge(files: Files<'_>, exempt: &[(&str, &str)]) -> Judged {
    let mut room = BTreeMap::from([("r/mod.rs", "")]);
    room.extend(files.iter().copied());
    let sources: Vec<Source> = room
        .iter()
        .map(|(path, code)| Source::new(path.into(), code))
        .collect();
    let exempt = exempt
        .iter()
        .map(|(user, used)| (user.into(), used.into()))
        .collect();
    Judged::new(&inside_rooms(&sources), &exempt)
}

#[test]
fn files_that_import_each_other_are_found() {
    let cases: [(&str, Files<'_>, &[&str]); 9] = [
        (
            "directly",
            &[
                ("r/a.rs", "use super::b::B;\npub struct A(B);"),
                (
                    "r/b.rs",
                    "use crate::r::a::{A, Aa as Other};\npub struct B;",
                ),
            ],
            &["r/a.rs imports r/b.rs: B", "r/b.rs imports r/a.rs: A, Aa"],
        ),
        (
            "without a `use`",
            &[
                ("r/a.rs", "fn a() { super::b::b(); }"),
                ("r/b.rs", "use super::a;\nfn b() { a::a() }"),
            ],
            &["r/a.rs imports r/b.rs: b", "r/b.rs imports r/a.rs: a"],
        ),
        (
            "over a re-export",
            &[
                (
                    "r/mod.rs",
                    "mod a;\nmod b;\npub use a::A;\npub(super) use b::{self, Bb as B};",
                ),
                ("r/a.rs", "use super::B;\npub struct A;"),
                ("r/b.rs", "use crate::r::A;\npub struct Bb;"),
            ],
            &["r/a.rs imports r/b.rs: Bb", "r/b.rs imports r/a.rs: A"],
        ),
        (
            "over three files",
            &[
                ("r/a.rs", "use super::b::{C};"),
                ("r/b.rs", "use super::d::D as C;\nstruct B;"),
                ("r/c.rs", "fn c() -> super::a::A {}"),
                ("r/d.rs", "type D = self::super::c::C;"),
                ("r/a/e.rs", "use super::super::b::B;"),
            ],
            &[
                "r/a.rs imports r/d.rs: D",
                "r/c.rs imports r/a.rs: A",
                "r/d.rs imports r/c.rs: C",
            ],
        ),
        (
            "a parent and its child",
            &[
                (
                    "r/mod.rs",
                    "mod child;\npub use child::Child;\npub struct Parent(Child);",
                ),
                (
                    "r/child.rs",
                    "pub struct Child;\nfn f(parent: &super::Parent) {}",
                ),
            ],
            &[
                "r/child.rs imports r/mod.rs: Parent",
                "r/mod.rs imports r/child.rs: Child",
            ],
        ),
        (
            "the function of a module of its name",
            &[
                (
                    "r/mod.rs",
                    "pub mod a;\npub use a::a;\nfn f() { a(1) }\nconst C: u8 = 1;",
                ),
                ("r/a.rs", "use super::C;\npub fn a(x: u8) {}"),
            ],
            &["r/a.rs imports r/mod.rs: C", "r/mod.rs imports r/a.rs: a"],
        ),
        (
            "none: a parent re-exports, and a child gives it methods",
            &[
                (
                    "r/mod.rs",
                    "mod child;\npub use child::{Child, help};\npub struct Parent { help: u8 }",
                ),
                (
                    "r/child.rs",
                    "use super::Parent;\nimpl Parent { fn f(&self) {} }",
                ),
            ],
            &[],
        ),
        (
            "none: tests, texts and comments",
            &[
                ("r/a.rs", "use super::b::B;\npub struct A(B);"),
                (
                    "r/b.rs",
                    "// super::a::A\nconst B: &str = \"super::a::A\";\n#[cfg(test)]\nmod tests { use super::super::a::A; }",
                ),
            ],
            &[],
        ),
        (
            "none: another room, another crate",
            &[
                ("r/a.rs", "use crate::s::B;\nuse b::B as C;\npub struct A;"),
                ("r/b.rs", "use super::a::A;\npub struct B;"),
                ("s/mod.rs", "use crate::r::a::A;\npub struct B;"),
            ],
            &[],
        ),
    ];
    for (what, files, expected) in cases {
        assert_eq!(judge(files, &[]).closing, expected, "{what}");
    }
}

#[test]
fn an_exemption_takes_one_import_away_and_must_be_needed() {
    let files = [
        ("r/a.rs", "use super::b::B;\npub struct A;"),
        ("r/b.rs", "use super::a::A;\npub struct B;"),
        ("r/c.rs", "use super::a::A;"),
    ];
    let there = ("r/a.rs", "r/b.rs");
    assert_eq!(judge(&files, &[there]), Judged::default());
    for unneeded in [("r/c.rs", "r/a.rs"), ("r/b.rs", "r/c.rs")] {
        let judged = judge(&files, &[there, unneeded]);
        assert_eq!(judged.closing, Vec::<String>::new());
        assert_eq!(
            judged.unneeded,
            [format!("{} -> {}", unneeded.0, unneeded.1)]
        );
    }
    let both = judge(&files, &[there, ("r/b.rs", "r/a.rs")]);
    assert_eq!(both.unneeded.len(), 2, "one of the two would do");
}
