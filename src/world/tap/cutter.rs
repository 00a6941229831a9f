//! Cuts a stream of bytes into Kafka's frames: a length of four bytes, and that many bytes.

use bytes::{Bytes, BytesMut};

use super::kept::{Kept, Share};
use crate::timeline::wire::Unread;

/// What a connection may always use for reading, in bytes. More is taken from what all share.
pub(super) const BASE: usize = 16 << 10;

/// The most that is read at once while nothing longer is known to come.
const MOST_AT_ONCE: usize = 256 << 10;

/// The least that is read at once when more is to come.
const LEAST: usize = 4 << 10;

/// A frame this long goes on while it comes. Shorter ones go on in one piece, so that the other side is woken once.
const LONG: usize = 64 << 10;

/// As much of a frame that is not kept is looked at as its header may need.
const HEADER: usize = 4 << 10;

/// The length before a frame.
pub(super) const LENGTH: usize = 4;

/// Bytes that have come and the frames in them.
#[derive(Debug)]
pub(super) struct Cutter {
    buffer: BytesMut,
    /// How much memory the buffer has.
    size: usize,
    share: Share,
    /// The longest frame that is kept.
    longest: usize,
    /// How much of the frame at the front went on already.
    passed: usize,
    /// How much of a frame that is not kept is still to come.
    skip: u64,
    /// Why the frame at the front is not kept after all.
    busy: bool,
    /// How much to read next when nothing is there.
    want: usize,
}

/// What is to be done with the bytes that have come.
#[derive(Debug)]
pub(super) enum Step {
    /// Whole frames, one after the other, each with its length before it. Of the first, `passed` bytes went on already.
    Frames { bytes: Bytes, passed: usize },
    /// The beginning of a frame of this length (without the four bytes before it) that is not kept. All of it comes in `Through`.
    Unkept { start: Bytes, length: usize, passed: usize, reason: Unread },
    /// Bytes of a frame that is not kept.
    Through(Bytes),
    /// A length that no frame has.
    Impossible { length: i32, start: Bytes },
    /// More bytes are needed.
    More,
}

impl Cutter {
    pub(super) fn new(kept: &Kept, longest: usize) -> Self {
        Self { buffer: BytesMut::new(), size: 0, share: kept.share(), longest, passed: 0, skip: 0, busy: false, want: BASE }
    }

