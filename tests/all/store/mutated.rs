//! Mutated lines and mutated rows: none panics, and what is read is what was written.

use rusqlite::params;
use stickler::store::Store;

use crate::properties::checks::store::{line, loose, rows};
use crate::support::mutations::inputs;
use crate::support::xorshift::Xorshift;

const LINE: &[u8] = br#"{"schema":"stickler/cache-export/1","domain":"a.test","id":"1","first_seen":"2026-03-02T12:00:00Z","last_seen_live":"2026-03-02T12:00:00Z","gone_by":null,"body":"version: STSv1\nmode: none\nmax_age: 6\n"}"#;
const BASE64: &[u8] = br#"{"schema":"stickler/stored-policy/1","domain":"a.test","id":"1","fetched_at":"2026-03-02T12:00:00Z","body_base64":"dmVyc2lvbjogU1RTdjEKbW9kZTogbm9uZQptYXhfYWdlOiA2Cg=="}"#;
const BODY: &[u8] = b"version: STSv1\nmode: none\nmax_age: 6\n";

#[test]
fn no_line_of_an_import_panics_and_what_is_read_can_be_written() {
    let mut random = Xorshift::new(8461);
    let mut octets = Vec::new();
    let mut read = 0;
    for _ in 0..inputs() {
        random.mutate(&[LINE, BASE64], br#"{}[]":,\n0aZ.-"#, &mut octets);
        read += usize::from(line(&octets));
    }
    // The seeds themselves and harmless changes are among them.
    assert!(read > inputs() / 20, "only {read} lines could be read");
}

#[test]
fn no_row_panics_and_what_is_read_is_what_stands_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.sqlite");
    let mut connection = loose(&path);
    let mut random = Xorshift::new(8460);
    let transaction = connection.transaction().unwrap();
    {
        let mut insert = transaction
            .prepare(
                "INSERT INTO ledger VALUES (
                     CASE ?1 % 8 WHEN 0 THEN ?2 ELSE CAST(?2 AS TEXT) END,
                     CASE ?1 % 7 WHEN 0 THEN ?1 ELSE CAST(?3 AS TEXT) END,
                     CASE ?1 % 5 WHEN 0 THEN CAST(?4 AS TEXT) ELSE ?4 END,
                     ?1,
                     CASE ?1 % 11 WHEN 0 THEN NULL WHEN 1 THEN 1.5 WHEN 2 THEN -?1 ELSE ?1 END,
                     CASE ?1 % 13 WHEN 0 THEN ?1 WHEN 1 THEN 1.5 WHEN 2 THEN -?1 END)",
            )
            .unwrap();
        let [mut domain, mut id, mut body] = [const { Vec::new() }; 3];
        for round in 0..inputs() {
            random.mutate(&[b"a.test", b"xn--bcher-kva.test"], b"A.-_*", &mut domain);
            random.mutate(&[b"1", b"20260302T120000"], b"aZ0 ", &mut id);
            if round % 16 == 0 {
                random.mutate(&[BODY], b"\r\n:mx*. ", &mut body);
            }
            insert
                .execute(params![
                    // Up to a little after the last moment that the calendar has.
                    (random.next() & 0x3f_ffff_ffff).cast_signed(),
                    domain,
                    id,
                    body
                ])
                .unwrap();
        }
    }
    transaction.commit().unwrap();
    let store = Store::open_existing(&path).unwrap().unwrap();
    let (read, refused) = rows(&store);
    assert_eq!(read + refused, inputs());
    assert!(read > inputs() / 200, "only {read} rows could be read");
}
