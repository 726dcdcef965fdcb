use stickler::cli::values::{DomainArgument, Probe, ResolverAddress, parse_duration};

use crate::support::mutations::{inputs, mutations};

#[test]
fn no_mutated_value_of_an_argument_panics_and_what_is_shown_can_be_read() {
    let corpus: &[&[u8]] = &[
        b"10s",
        b"2d2h",
        b"99999999999999999999w",
        b"jo@example.com",
        b"jo@[192.0.2.1]",
        "b\u{fc}cher.test".as_bytes(),
        b"a@example.net,b@example.com",
        b"<>,b@example.com",
        b"[2001:db8::7]:53",
    ];
    let mut read = [0_usize; 4];
    mutations(corpus, inputs(), 8461, |octets| {
        let Ok(text) = str::from_utf8(octets) else {
            return;
        };
        if let Ok(domain) = text.parse::<DomainArgument>() {
            assert_eq!(domain.name().as_str().parse(), Ok(domain), "{text:?}");
            read[0] += 1;
        }
        read[1] += usize::from(parse_duration(text).is_ok());
        read[2] += usize::from(text.parse::<Probe>().is_ok());
        read[3] += usize::from(text.parse::<ResolverAddress>().is_ok());
    });
    assert!(
        read.iter().all(|count| *count > inputs() / 1_000),
        "{read:?}"
    );
}
