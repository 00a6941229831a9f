//! gzip (RFC 1952): members one after the other, each a header, a deflate stream and eight bytes behind it.

use flate2::{Decompress, FlushDecompress, Status};

use super::{number, take};

/// Two bits of deflate stand for 258 bytes at most.
const MOST: u64 = 1032;

/// Room that is unpacked into.
const ROOM: usize = 64 << 10;

const NAME: u64 = 0x08;
const COMMENT: u64 = 0x10;
const EXTRA: u64 = 0x04;
const HEADER_CHECKSUM: u64 = 0x02;

/// The most that so many bytes can unpack to.
pub(super) fn most(packed: u64) -> u64 {
    packed.saturating_mul(MOST)
}

/// How much it unpacks to. Stops a little beyond the limit.
pub(super) fn unpacked(mut bytes: &[u8], limit: u64) -> u64 {
    let (mut sum, mut room) = (0_u64, vec![0; ROOM]);
    while sum <= limit && header(&mut bytes).is_some() {
        let mut member = Decompress::new(false);
        loop {
            let before = member.total_in();
            let status = member.decompress(bytes, &mut room, FlushDecompress::None);
            let (read, out) = (member.total_in() - before, member.total_out());
            bytes = usize::try_from(read).ok().and_then(|read| bytes.get(read..)).unwrap_or_default();
            match status {
                Ok(Status::StreamEnd) => break sum += out,
                // No more of it is there, or it is damaged.
                Ok(Status::BufError) | Err(_) => return sum + out,
                Ok(Status::Ok) if sum + out > limit => return sum + out,
                Ok(Status::Ok) => {}
            }
        }
        // A checksum and the length, which may lie.
        let _ = take(&mut bytes, 8);
    }
    sum
}

/// Reads over the header of a member. What is wrong in it but does not keep everybody from reading on is not looked at.
fn header(bytes: &mut &[u8]) -> Option<()> {
    (take(bytes, 2)? == [0x1f, 0x8b]).then_some(())?;
    let _method = take(bytes, 1)?;
    let flags = number(bytes, 1)?;
    let _time_and_system = take(bytes, 6)?;
    if flags & EXTRA != 0 {
        let length = number(bytes, 2)?;
        take(bytes, usize::try_from(length).ok()?)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = bytes.iter().position(|byte| *byte == 0)?;
            take(bytes, end + 1)?;
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        take(bytes, 2)?;
    }
    Some(())
}