    /// The next step. `possible` says which lengths are taken for a frame's.
    pub(super) fn step(&mut self, possible: impl Fn(i32) -> bool) -> Step {
        if self.skip > 0 {
            let some = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.buffer.len());
            if some == 0 {
                return Step::More;
            }
            self.skip -= some as u64;
            return Step::Through(self.buffer.split_to(some).freeze());
        }
        let mut whole = 0;
        while let Some(length) = self.length(whole) {
            let Some(size) = usize::try_from(length).ok().filter(|_| possible(length)) else {
                if whole > 0 {
                    break;
                }
                let start = Bytes::copy_from_slice(self.buffer.get(..HEADER).unwrap_or(&self.buffer));
                return Step::Impossible { length, start };
            };
            if size > self.longest || self.busy {
                if whole > 0 {
                    break;
                }
                return self.unkept(size);
            }
            match whole.checked_add(LENGTH + size) {
                Some(end) if end <= self.buffer.len() => whole = end,
                _ => break,
            }
        }
        if whole == 0 {
            return Step::More;
        }
        Step::Frames { bytes: self.buffer.split_to(whole).freeze(), passed: std::mem::take(&mut self.passed) }
    }

    fn unkept(&mut self, length: usize) -> Step {
        if self.buffer.len() < HEADER.min(LENGTH + length) {
            return Step::More;
        }
        let start = Bytes::copy_from_slice(self.buffer.get(LENGTH..HEADER.min(LENGTH + length)).unwrap_or_default());
        let passed = std::mem::take(&mut self.passed);
        let reason = if std::mem::take(&mut self.busy) { Unread::Busy } else { Unread::TooLong };
        // What went on already is not to come again.
        let _ = self.buffer.split_to(passed);
        self.skip = (LENGTH + length - passed) as u64;
        Step::Unkept { start, length, passed, reason }
    }

    /// The frame at the front, which is not whole yet: its first bytes without the length, when it is long enough for it to matter that
    /// they go on before the rest is there.
    pub(super) fn partial(&self) -> Option<&[u8]> {
        let length = usize::try_from(self.length(0)?).ok()?;
        (self.skip == 0 && length >= LONG && self.buffer.len() > HEADER).then(|| self.buffer.get(LENGTH..)).flatten()
    }

    /// Takes the bytes of the unfinished frame at the front that did not go on yet. They are kept all the same.
    pub(super) fn pass(&mut self) -> &[u8] {
        let from = std::mem::replace(&mut self.passed, self.buffer.len());
        self.buffer.get(from..).unwrap_or_default()
    }

    /// Whether a frame is under way of which a part went on already.
    pub(super) fn within(&self) -> bool {
        self.passed > 0 || self.skip > 0
    }

    /// The buffer with room to read into.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        let have = self.buffer.len();
        let missing = self.length(0).and_then(|length| usize::try_from(length).ok()).filter(|_| self.skip == 0);
        let missing = missing.map(|length| (LENGTH + length.min(self.longest)).saturating_sub(have)).filter(|missing| *missing > 0);
        // Grows with what has come: what a peer only announces takes no memory.
        let want = missing.map_or(self.want, |missing| missing.min((4 * have).clamp(BASE, MOST_AT_ONCE).max(have)));
        let least = if have == 0 { want } else { want.min(LEAST) };
        if have == 0 && self.buffer.capacity() < self.size {
            // From the front again, so that a long frame finds room where the last one was.
            let _ = self.buffer.try_reclaim(self.size);
        }
        // Taking back what was handed on and is not needed any more costs nothing but moving the rest to the front.
        if self.buffer.capacity() - have < least && !self.buffer.try_reclaim(least) {
            self.grow(have, want);
        }
        &mut self.buffer
    }

    fn grow(&mut self, have: usize, want: usize) {
        let ideal = (have + want).max(BASE);
        let size = if self.share.set(ideal - BASE) {
            ideal
        } else if have < HEADER || self.skip > 0 {
            have + BASE
        } else {
            // The frame at the front is passed through instead.
            self.busy = true;
            return;
        };
        let mut larger = BytesMut::with_capacity(size);
        larger.extend_from_slice(&self.buffer);
        (self.buffer, self.size) = (larger, size);
    }

    /// The buffer with room for a little more while what came before is still needed.
    pub(super) fn ahead(&mut self) -> Option<&mut BytesMut> {
        let room = BASE.checked_sub(self.buffer.len()).filter(|room| *room > 0)?;
        self.buffer.reserve(room);
        Some(&mut self.buffer)
    }

    /// Tells how much was read.
    pub(super) fn read(&mut self, bytes: usize) {
        if bytes >= self.want {
            self.want = (self.want * 4).min(MOST_AT_ONCE);
        }
    }

    /// Nothing comes at the moment: gives back what is not needed if others may need it.
    pub(super) fn rest(&mut self) {
        if self.buffer.is_empty() && self.size > BASE && self.share.is_scarce() {
            self.want = BASE;
            (self.buffer, self.size) = (BytesMut::with_capacity(BASE), BASE);
            self.share.set(0);
        }
    }

    fn length(&self, at: usize) -> Option<i32> {
        self.buffer.get(at..)?.first_chunk().map(|length| i32::from_be_bytes(*length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutter(kept: usize) -> Cutter {
        Cutter::new(&Kept::new(kept), 1000)
    }

    fn frame(length: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).unwrap().to_be_bytes().to_vec();
        bytes.resize(LENGTH + length, 7);
        bytes
    }

    fn step(cutter: &mut Cutter) -> Step {
        cutter.step(|length| length >= 0)
    }

    #[test]
    fn whole_frames_come_together_and_the_rest_waits() {
        let mut cutter = cutter(1 << 20);
        cutter.room().extend_from_slice(&[frame(10), frame(0), frame(20)].concat()[..30]);
        let Step::Frames { bytes, passed: 0 } = step(&mut cutter) else { panic!() };
        assert_eq!(bytes, [frame(10), frame(0)].concat());
        assert!(matches!(step(&mut cutter), Step::More));
        cutter.room().extend_from_slice(&frame(20)[12..]);
        assert!(matches!(step(&mut cutter), Step::Frames { bytes, .. } if bytes == frame(20)));
    }

    #[test]
    fn a_long_frame_comes_through_in_pieces_and_the_next_is_a_frame_again() {
        let mut cutter = cutter(1 << 20);
        cutter.room().extend_from_slice(&frame(5000)[..2000]);
        assert!(matches!(step(&mut cutter), Step::More), "its header is not there yet");
        cutter.room().extend_from_slice(&[&frame(5000)[2000..], &frame(3)].concat());
        assert!(matches!(step(&mut cutter), Step::Unkept { length: 5000, passed: 0, reason: Unread::TooLong, .. }));
        let Step::Through(bytes) = step(&mut cutter) else { panic!() };
        assert_eq!(bytes, frame(5000));
        assert!(matches!(step(&mut cutter), Step::Frames { bytes, .. } if bytes == frame(3)));
    }

    #[test]
    fn what_went_on_already_does_not_come_again() {
        let mut cutter = Cutter::new(&Kept::new(1 << 20), 1 << 20);
        cutter.room().extend_from_slice(&frame(LONG)[..HEADER + 100]);
        assert!(matches!(step(&mut cutter), Step::More) && cutter.partial().is_some() && !cutter.within());
        assert_eq!(cutter.pass().len(), HEADER + 100);
        cutter.room().extend_from_slice(&frame(LONG)[HEADER + 100..]);
        assert!(cutter.within());
        assert!(matches!(step(&mut cutter), Step::Frames { passed, bytes } if passed == HEADER + 100 && bytes == frame(LONG)));
        assert!(!cutter.within());
    }

    #[test]
    fn the_next_long_frame_takes_the_room_of_the_last() {
        let kept = Kept::new(64 << 20);
        let mut cutter = Cutter::new(&kept, 8 << 20);
        let mut held = Vec::new();
        for _ in 0..5 {
            for piece in frame(3 << 20).chunks(100_000) {
                cutter.room().extend_from_slice(piece);
                cutter.read(piece.len());
            }
            assert!(matches!(step(&mut cutter), Step::Frames { .. }));
            held.push(kept.bytes());
        }
        assert!(held.iter().all(|bytes| *bytes == held[0]) && held[0] <= 6 << 20, "{held:?}");
    }

    #[test]
    fn an_impossible_length_comes_after_what_was_before_it() {
        let mut cutter = cutter(1 << 20);
        cutter.room().extend_from_slice(&[&frame(1)[..], b"\x80\0\0\0rest"].concat());
        assert!(matches!(step(&mut cutter), Step::Frames { .. }));
        assert!(matches!(step(&mut cutter), Step::Impossible { length: i32::MIN, start } if start == b"\x80\0\0\0rest"[..]));
    }
}
