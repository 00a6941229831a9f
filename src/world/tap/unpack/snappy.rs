//! Snappy, as Kafka's clients write it: chunks with a length before each (snappy-java's form), or one block without (raw).
//!
//! Each block begins with the length of what is in it. A reader makes room for that before it looks at the rest, so it counts even when it lies.

use super::take;

/// How snappy-java's form begins. Two version numbers follow.
const MAGIC: &[u8] = b"\x82SNAPPY\0";
const VERSIONS: usize = 8;

/// How much it unpacks to, as it says.
pub(super) fn unpacked(mut bytes: &[u8]) -> u64 {
    if !bytes.starts_with(MAGIC) {
        return length(bytes).unwrap_or(0);
    }
    let mut sum = 0_u64;
    while let Some(chunk) = chunk(&mut bytes) {
        sum = sum.saturating_add(length(chunk).unwrap_or(0));
    }
    sum
}

/// The next chunk. The last one may be cut.
fn chunk<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    // Such streams may stand one behind the other.
    while bytes.starts_with(MAGIC) {
        take(bytes, MAGIC.len() + VERSIONS)?;
    }
    let size = take(bytes, 4)?.first_chunk().map(|size| i32::from_be_bytes(*size))?;
    let size = usize::try_from(size).ok()?;
    take(bytes, size.min(bytes.len()))
}

/// The length that a block begins with: seven bits in a byte, the lowest first, five bytes at most.
fn length(block: &[u8]) -> Option<u64> {
    let mut length = 0;
    for (nth, byte) in block.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
    None
}
