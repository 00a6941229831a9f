//! Zstandard (RFC 8878): frames of blocks. A block says how it was packed and how long it is; none unpacks to more than 128 KiB. The blocks of
//! the small batches that producers send are far from that, and only whoever unpacks them knows how far.

use std::io::Read;

use zstd::stream::read::Decoder;

use super::{number, take};

const MAGIC: u64 = 0xfd2f_b528;

/// Sixteen numbers begin frames that are to be skipped.
const SKIPPED: u64 = 0x184d_2a50;

/// The most that a compressed block unpacks to.
const BLOCK: u64 = 128 << 10;

/// Room that is unpacked into.
const ROOM: usize = 64 << 10;

/// The most that it can unpack to: what its blocks hold, or what a frame says that it holds, when that is more. A reader may make room for it.
pub(super) fn most(bytes: &[u8]) -> u64 {
    let (held, said) = bounds(bytes);
    held.max(said)
}

/// How much it unpacks to, or what it says that it does, when that is more. Stops a little beyond the limit.
pub(super) fn unpacked(bytes: &[u8], limit: u64) -> u64 {
    let (_, said) = bounds(bytes);
    let mut room = vec![0; ROOM];
    // Frames that want a window of more than 128 MiB are an error here, as they are for brokers (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`).
    let Ok(mut decoder) = Decoder::with_buffer(bytes) else { return said };
    let mut counted = 0;
    while counted <= limit {
        // Where it is damaged whoever reads it stops, too.
        let Ok(count @ 1..) = decoder.read(&mut room) else { break };
        counted += count as u64;
    }
    counted.max(said)
}

/// What all blocks can hold, and what all frames say that they do.
fn bounds(mut bytes: &[u8]) -> (u64, u64) {
    let (mut held, mut said) = (0, 0);
    while frame(&mut bytes, &mut held, &mut said).is_some() {}
    (held, said)
}

fn frame(bytes: &mut &[u8], held: &mut u64, said: &mut u64) -> Option<()> {
    let magic = number(bytes, 4)?;
    if magic & !15 == SKIPPED {
        let length = number(bytes, 4)?;
        take(bytes, usize::try_from(length).ok()?)?;
        return Some(());
    }
    (magic == MAGIC).then_some(())?;
    let descriptor = number(bytes, 1)?;
    let single = descriptor & 0x20 != 0;
    if !single {
        let _window = take(bytes, 1)?;
    }
    let dictionary = [0, 1, 2, 4].into_iter().nth(usize::try_from(descriptor & 3).ok()?)?;
    take(bytes, dictionary)?;
    *said = said.saturating_add(match (descriptor >> 6, single) {
        (0, false) => 0,
        (0, true) => number(bytes, 1)?,
        (1, _) => number(bytes, 2)? + 256,
        (2, _) => number(bytes, 4)?,
        _ => number(bytes, 8)?,
    });
    loop {
        let head = number(bytes, 3)?;
        let size = head >> 3;
        match head >> 1 & 3 {
            0 => {
                *held += size;
                take(bytes, usize::try_from(size).ok()?)?;
            }
            1 => {
                *held += size;
                take(bytes, 1)?;
            }
            2 => {
                *held += BLOCK;
                take(bytes, usize::try_from(size).ok()?)?;
            }
            _ => return None,
        }
        if head & 1 != 0 {
            break;
        }
    }
    if descriptor & 4 != 0 {
        take(bytes, 4)?;
    }
    Some(())
}
