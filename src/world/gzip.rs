//! Bodies packed as gzip packs them, without packing anything.

/// Returns `octets` as a gzip member (RFC 1952) of stored blocks.
pub(super) fn stored(octets: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = octets.chunks(usize::from(u16::MAX)).peekable();
    if blocks.peek().is_none() {
        member.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a chunk is at most u16::MAX octets");
        member.push(u8::from(blocks.peek().is_none()));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    member.extend(crc32(octets).to_le_bytes());
    let length = u32::try_from(octets.len() % (1 << 32)).expect("it is taken modulo 2^32");
    member.extend(length.to_le_bytes());
    member
}

/// Returns the check sum of RFC 1952, Section 8.
fn crc32(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |mut crc, octet| {
        crc ^= u32::from(*octet);
        for _bit in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_check_sum_is_that_of_gzip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
