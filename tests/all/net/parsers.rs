//! Mutated inputs for each parser of foreign text in this room.

use stickler::net::routes::Route;

use crate::properties::checks::replies::replies;
use crate::support::mutations::inputs;
use crate::support::xorshift::Xorshift;

#[test]
fn mutated_replies_neither_panic_nor_break_a_limit() {
    let seeds: [&[u8]; 7] = [
        b"220 mx.test ESMTP\r\n",
        b"250-mx.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
        b"220\r\n354 go\n",
        b"421-a\r\n421\r\n",
        b"250-\r\n250-   \r\n250 \r\n",
        b"554 Gr\xfc\xdf\r\n",
        b"25",
    ];
    let mut random = Xorshift::new(0x5eed);
    let mut octets = Vec::new();
    let mut whole = 0;
    for number in 0..inputs() {
        random.mutate(&seeds, b"\r\n 0123456789-STARTTLS\t\0", &mut octets);
        let cut = (number % 8 == 0).then(|| random.below(octets.len() + 1));
        whole += usize::from(replies(&octets, cut));
    }
    assert!(whole > 100, "the mutator makes valid replies too");
}

#[test]
fn mutated_routes_neither_panic_nor_change_when_written() {
    let seeds: [&[u8]; 6] = [
        b"mx.test:25:127.0.0.1:4000",
        b"192.0.2.1:443:[::1]:4000",
        b"[2001:db8::1]:25:127.0.0.1:1",
        b"::127.0.0.1:65535",
        b":25:127.0.0.1:1",
        "b\u{fc}cher.test::127.0.0.1:1".as_bytes(),
    ];
    let mut random = Xorshift::new(0xc0ffee);
    let mut octets = Vec::new();
    let mut valid = 0_usize;
    for _ in 0..inputs() {
        random.mutate(&seeds, b":[].0123456789abcdef-_", &mut octets);
        let text = String::from_utf8_lossy(&octets);
        if let Ok(route) = text.parse::<Route>() {
            valid += 1;
            assert_eq!(route.to_string().parse(), Ok(route), "{text:?}");
        }
    }
    assert!(
        valid > inputs() / 100,
        "{valid} valid routes are too few to show anything"
    );
}
