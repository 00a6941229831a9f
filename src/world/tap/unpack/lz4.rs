//! LZ4 frames. Each block is a row of sequences: so many bytes as they are, then so many copied from before. Their lengths are added up.

use super::{number, take};

const MAGIC: u64 = 0x184d_2204;

const BLOCK_CHECKSUM: u64 = 0x10;
const CONTENT_SIZE: u64 = 0x08;
const CONTENT_CHECKSUM: u64 = 0x04;
const DICTIONARY: u64 = 0x01;

/// The bit of a block's size that says that the block is not compressed.
const PLAIN: u64 = 1 << 31;

/// The least that is copied.
const COPIED: u64 = 4;

/// How much it unpacks to.
pub(super) fn unpacked(mut bytes: &[u8]) -> u64 {
    let mut sum = 0;
    while frame(&mut bytes, &mut sum).is_some() {}
    sum
}

fn frame(bytes: &mut &[u8], sum: &mut u64) -> Option<()> {
    (number(bytes, 4)? == MAGIC).then_some(())?;
    let flags = number(bytes, 1)?;
    let _block_size = take(bytes, 1)?;
    if flags & CONTENT_SIZE != 0 {
        take(bytes, 8)?;
    }
    if flags & DICTIONARY != 0 {
        take(bytes, 4)?;
    }
    let _header_checksum = take(bytes, 1)?;
    loop {
        let size = number(bytes, 4)?;
        if size == 0 {
            break;
        }
        let length = usize::try_from(size & !PLAIN).ok()?;
        if size & PLAIN != 0 {
            *sum += size & !PLAIN;
            take(bytes, length)?;
        } else {
            block(take(bytes, length)?, sum);
        }
        if flags & BLOCK_CHECKSUM != 0 {
            take(bytes, 4)?;
        }
    }
    if flags & CONTENT_CHECKSUM != 0 {
        take(bytes, 4)?;
    }
    Some(())
}

fn block(mut block: &[u8], sum: &mut u64) -> Option<()> {
    while !block.is_empty() {
        let token = number(&mut block, 1)?;
        let plain = length(&mut block, token >> 4)?;
        *sum += plain;
        take(&mut block, usize::try_from(plain).ok()?)?;
        if block.is_empty() {
            break;
        }
        let _where = take(&mut block, 2)?;
        *sum += COPIED + length(&mut block, token & 15)?;
    }
    Some(())
}

/// A length that goes on in further bytes where four bits are not enough.
fn length(block: &mut &[u8], begun: u64) -> Option<u64> {
    let mut length = begun;
    if begun == 15 {
        loop {
            let more = number(block, 1)?;
            length += more;
            if more < 255 {
                break;
            }
        }
    }
    Some(length)
}
