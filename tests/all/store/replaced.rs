//! A store whose file is moved or removed under it: what is said to be written is in the store.

use std::path::Path;

use stickler::facts::{DnsName, UnixTime};
use stickler::store::{Purpose, Store};
use stickler::sts::cache::StoredPolicy;
use stickler::sts::ledger::{Look, Published};

const NOW: UnixTime = UnixTime::from_secs(1_772_452_800);

fn name(name: &str) -> DnsName {
    name.parse().unwrap()
}

fn policy() -> StoredPolicy {
    StoredPolicy {
        id: "1".parse().unwrap(),
        body: b"version: STSv1\nmode: none\nmax_age: 60\n"
            .as_slice()
            .into(),
        fetched_at: NOW,
    }
}

/// Makes a store with a policy, spoils it, and has another handle move it aside.
fn replace(path: &Path) -> Store {
    let octets = std::fs::read(path).unwrap();
    std::fs::write(path, &octets[..octets.len() - 4096]).unwrap();
    let other = Store::open(path, Purpose::Check).unwrap();
    assert!(other.moved_aside().is_some());
    other.put(&name("theirs.test"), &policy()).unwrap();
    other
}

/// Removes the file as `rm` does.
fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_is_written_is_in_the_file_that_stands_there_now() {
    let line = {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s"), Purpose::Check).unwrap();
        store.put(&name("ours.test"), &policy()).unwrap();
        let mut lines = Vec::new();
        store.export(&mut lines).unwrap();
        lines
    };
    type Write<'a> = &'a dyn Fn(&Store);
    let writes: [(&str, Write<'_>); 3] = [
        ("import", &|store| {
            assert_eq!(store.import(&mut &*line, NOW).unwrap(), 1);
        }),
        ("put", &|store| {
            store.put(&name("ours.test"), &policy()).unwrap();
        }),
        ("record", &|store| {
            let look = Look {
                at: NOW,
                published: Published::Policies(vec![(policy().id, policy().body)]),
                parts: Vec::new(),
                is_whole: true,
            };
            store.record(&name("ours.test"), &look).unwrap();
        }),
    ];
    for (what, write) in writes {
        for is_replaced in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("s");
            drop(Store::open(&path, Purpose::Check).unwrap());
            let store = Store::open(&path, Purpose::Check).unwrap();
            let other = if is_replaced {
                Some(replace(&path))
            } else {
                remove(&path);
                None
            };
            write(&store);
            let third = Store::open_existing(&path).unwrap().unwrap();
            let found = |domain| !third.recall(&name(domain)).unwrap().ledger.is_empty();
            assert!(found("ours.test"), "{what}, replaced: {is_replaced}");
            assert_eq!(found("theirs.test"), is_replaced, "{what}");
            drop(other);
        }
    }
}

#[test]
fn closing_a_file_that_was_moved_leaves_the_log_of_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(Store::open(&path, Purpose::Check).unwrap());
    let moved = Store::open(&path, Purpose::Check).unwrap();
    let _other = replace(&path);
    drop(moved);
    let third = Store::open_existing(&path).unwrap().unwrap();
    let found = third.recall(&name("theirs.test")).unwrap();
    assert!(!found.ledger.is_empty());
}

#[test]
fn a_store_that_was_removed_is_not_made_anew_by_one_who_only_removes_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(Store::open(&path, Purpose::Check).unwrap());
    let store = Store::open_existing(&path).unwrap().unwrap();
    remove(&path);
    let error = store.remove(&name("ours.test")).unwrap_err().to_string();
    assert!(
        error.contains("it was removed while it was in use"),
        "{error}"
    );
    assert!(!path.exists());
}
